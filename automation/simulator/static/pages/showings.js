// My showings as buyer agent: the account's own list.
import { get } from "/static/api.js";
import { h, spinner } from "/static/dom.js";
import { sayDay, sayRange } from "/static/days.js";

export const badge = (status) => h(`span.status.status-${status.toLowerCase().replaceAll(" ", "-")}`, {}, status);

const nothing = () => h("section.card.empty", {}, "No showings");

export async function showings({ me, view, signal }) {
  const holder = h("div.showings-holder");
  async function turn(page) {
    const pager = me.scenarios.pager_first && holder.querySelector(".pagination");
    if (pager) pager.replaceWith(pages({ page, pages: pager.children.length - 2 }, turn));
    else holder.replaceChildren(me.scenarios.empty_first ? nothing() : spinner());
    const found = await get(`/my/showings?page=${page}`, { signal });
    const total = found.saysTotal === null ? [] : [h("p.list-total", {}, `Total: ${found.saysTotal} Showings`)];
    holder.replaceChildren(...total, ...(found.total ? [table(found.showings), pages(found, turn)] : [nothing()]));
  }
  const ready = turn(1);
  view.replaceChildren(
    h("div.page-head", {}, h("h1", {}, "Showings"), h("div.search-tabs", {}, h("span.active", {}, "Buyer"), h("span", {}, "Listing"))),
    holder,
  );
  await ready;
}

function table(rows) {
  return h(
    "table.showings-table.table", {},
    h("thead", {}, h("tr", {}, ["", "Listing", "Date", "Time", "Duration", "Status"].map((title) => h("th", {}, title)))),
    h("tbody", {}, rows.map((one) =>
      h("tr.showing-row", { onclick: () => (location.hash = `#/my_business/showing/${one._id}?redirectTo=calendar`) },
        h("td.thumb", {}, one.listing && h("img", { src: one.listing.photo, alt: "" })),
        h("td.what", {}, h("strong.address", {}, one.listing?.address ?? "Listing removed"), h("span.city", {}, one.listing?.cityLine ?? "")),
        h("td.date", {}, sayDay(one.date)),
        h("td.time", {}, sayRange(one.time, one.minutes)),
        h("td.duration", {}, `${one.minutes} min`),
        h("td", {}, badge(one.status))))),
  );
}

function pages({ page, pages: count }, turn) {
  const item = (text, to, state = "") => h(`li${state}`, {}, h("a", { role: "button", onclick: () => state !== ".disabled" && turn(to) }, text));
  return h(
    "ul.pagination", {},
    item("«", page - 1, page === 1 ? ".disabled" : ""),
    Array.from({ length: count }, (_, index) => item(String(index + 1), index + 1, index + 1 === page ? ".active" : "")),
    item("»", page + 1, page === count ? ".disabled" : ""),
  );
}
