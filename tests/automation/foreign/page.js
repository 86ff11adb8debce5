"use strict";
const view = document.getElementById("view"), layers = document.getElementById("layers");
const over = document.getElementById("over"), box = document.getElementById("box"), hits = document.getElementById("hits");
const MONTHS = "January February March April May June July August September October November December".split(" ");
const make = (tag, attributes = {}, ...inside) => {
  const one = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    name.startsWith("on") ? one.addEventListener(name.slice(2), value) : one.setAttribute(name, value);
  one.append(...inside);
  return one;
};
const press = (label, act, more = {}) => make("span", {class: "press", role: "button", tabindex: "0", onclick: event => {
  if (event.isTrusted && event.currentTarget.getAttribute("aria-disabled") !== "true") act(event);
}, ...more}, label);
const ask = async (path, options) => {
  const answer = await fetch(path, options);
  return {ok: answer.ok, status: answer.status, body: answer.status === 204 ? null : await answer.json()};
};
const clock = text => {
  const [hour, minute] = text.split(":").map(Number);
  return `${hour % 12 || 12}:${String(minute).padStart(2, "0")} ${hour < 12 ? "AM" : "PM"}`;
};
const later = (text, minutes) => {
  const [hour, minute] = text.split(":").map(Number), total = hour * 60 + minute + minutes;
  return `${String(Math.floor(total / 60) % 24).padStart(2, "0")}:${String(total % 60).padStart(2, "0")}`;
};
const ordinal = day => day + (day % 10 === 1 && day !== 11 ? "st" : day % 10 === 2 && day !== 12 ? "nd"
  : day % 10 === 3 && day !== 13 ? "rd" : "th");
const spoken = iso => { const [, month, day] = iso.split("-").map(Number); return `${MONTHS[month - 1]} ${ordinal(day)}`; };
const toast = text => {
  const one = make("div", {class: "ant-message", role: "status", style: "position:fixed;top:8px;left:45%;background:#fff"}, text);
  document.body.append(one);
  setTimeout(() => one.remove(), 3000);
};
document.addEventListener("click", () => navigator.sendBeacon("/telemetry/collect", "{}"));

// Search
document.getElementById("finder").addEventListener("click", () => {
  over.hidden = false;
  hits.replaceChildren(make("p", {}, "Search for an address or enter an MLS #"));
  box.focus();
});
document.getElementById("shut").addEventListener("click", () => { over.hidden = true; });
let turn = 0;
const look = async () => {
  const mine = ++turn;
  const found = await ask(`/search/listings?input=${encodeURIComponent(box.value)}&crossOrg=true`);
  if (mine !== turn) return;
  if (!found.body.length) { hits.replaceChildren(make("p", {}, "Search for an address or enter an MLS #")); return; }
  hits.replaceChildren(...found.body.map(home => make("div", {class: "hit", role: "row", onclick: () => go(`listing/${home.id}/view`)},
    make("span", {}, "New"),
    make("div", {}, make("small", {}, home.mls), make("b", {}, home.rowAddress), make("span", {}, home.place)),
    make("span", {}, home.price),
    make("div", {},
      ...(home.open ? [press(home.automatic ? "Book Showing" : "Request Showing", event => {
        event.stopPropagation(); go(`listing/${home.id}/appointments/book`);
      })] : []),
      press("Add to tour", event => event.stopPropagation())))));
};
let typing;
box.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(look, 300); });
box.addEventListener("keydown", event => { if (event.key === "Enter") { clearTimeout(typing); look(); } });
const go = route => { over.hidden = true; location.hash = `#/${route}`; };

// A listing
const listing = async id => {
  const {ok, body: home} = await ask(`/api/home/${id}`);
  if (!ok) { view.replaceChildren(make("p", {}, "Listing not found")); return; }
  view.replaceChildren(
    make("h1", {}, home.address), make("p", {}, home.place), make("p", {}, `MLS # ${home.mls.split(": ")[1]}`),
    press("+ Add to Tour", () => {}),
    ...(home.open ? [press("Book Showing", () => go(`listing/${id}/appointments/book`))] : [make("p", {}, "No More Showings")]),
    press("Register Offer", () => {}));
};

