// The booking wizard: one page, three columns. Only trusted clicks choose a day, a slot, or submit.
import { get, post } from "/static/api.js";
import { called, challenge, dialog, h, said, spinner, toast, trusted } from "/static/dom.js";
import { contactForm } from "/static/pages/contact.js";
import { badge } from "/static/pages/showings.js";
import { addMonths, minuteOf, monthTitle, sayDay, sayRange, sayTime, sheet } from "/static/days.js";

const DURATIONS = [15, 30, 45, 60];

export async function wizard(context) {
  const { view, id, signal } = context;
  const one = await get(`/listing/${id}/booking`, { signal });
  if (one.scenarios.contact_form) await contactForm(context, one);
  if (one.scenarios.live_blocked) return;
  view.replaceChildren();
  new Wizard(context, one).open();
}

// The same three steps, to move a showing: its answer is `one.original`.
export async function moveShowing(context, one) {
  if (one.scenarios.live_blocked) return;
  context.view.replaceChildren();
  new Wizard(context, one).open();
}

const originalShowing = (one) =>
  h("section.card.original-showing", {},
    h("h2", {}, "Original Showing"),
    h("span.date", {}, sayDay(one.date)), h("span.time", {}, sayRange(one.time, one.minutes)), h("span.duration", {}, `${one.minutes} min`), badge(one.status));

class Wizard {
  constructor(context, one) {
    this.context = context;
    this.one = one;
    this.original = one.original;
    this.can = one.scenarios;
    this.day = one.original && one.original.date >= one.today ? one.original.date : one.today;
    this.month = this.day;
    this.slots = [];
    this.time = null;
    this.minutes = null;
    this.popover = null;
    this.sending = false;
    this.asked = 0;
    this.knowsDays = !context.me.scenarios.parts_late;
  }

  open() {
    const { one } = this;
    const confirmsAtOnce = one.autoConfirm && !this.original;
    this.label = said(confirmsAtOnce ? "AUTO-CONFIRM" : "Book Showing");
    this.submitButton = h(`button.btn.submit-showing${confirmsAtOnce ? ".auto-confirm" : ".approval"}`, { type: "button", disabled: true, onclick: trusted(() => this.submit()) }, this.label);
    this.calendar = h("div.datepicker-booking");
    this.zone = h("div.time-zone-line");
    this.caption = h("div.auto-caption");
    this.list = h("div.timeslots");
    this.context.view.append(
      h("div.wizard-bar", {},
        h("div.wizard-title", {}, h("span.wizard-address", {}, one.address), h("span.crumb", {}, " › "), h("span", {}, this.original ? "Reschedule Showing" : "Book Showing")),
        h("div.page-buttons", {}, h("button.btn.btn-default", { type: "button", onclick: () => this.leave() }, "Cancel"), this.submitButton)),
      ...(this.original ? [originalShowing(this.original)] : []),
      h("div.wizard-columns", {},
        this.profile(),
        h("section.card.step-date", {}, h("h2", {}, h("span.step", {}, "2"), "Select Date"), this.calendar),
        h("section.card.step-time", {}, h("h2", {}, h("span.step", {}, "3"), "Select Time"), this.zone, this.caption, this.list)),
    );
    if (this.can.rerender_drops_selection) this.dropOnScroll();
    this.drawCalendar();
    this.load();
    this.listen();
    if (!this.knowsDays) this.learnDays();
  }

  async learnDays() {
    await get("/me/notifications", { signal: this.context.signal });
    this.knowsDays = true;
    this.drawCalendar();
  }

  // The site tells when somebody else books or blocks; a chosen slot that is gone by then is dropped.
  listen() {
    const live = new EventSource(`/live/slots?listing=${this.one._id}`);
    this.hears = new Promise((opened) => (live.onopen = opened));
    live.onmessage = () => this.refresh();
    this.context.signal.addEventListener("abort", () => live.close(), { once: true });
  }

