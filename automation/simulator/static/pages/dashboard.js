import { get } from "/static/api.js";
import { h } from "/static/dom.js";
import { sayDay, sayRange } from "/static/days.js";

export async function dashboard({ view, me }) {
  const { showings } = await get("/my/showings?page=1");
  const card = (title, ...content) => h("section.card", {}, h("h2", {}, title), ...content);
  const empty = (text) => h("p.hint", {}, text);
  view.replaceChildren(
    h("div.page-head", {},
      h("div", {}, h("h1", {}, `${me.name}'s Dashboard`)),
      h("div.page-buttons", {}, ["View Live Concierge", "Create Listing", "Merge/Combine Listing"].map((text) => h("button.btn.btn-default", { type: "button" }, text)))),
    h("div.cards", {},
      card("Listings", empty("You have no listings yet.")),
      card("Showings",
        h("div.search-tabs", {}, h("span.active", {}, "Buyer"), h("span", {}, "Listing")),
        showings.length
          ? showings.slice(0, 4).map((one) => h("div.dash-showing", {}, h("strong", {}, one.listing.address), ` ${sayDay(one.date)}, ${sayRange(one.time, one.minutes)} · ${one.status}`))
          : empty("No showings yet. Find a listing to book one.")),
      card("Tasks", empty("No tasks yet")),
      card("Contacts", empty("Clients · Suppliers · My Brokerage"))),
  );
}
