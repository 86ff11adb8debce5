import { get } from "/static/api.js";
import { h } from "/static/dom.js";
import { icon } from "/static/icons.js";

export async function listing({ me, view, id, signal }) {
  if (me.scenarios.parts_late) view.replaceChildren(h("div.page-error", {}, "Listing not found"));
  const one = await get(`/listing/${id}`, { signal });
  const book = h("button.btn.btn-primary", { type: "button", onclick: () => (location.hash = `#/listing/${id}/appointments/book`) }, "Book Showing");
  const fact = (name, value) => h("tr", {}, h("th", {}, name), h("td", {}, value));
  view.replaceChildren(
    h("div.listing-head", {},
      h("div", {},
        h("h1", {}, one.address),
        h("div.listing-place", {}, one.place),
        h("div.listing-mls", {}, one.mls)),
      h("div.listing-price", {}, h("strong", {}, one.price), h("span.deal", {}, one.deal)),
      h("div.page-buttons", {},
        h("button.btn.btn-default", { type: "button" }, "+ Add to Tour"),
        one.bookable ? !me.scenarios.parts_late && book : one.status === "Sold" && h("span.no-showings", {}, "No More Showings"),
        h("button.btn.btn-offer", { type: "button" }, "Register Offer"))),
    h("div.listing-body", {},
      h("div.listing-photos", {}, h("img", { src: one.photo, alt: `Photo of ${one.address}` }), h("div.map", {}, h("span.pin", {}, icon("pin", 36)), one.place)),
      h("section.card", {}, h("h2", {}, "About This Property"), h("p", {}, `${one.kind} in ${one.cityLine} with ${one.beds} bedrooms and ${one.baths} bathrooms. Close to parks, schools and transit.`), h("h2", {}, "Offer Instructions"), h("p.hint", {}, "Offers any time. A showing confirmed by the listing side is shown in your list.")),
      h("section.card", {},
        h("h2", {}, "Listing Details"),
        h("table.facts", {}, h("tbody", {},
          fact("Status MLS", one.status), fact("Availability", one.bookable ? "Available" : "No showings"), fact("Transaction Type", one.deal),
          fact("MLS Number", one.number), fact("Listed Price", one.price), fact("Occupancy", "Vacant")))),
      h("section.card", {},
        h("h2", {}, "Rooms"),
        h("div.units", {}, h("span.active", {}, "Meters"), h("span", {}, "Feet")),
        h("table.facts", {}, h("tbody", {}, fact("Living room", "5.20 × 4.10"), fact("Kitchen", "3.60 × 3.05"), fact("Primary bedroom", "4.30 × 3.90")))),
      h("section.card", {}, h("h2", {}, one.brokerage), one.agents.map((name) => h("p", {}, name)))),
  );
  if (!me.scenarios.parts_late || !one.bookable) return;
  await get("/me/notifications", { signal });
  view.querySelector(".page-buttons").append(book);
}
