// The landing page after sign-in; on the real site it is mostly empty too.
import { h } from "/static/dom.js";

export async function brokerage({ view, me }) {
  view.replaceChildren(
    h("div.page-head", {}, h("h1", {}, "Brokerage")),
    h("section.card.empty", {}, h("p", {}, `${me.brokerage} has no listings yet.`), h("p.hint", {}, "Search for a listing above to book a showing.")),
  );
}