  profile() {
    const { me } = this.context;
    this.type = h("select", { name: "showingType" }, ["Buyer/Broker", "Buyer Visit", "Broker Preview", "Inspection"].map((text) => h("option", { value: text }, text)));
    this.instruction = h("select", { name: "sendInstructionBy" }, h("option", { value: "Email" }, `Email: ${me.email}`), h("option", { value: "Phone" }, "Phone call"));
    this.note = h("textarea", { name: "note", rows: "3", placeholder: "Note to the listing side", hidden: true });
    const field = (label, control) => h("label.field", {}, h("span", {}, label), control);
    return h(
      "section.card.step-profile", {},
      h("h2", {}, h("span.step", {}, "1"), "Your Profile"),
      h("div.profile", {}, h("div.avatar.big", {}, me.initials), h("div", {}, h("strong", {}, me.name), h("div", {}, me.brokerage), h("div.hint", {}, me.office))),
      field("Send Instruction By", this.instruction),
      field("Showing Type", this.type),
      h("button.btn.btn-link", { type: "button", onclick: () => (this.note.hidden = !this.note.hidden) }, "+ Add Note"),
      this.note,
      field("Invite Buyers", h("input", { type: "search", placeholder: "Search your clients" })),
    );
  }

  drawCalendar() {
    const chevron = (side, step) => h(`span.chevron.fa.fa-chevron-${side}`, { role: "button", "aria-label": side === "left" ? "Previous month" : "Next month", onclick: trusted(() => { this.month = addMonths(this.month, step); this.drawCalendar(); }) });
    const cell = (day) => {
      const past = !this.knowsDays || day < this.one.today;
      const number = h(`div.datenumber${day === this.day ? ".day-selected" : ""}`, {}, String(Number(day.slice(8))));
      // Nothing in the markup tells a neighbour month's day from this month's, only its paler look.
      if (day.slice(0, 7) !== this.month.slice(0, 7)) number.style.opacity = "0.4";
      return h(`div.datecontainer${past ? ".no-hover" : ""}`, past ? {} : { onclick: trusted(() => this.choose(day)) }, number);
    };
    this.calendar.replaceChildren(
      h("div.datehead", {}, chevron("left", -1), h("span.datetitle", {}, monthTitle(this.month)), chevron("right", 1)),
      h("div.dateweek", {}, ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"].map((name) => h("div.dayname", {}, name))),
      h("div.datecells", {}, sheet(this.month).map(cell)),
    );
  }

  choose(day) {
    this.day = day;
    this.month = day;
    this.drawCalendar();
    this.load();
  }

  async load() {
    const mine = ++this.asked;
    this.unselect();
    this.list.replaceChildren(spinner());
    try {
      const found = await this.fetchSlots();
      if (mine !== this.asked) return;
      this.slots = found.slots;
      this.zone.textContent = `Times are in the listing's time zone (${found.zone})`;
      this.drawSlots();
      this.scrollToFirst();
    } catch (problem) {
      if (mine === this.asked && !this.context.signal.aborted) this.list.replaceChildren(h("div.hint", {}, problem.message));
    }
  }

  fetchSlots() {
    const moving = this.original ? `&moving=${this.original._id}` : "";
    return get(`/listing/${this.one._id}/slots?date=${this.day}${moving}`, { signal: this.context.signal });
  }

  async refresh() {
    const mine = this.asked;
    const found = await this.fetchSlots().catch(() => null);
    if (!found || mine !== this.asked || this.sending) return;
    this.slots = found.slots;
    if (this.time !== null && !this.fitting(this.time).includes(this.minutes)) this.unselect();
    this.drawSlots();
  }

  drawSlots() {
    const from = this.time === null ? -1 : minuteOf(this.time);
    const until = from + (this.minutes ?? 0);
    const blocks = [];
    for (const slot of this.slots) {
      const at = minuteOf(slot.time);
      if (at === from) blocks.push(h("div.timeslot.timeslot-selected", { onclick: trusted(() => this.openPopover()) }, sayRange(this.time, this.minutes)));
      if (from >= 0 && at >= from && at < until) continue;
      const state = { open: "", unavailable: ".timeslot-unavailable", past: ".timeslot-p" }[slot.state];
      blocks.push(h(`div.timeslot${state}`, slot.state === "open" ? { onclick: trusted(() => this.pick(slot.time)) } : {}, sayTime(at)));
    }
    const top = this.list.scrollTop;
    this.list.replaceChildren(...blocks);
    this.list.scrollTop = top;
    this.caption.textContent = this.one.autoConfirm && this.time !== null ? "AUTO-CONFIRM TIME SELECTED" : "";
    this.ready();
  }

  scrollToFirst() {
    const first = this.list.querySelector(called(".timeslot:not(.timeslot-unavailable):not(.timeslot-p)"));
    this.list.scrollTop = first ? first.offsetTop : 0;
  }

  pick(time) {
    this.closePopover();
    this.time = time;
    this.minutes = this.fitting(time).at(-1);
    this.drawSlots();
    this.openPopover();
    if (this.can.slot_taken_while_chosen) this.tellChoice();
  }

  // What the local site's scenario needs to know in order to give the slot to somebody else right now.
  async tellChoice() {
    const choice = new URLSearchParams({ listing: this.one._id, date: this.day, time: this.time, duration: this.minutes });
    await this.hears;
    get(`/live/chosen?${choice}`, { signal: this.context.signal }).catch(() => {});
  }

  // What fits before the next slot that is taken, never above the listing's own maximum.
  fitting(time) {
    const free = new Set(this.slots.filter((slot) => slot.state === "open").map((slot) => minuteOf(slot.time)));
    let length = 0;
    while (free.has(minuteOf(time) + length)) length += 15;
    return DURATIONS.filter((minutes) => minutes <= Math.min(length, this.one.maxMinutes));
  }

  openPopover() {
    this.closePopover();
    const most = this.one.maxMinutes;
    const radio = (minutes) =>
      h("label.ant-radio-wrapper", {},
        h("input", { type: "radio", name: "duration", value: String(minutes), checked: minutes === this.minutes, onchange: () => { this.minutes = minutes; this.drawSlots(); this.place(); } }),
        h("span", {}, minutes === 60 ? "1 hr" : `${minutes} min`));
    this.popover = h(
      "div.ant-popover", { role: "tooltip" },
      h("div.ant-popover-title", {}, most === 60 ? "Duration (max 1 hr)" : `Duration (max ${most} min )`),
      h("div.ant-popover-inner-content", {}, this.fitting(this.time).map(radio), h("button.btn.btn-primary", { type: "button", onclick: () => this.closePopover() }, "Done")),
    );
    document.body.append(this.popover);
    this.place();
    this.context.signal.addEventListener("abort", () => this.closePopover(), { once: true });
  }

  place() {
    const block = this.list.querySelector(called(".timeslot-selected"));
    if (!this.popover || !block) return;
    const box = block.getBoundingClientRect();
    this.popover.style.left = `${Math.max(8, box.left - this.popover.offsetWidth - 12) + scrollX}px`;
    this.popover.style.top = `${Math.max(8, box.top + box.height / 2 - this.popover.offsetHeight / 2) + scrollY}px`;
  }

  closePopover() {
    this.popover?.remove();
    this.popover = null;
  }

  unselect() {
    this.closePopover();
    this.time = this.minutes = null;
    this.caption.textContent = "";
    this.ready();
  }

  dropOnScroll() {
    document.body.classList.add("tall");
    this.context.signal.addEventListener("abort", () => document.body.classList.remove("tall"), { once: true });
    const drop = () => {
      if (this.time === null) return;
      removeEventListener("scroll", drop);
      this.unselect();
      this.drawSlots();
    };
    addEventListener("scroll", drop, { signal: this.context.signal });
  }

  ready() {
    this.submitButton.disabled = this.time === null || this.sending || Boolean(this.can.submit_stays_disabled);
  }

  async submit() {
    if (this.popover && this.can.popover_eats_click) return this.closePopover();
    this.closePopover();
    if (this.can.terms_dialog && !(await dialog("Terms of showing", "I agree to the listing brokerage's showing terms.", "Agree"))) return;
    this.sending = true;
    this.submitButton.replaceChildren(spinner());
    this.ready();
    if (this.can.recaptcha_blocked) return;
    try {
      const first = this.send();
      if (this.can.double_post) this.send().catch(() => {});
      this.answered(await first);
    } catch (problem) {
      if (problem.status !== 401) toast("error", problem.message, 5);
      if (problem.status === 409) this.load();
    } finally {
      this.sending = false;
      this.submitButton.replaceChildren(this.label);
      this.ready();
    }
  }

  send() {
    const when = { date: this.day, time: this.time, duration: this.minutes };
    if (this.original) return post(`/appointment/${this.original._id}/time_change`, when);
    const profile = { showingType: this.type.value, sendInstructionBy: this.instruction.value, note: this.note.value };
    return post(`/listing/${this.one._id}/appointment`, { ...when, ...profile });
  }

  answered(answer) {
    if (answer.showChallenge) return challenge();
    const seconds = this.can.short_toast ? (this.can.short_toast.seconds ?? 0.2) : 3;
    if (!this.can.no_toast) toast("success", this.original ? "Showing rescheduled" : "Showing booked", seconds);
    this.leave();
    this.context.refreshBell().catch(() => {});
  }

  leave() {
    location.hash = this.original ? `#/my_business/showing/${this.original._id}` : `#/listing/${this.one._id}/view`;
  }
}
