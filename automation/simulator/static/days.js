// Calendar days as "2026-11-23" and wall-clock times as "17:30", without time zones.
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const utc = (day) => new Date(`${day}T00:00:00Z`);

export const addDays = (day, count) => new Date(utc(day).getTime() + count * 86400000).toISOString().slice(0, 10);
export const addMonths = (day, count) => {
  const at = utc(`${day.slice(0, 7)}-01`);
  at.setUTCMonth(at.getUTCMonth() + count);
  return at.toISOString().slice(0, 10);
};
export const weekday = (day) => utc(day).getUTCDay();
export const monthTitle = (day) => `${day.slice(0, 4)} ${MONTHS[Number(day.slice(5, 7)) - 1]}`;
export const sayDay = (day) =>
  `${WEEKDAYS[weekday(day)].slice(0, 3)}, ${MONTHS[Number(day.slice(5, 7)) - 1].slice(0, 3)} ${Number(day.slice(8))}, ${day.slice(0, 4)}`;
export const sayLongDay = (day) =>
  `${WEEKDAYS[weekday(day)]}, ${MONTHS[Number(day.slice(5, 7)) - 1]} ${Number(day.slice(8))}, ${day.slice(0, 4)}`;

// The weeks that a month's sheet shows, Sunday first, with the neighbours' days that fill it up.
export function sheet(month) {
  const first = `${month.slice(0, 7)}-01`;
  const start = addDays(first, -weekday(first));
  const end = addDays(addMonths(first, 1), -1);
  const count = Math.ceil((weekday(first) + Number(end.slice(8))) / 7) * 7;
  return Array.from({ length: count }, (_, index) => addDays(start, index));
}

export const minuteOf = (time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
export function sayTime(minute) {
  const at = minute % 1440;
  const hour = Math.floor(at / 60);
  return `${hour % 12 || 12}:${String(at % 60).padStart(2, "0")} ${hour < 12 ? "AM" : "PM"}`;
}
export const sayRange = (time, minutes) => `${sayTime(minuteOf(time))} - ${sayTime(minuteOf(time) + minutes)}`;
