// What a new version of the real site may bring overnight: other words on the buttons, other class names.
const SOFT = {
  "AUTO-CONFIRM": "Auto-Confirm", "Book Showing": "Book showing", "Request Showing": "Request showing",
  "Reschedule Showing": "Reschedule showing", "✕ Cancel": "Cancel", "Reschedule": "Change time", "Cancel Showing": "Cancel showing",
  "Original Showing": "Original showing", "Select a reason": "Select reason", "No showings": "No showings yet",
};
const HARD = {
  "AUTO-CONFIRM": "Send", "Book Showing": "Plan a visit", "Request Showing": "Ask for a visit", "Reschedule Showing": "Move a visit",
  "✕ Cancel": "Withdraw", "Reschedule": "Move", "Cancel Showing": "Withdraw the visit", "Original Showing": "Your visit",
  "Reason for cancelling": "Why?", "Select a reason": "…", "No showings": "Nothing planned", "Done": "Apply",
};
const CLASSES = [
  "datepicker-booking", "datecontainer", "datenumber", "datetitle", "day-selected", "no-hover", "fa-chevron-left", "fa-chevron-right",
  "timeslots", "timeslot-unavailable", "timeslot-selected", "timeslot-p", "timeslot", "wizard-title", "wizard-address", "submit-showing",
  "ant-popover-title", "ant-popover-inner-content", "ant-popover", "showing-row", "showing-panel", "status", "pagination",
];
const classes = new Map();
let words = {};

// A text, and a class or a selector made of classes, as they are called today.
export const said = (text) => words[text] ?? text;
export const called = (name) =>
  classes.size === 0 ? name : name.replace(/[A-Za-z][\w-]*/g, (one) => classes.get(one) ?? one);

export function renameAll(scenarios) {
  if (scenarios.labels_renamed) words = SOFT;
  if (scenarios.portal_changed) words = HARD;
  if (!scenarios.classes_renamed && !scenarios.portal_changed) return;
  CLASSES.forEach((name, index) => classes.set(name, `css-${(index + 46656).toString(36)}x`));
  for (const sheet of document.styleSheets) {
    for (const rule of sheet.cssRules) {
      if (rule.selectorText) rule.selectorText = rule.selectorText.replace(/\.[A-Za-z][\w-]*/g, called);
    }
  }
}