// The wizard, for a new showing and for the new time of an old one
const wizard = async (id, visit) => {
  const {body: home} = await ask(`/api/home/${id}`);
  const today = new Date();
  const state = {year: today.getFullYear(), month: today.getMonth(), day: null, at: null, minutes: null};
  const submit = press(visit || !home.automatic ? "Book Showing" : "AUTO-CONFIRM", async () => {
    submit.setAttribute("aria-disabled", "true");
    const body = JSON.stringify({day: state.day, at: state.at, minutes: state.minutes});
    const [path, method] = visit ? [`/api/visit/${visit}`, "PATCH"] : [`/api/home/${id}/appointment`, "POST"];
    const answer = await ask(path, {method, body, headers: {"content-type": "application/json"}});
    if (!answer.ok) { toast(answer.body.message); return; }
    toast("Showing booked");
    go(visit ? `my_business/showing/${visit}` : `listing/${id}/view`);
  }, {"aria-disabled": "true"});
  const sheet = make("div", {class: "datepicker-booking"}), slots = make("div", {class: "slots"});
  const ready = () => submit.setAttribute("aria-disabled", String(!(state.day && state.at && state.minutes)));
  const month = () => {
    const first = new Date(state.year, state.month, 1), cells = [];
    for (let n = 0; n < 42; n++) {
      const day = new Date(state.year, state.month, 1 - first.getDay() + n);
      const past = day < new Date(today.getFullYear(), today.getMonth(), today.getDate());
      const iso = `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, "0")}-${String(day.getDate()).padStart(2, "0")}`;
      cells.push(make("div", {class: `datecontainer${past ? " no-hover" : ""}`, onclick: event => {
        if (!event.isTrusted || past) return;
        state.day = iso; state.at = state.minutes = null; month(); draw();
      }}, make("span", {class: `datenumber${state.day === iso ? " day-selected" : ""}`}, String(day.getDate()))));
    }
    sheet.replaceChildren(
      make("i", {class: "fa fa-chevron-left", onclick: () => { if (--state.month < 0) { state.month = 11; state.year--; } month(); }}, "‹"),
      make("span", {}, ` ${state.year} ${MONTHS[state.month]} `),
      make("i", {class: "fa fa-chevron-right", onclick: () => { if (++state.month > 11) { state.month = 0; state.year++; } month(); }}, "›"),
      make("div", {class: "sheet"}, ...cells));
    ready();
  };
  const draw = async () => {
    layers.replaceChildren();
    const {body: times} = await ask(`/api/home/${id}/times?day=${state.day}`);
    slots.replaceChildren(...times.map((slot, index) => make("div", {
      class: `timeslot${slot.gone ? " timeslot-p" : slot.taken ? " timeslot-unavailable" : ""}`,
      onclick: event => { if (event.isTrusted && !slot.gone && !slot.taken) choose(times, index); },
    }, clock(slot.at))));
    ready();
  };
  const show = () => {
    for (const one of slots.children) if (one.classList.contains("timeslot-selected")) {
      one.textContent = `${clock(state.at)} - ${clock(later(state.at, state.minutes))}`;
    }
  };
  const choose = async (times, index) => {
    await draw();
    state.at = times[index].at; state.minutes = home.longest;
    slots.children[index].className = "timeslot timeslot-selected";
    show(); ready();
    layers.replaceChildren(make("div", {class: "bubble", role: "tooltip"},
      make("p", {}, `Duration (max ${home.longest === 60 ? "1 hr" : `${home.longest} min `})`),
      ...[15, 30, 45, 60].filter(minutes => minutes <= home.longest).map(minutes => {
        const radio = make("input", {type: "radio", name: "duration", value: String(minutes), onchange: () => { state.minutes = minutes; show(); }});
        radio.checked = minutes === state.minutes;
        return make("label", {}, radio, minutes === 60 ? "1 hr" : `${minutes} min`);
      }),
      make("button", {onclick: () => layers.replaceChildren()}, "Done")));
  };
  const original = visit ? (await ask(`/api/visit/${visit}`)).body : null;
  view.replaceChildren(
    make("div", {class: "top"}, make("h2", {}, home.address, make("span", {}, " › "), visit ? "Reschedule Showing" : "Book Showing"), submit, press("Cancel", () => history.back())),
    ...(original ? [make("fieldset", {}, make("legend", {}, "Original showing"),
      `${spoken(original.day)} ${clock(original.at)}`)] : []),
    make("p", {}, make("select", {name: "showingType"}, make("option", {}, "Buyer/Broker"))),
    sheet, make("p", {}, "Times are in the listing's time zone EST"), slots);
  month();
  const now = new Date();
  state.day = `${now.getFullYear()}-${String(now.getMonth() + 1).padStart(2, "0")}-${String(now.getDate()).padStart(2, "0")}`;
  month(); draw();
};

