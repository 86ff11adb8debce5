// The shell: sidebar, top bar, and the hash router.
import { bounceWhenSignedOut, get } from "/static/api.js";
import { h, spinner } from "/static/dom.js";
import { openSearch, closeSearch } from "/static/search.js";
import { brokerage } from "/static/pages/brokerage.js";
import { dashboard } from "/static/pages/dashboard.js";
import { handedOff } from "/static/pages/handoff.js";
import { listing } from "/static/pages/listing.js";
import { wizard } from "/static/pages/wizard.js";
import { showings } from "/static/pages/showings.js";
import { showing } from "/static/pages/showing.js";
import { timeChange } from "/static/pages/time_change.js";
import { icon } from "/static/icons.js";
import { noise } from "/static/noise.js";
import { renameAll } from "/static/renames.js";

const ROUTES = [
  [/^#\/listing\/list\/brokerage/, brokerage],
  [/^#\/listing\/([0-9a-f]{24})\/appointments\/book/, wizard],
  [/^#\/listing\/[0-9a-f]{24}\/appointments\/([0-9a-f]{24})\/time_change/, timeChange],
  [/^#\/listing\/([0-9a-f]{24})\/view/, listing],
  [/^#\/rets\/(v3--[\w-]+)\/appointments\/book/, handedOff],
  [/^#\/my_business\/showings\/buyer/, showings],
  [/^#\/my_business\/showing\/([0-9a-f]{24})/, showing],
  [/^#\/my_business/, dashboard],
];
const MENU = [
  ["brokerage", "Brokerage", "#/listing/list/brokerage"],
  ["dashboard", "Dashboard", "#/my_business"],
  ["lockbox", "Lockboxes"],
  ["activities", "My Activities"],
  ["showings", "Showings", "#/my_business/showings/buyer"],
  ["favorites", "My Favorites"],
  ["analytics", "Analytics"],
  ["contacts", "Contacts"],
];

const me = await get("/me").catch(() => null);
const view = h("main.content", { "ui-view": "" });
let leave = null;
let here = location.hash;
const late = me?.scenarios.slow_render;
const drawn = () => late && new Promise((done) => setTimeout(done, 1000 * (late.seconds ?? 2)));

export async function refreshBell() {
  const bell = document.querySelector(".bell .count");
  if (!bell) return; // in a frame there is none
  const { notifications } = await get("/me/notifications");
  bell.textContent = notifications;
  bell.hidden = notifications === 0;
}

async function go() {
  // An open modal blocks the router: the address goes back to where the page still is.
  if (document.querySelector(".ant-modal-root")) {
    history.replaceState(null, "", here);
    return;
  }
  here = location.hash;
  closeSearch();
  leave?.abort();
  leave = new AbortController();
  const found = ROUTES.map(([pattern, page]) => [pattern.exec(location.hash), page]).find(([match]) => match);
  if (!found) {
    location.replace("#/listing/list/brokerage");
    return;
  }
  const [match, page] = found;
  for (const item of document.querySelectorAll(".sidebar a")) {
    item.classList.toggle("active", item.getAttribute("href") === location.hash);
  }
  const context = { me, view, signal: leave.signal, refreshBell, id: match[1] };
  view.replaceChildren(late ? "" : h("div.page-loading", {}, spinner()));
  await drawn();
  if (context.signal.aborted) return;
  try {
    await page(context);
  } catch (problem) {
    if (!context.signal.aborted) view.replaceChildren(h("div.page-error", {}, problem.message));
  }
}

function shell() {
  const field = h("input.top-search", {
    id: "vendor-search-handler", name: "vendor-search-handler", type: "text", autocomplete: "off",
    placeholder: "Search listings or agents… (Shift + Enter)",
    onclick: () => openSearch(me, ""),
    oninput: () => {
      openSearch(me, field.value);
      field.value = "";
    },
  });
  addEventListener("keydown", (event) => event.shiftKey && event.key === "Enter" && openSearch(me, ""));
  const help = h("div.help-menu", { hidden: true }, ["Platform Status", "Training Webinars", "Help Center", "Contact Us"].map((text) => h("div", {}, text)));
  addEventListener("click", (event) => {
    if (!event.target.closest(".help-menu, [aria-label=Help]")) help.hidden = true;
  });
  document.querySelector("#app").append(
    h("aside.sidebar", {},
      h("div.sidebar-logo", {}, me.brokerage.split(" ").map((word) => word[0]).join("").slice(0, 2)),
      h("nav", {}, MENU.map(([sign, text, href]) => h("a", href ? { href } : {}, h("span.sign", {}, icon(sign)), text))),
      h("div.collapse", {}, "« Collapse Menu")),
    h("header.topbar", {},
      h("div.search-box", { "data-cy": "open-search-button" }, h("span.glass", {}, icon("search", 18)), field),
      h("div.top-actions", {},
        h("button.icon", { type: "button", "aria-label": "Help", onclick: () => (help.hidden = !help.hidden) }, icon("help", 22)),
        h("button.icon", { type: "button", "aria-label": "Documents" }, icon("folder")),
        h("button.icon.bell", { type: "button", "aria-label": "Notifications" }, icon("bell"), h("span.count", { hidden: me.notifications === 0 }, String(me.notifications))),
        h("button.icon", { type: "button", "aria-label": "Messages" }, icon("chat")),
        h("form", { method: "post", action: "/auth/logout" }, h("button.avatar", { title: `${me.name} · sign out`, "aria-label": `${me.name}, sign out` }, me.initials))),
      help),
    view,
    h("div.chat-button", { id: "launcher", "aria-hidden": "true" }, icon("chat", 22)),
  );
}

if (me) {
  renameAll(me.scenarios);
  await drawn();
  if (location.pathname.startsWith("/dashboard")) document.querySelector("#app").append(h("div.framed", {}, view));
  else shell();
  noise(me.scenarios);
  if (me.scenarios.signed_out_bounces) bounceWhenSignedOut();
  addEventListener("hashchange", go);
  await go();
}
