import { get } from "/static/api.js";
import { h } from "/static/dom.js";
import { sayLongDay, sayRange } from "/static/days.js";
import { badge } from "/static/pages/showings.js";

export async function showing({ view, id, signal }) {
  const one = await get(`/my/showings/${id}`, { signal });
  const fact = (name, value) => h("tr", {}, h("th", {}, name), h("td", {}, value));
  view.replaceChildren(
    h("div.page-head", {}, h("h1", {}, "Showing"), h("a.btn.btn-default", { href: "#/my_business/showings/buyer" }, "Back to showings")),
    h("div.showing-page", {},
      h("section.card", {},
        badge(one.status),
        h("h2.showing-address", {}, one.listing.address),
        h("p.hint", {}, one.listing.place),
        h("table.facts", {}, h("tbody", {},
          fact("Date", sayLongDay(one.date)), fact("Time", sayRange(one.time, one.minutes)), fact("Duration", `${one.minutes} min`),
          fact("Showing Type", one.showingType), fact("Instruction", one.instructionBy), fact("MLS Number", one.listing.mls), fact("Note", one.note || "—")))),
      h("section.card.showing-photo", {}, h("img", { src: one.listing.photo, alt: "" }), h("p", {}, one.listing.brokerage), one.listing.agents.map((name) => h("p.hint", {}, name)))),
  );
}
