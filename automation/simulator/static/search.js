// The search overlay under the top bar's field.
import { get } from "/static/api.js";
import { h, spinner } from "/static/dom.js";
import { icon } from "/static/icons.js";

const PAUSE = 250; // ms without a key before a search goes out
let overlay = null;
let closesItself = true;

export function closeSearch() {
  overlay?.remove();
  overlay = null;
}

export function openSearch(me, text) {
  if (overlay) return;
  let waiting = null;
  let searches = 0;
  const box = h("input.search-text", { type: "text", "aria-label": "Search", autocomplete: "off", spellcheck: "false" });
  const results = h("div.search-results");
  const hint = () => results.replaceChildren(h("div.search-hint", {}, h("span.glass", {}, icon("search", 44)), "Search for an address or enter an MLS #"));

  async function run() {
    clearTimeout(waiting);
    const mine = ++searches;
    if (!box.value.trim()) return hint();
    if (!me.scenarios.parts_late) results.replaceChildren(h("div.search-hint", {}, spinner()));
    const rows = await get(`/search/listings?input=${encodeURIComponent(box.value)}&crossOrg=true`).catch(() => []);
    if (me.scenarios.parts_late) await get("/me/notifications");
    if (mine !== searches) return;
    if (me.scenarios.overlay_closes && closesItself) {
      closesItself = false;
      document.querySelector("main.content").replaceChildren();
      return closeSearch();
    }
    if (rows.length) results.replaceChildren(table(rows));
    else hint();
  }

  box.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(run, PAUSE);
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter") run();
    if (event.key === "Escape") closeSearch();
  });
  overlay = h(
    "div.search-overlay", {},
    h("div.search-panel", {},
      h("div.search-bar", {},
        h("select.search-scope", { "aria-label": "Scope" }, h("option", {}, "Across MLS(s)"), h("option", {}, "My Brokerage")),
        box,
        h("button.search-clear", { type: "button", "aria-label": "Clear", onclick: () => { box.value = ""; run(); box.focus(); } }, "×"),
        h("button.search-close", { type: "button", onclick: closeSearch }, "Close")),
      h("div.search-tabs", { role: "tablist" }, h("span.active", { role: "tab" }, "Listings"), h("span", { role: "tab" }, "Agents")),
      results),
  );
  document.body.append(overlay);
  hint();
  box.value = text;
  box.focus();
  if (text) waiting = setTimeout(run, PAUSE);
}

function table(rows) {
  return h(
    "table.search-table.table", {},
    h("thead", {}, h("tr", {}, ["", "Listing", "Price", "On market", "Brokerage", "Agent", ""].map((title) => h("th", {}, title)))),
    h("tbody", {}, rows.map(row)),
  );
}

function row(one) {
  const to = (route) => (event) => {
    event.stopPropagation();
    closeSearch();
    location.hash = route;
  };
  // No blanks between the parts of a cell: read as text, they are glued together, as on the real site.
  return h(
    "tr.ng-scope", { onclick: to(`#/listing/${one._id}/view`) },
    h("td.thumb", {}, h("img", { src: one.photo, alt: "" })),
    h("td.what", {},
      h("div.tags", {}, one.badge && h("span.badge", {}, one.badge), h("span.mls", {}, one.mls)),
      h("strong.address", {}, one.rowAddress),
      h("span.city", {}, one.cityLine)),
    h("td.price", {}, one.price),
    h("td.days", {}, h("span.clock", {}, icon("activities", 14)), `${one.days} d`),
    h("td.brokerage", {}, one.brokerage),
    h("td.agents", {}, one.agents.map((name) => h("div", {}, name))),
    h("td.buttons", {},
      one.bookable && h("button.btn.btn-primary", { type: "button", onclick: to(`#/listing/${one._id}/appointments/book`) }, one.autoConfirm ? "Book Showing" : "Request Showing"),
      h("button.btn.btn-default", { type: "button", onclick: (event) => event.stopPropagation() }, "Add to tour"),
      h("button.more", { type: "button", "aria-label": "More", onclick: (event) => event.stopPropagation() }, "⋮")),
  );
}
