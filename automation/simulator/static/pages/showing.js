// One showing: when it is, how it stands, and the buttons that give it up or move it.
import { get } from "/static/api.js";
import { h } from "/static/dom.js";
import { sayLongDay, sayRange } from "/static/days.js";
import { askToCancel } from "/static/pages/cancelling.js";
import { badge } from "/static/pages/showings.js";

export async function showing(context) {
  const { me, view, id, signal } = context;
  const late = me.scenarios.parts_late;
  if (late) view.replaceChildren(h("div.page-error", {}, "Showing not found"));
  const one = await get(`/my/showings/${id}`, { signal });
  const again = () => showing(context);
  const fact = (name, value) => value && h("tr", {}, h("th", {}, name), h("td", {}, value));
  const move = () => (location.hash = `#/listing/${one.listing._id}/appointments/${id}/time_change`);
  view.replaceChildren(
    h("div.page-head", {}, h("h1", {}, "Showing"), h("a.btn.btn-default", { href: "#/my_business/showings/buyer" }, "Back to showings")),
    h("div.showing-page", {},
      h("aside.card.showing-panel", {},
        badge(one.status),
        h("div.showing-date", {}, sayLongDay(one.date)),
        h("div.showing-time", {}, sayRange(one.time, one.minutes)),
        h("div.hint", {}, `${one.minutes} min`),
        one.suggested && h("p.notice", {}, `The listing side suggests ${sayLongDay(one.suggested.slice(0, 10))}, ${sayRange(one.suggested.slice(11), one.minutes)}.`),
        h("div.showing-buttons", { hidden: Boolean(late) },
          one.canCancel && h("button.btn.btn-default", { type: "button", onclick: () => askToCancel(one, again) }, "✕ Cancel"),
          one.canReschedule && h("button.btn.btn-default", { type: "button", onclick: move }, "Reschedule"))),
      h("section.card.showing-home", {},
        h("img", { src: one.listing.photo, alt: "" }),
        h("h2.showing-address", {}, one.listing.address),
        h("p.hint", {}, one.listing.place),
        h("table.facts", {}, h("tbody", {},
          fact("MLS Number", one.listing.mls), fact("Showing Type", one.showingType), fact("Instruction", one.instructionBy),
          fact("Note", one.note || "—"), fact("Reason for cancelling", one.reason), fact("Listing brokerage", one.listing.brokerage), fact("Agents", one.listing.agents.join(", ")))))),
  );
  if (!late) return;
  await get("/me/notifications", { signal });
  view.querySelector(".showing-buttons").hidden = false;
}