// The account's showings: cards in pages
const mine = async page => {
  const {body} = await ask(`/api/mine?page=${page}`);
  if (!body.rows.length) { view.replaceChildren(make("h2", {}, "Showings"), make("p", {}, "No showings yet")); return; }
  view.replaceChildren(make("h2", {}, "Showings"),
    make("div", {role: "list"}, ...body.rows.map(one => make("div", {class: "card", role: "listitem", onclick: () => go(`my_business/showing/${one.id}`)},
      make("span", {}, "▣"), make("div", {}, make("strong", {}, one.home.address), make("div", {}, one.home.place)),
      make("div", {}, make("div", {}, `${spoken(one.day)}`), make("div", {}, `${clock(one.at)} (${one.minutes} min)`)),
      make("span", {class: "pill"}, one.badge)))),
    make("ul", {class: "pagination"}, ...Array.from({length: body.pages}, (_, n) => make("li", {class: n + 1 === page ? "active" : ""},
      make("a", {href: "javascript:void 0", onclick: () => mine(n + 1)}, String(n + 1))))));
};

// One showing
const showing = async id => {
  const {ok, body: one} = await ask(`/api/visit/${id}`);
  if (!ok) { view.replaceChildren(make("p", {}, "Not found")); return; }
  const live = !["Cancelled", "Declined"].includes(one.badge);
  view.replaceChildren(
    make("aside", {}, make("h3", {}, one.home.address), make("p", {}, one.home.place), make("span", {class: "pill"}, one.badge),
      make("dl", {}, make("dt", {}, "Date"), make("dd", {}, `${spoken(one.day)}`), make("dt", {}, "Time"),
        make("dd", {}, `${clock(one.at)} - ${clock(later(one.at, one.minutes))}`), make("dt", {}, "Duration"), make("dd", {}, `${one.minutes} min`)),
      ...(live ? [press("✕ Cancel", () => cancelling(one))] : []),
      ...(live && one.badge === "Confirmed" ? [press("Reschedule", () => go(`listing/${one.home.id}/appointments/${one.id}/time_change`))] : [])));
};
const cancelling = one => {
  let reason = "";
  const chosen = make("span", {class: "ant-select-selection-item"}, "Select a reason");
  const sure = press("Cancel Showing", async () => {
    const answer = await ask(`/api/visit/${one.id}`, {method: "DELETE", body: JSON.stringify({reason}), headers: {"content-type": "application/json"}});
    layers.replaceChildren();
    if (answer.ok) toast("Showing Cancelled");
    showing(one.id);
  }, {"aria-disabled": "true"});
  const list = () => {
    const options = ["Client is no longer interested", "Client's schedule changed", "Other"];
    const drop = make("div", {class: "ant-select-dropdown", role: "listbox"}, ...options.map(text =>
      make("div", {class: "ant-select-item-option", role: "option", onclick: event => {
        if (!event.isTrusted) return;
        reason = text; chosen.textContent = text; drop.remove(); sure.setAttribute("aria-disabled", "false");
      }}, text)));
    layers.append(drop);
  };
  layers.replaceChildren(make("div", {class: "window", role: "dialog", "aria-modal": "true"},
    make("p", {}, "Are you sure that you want to cancel this showing?"),
    make("p", {}, "Reason for cancelling"),
    make("div", {class: "ant-select", role: "combobox", "aria-label": "Reason for cancelling", tabindex: "0", onclick: list}, chosen),
    press("Back", () => layers.replaceChildren()), sure));
};

const route = () => {
  layers.replaceChildren();
  const path = location.hash.replace(/^#\//, "");
  let found;
  if ((found = /^listing\/(\w+)\/view/.exec(path))) return listing(found[1]);
  if ((found = /^listing\/(\w+)\/appointments\/book/.exec(path))) return wizard(found[1]);
  if ((found = /^listing\/(\w+)\/appointments\/(\w+)\/time_change/.exec(path))) return wizard(found[1], found[2]);
  if (/^my_business\/showings\/buyer/.test(path)) return mine(1);
  if ((found = /^my_business\/showing\/(\w+)/.exec(path))) return showing(found[1]);
  view.replaceChildren();
};
addEventListener("hashchange", route);
route();
