"""The account's own list of showings as buyer agent, a page at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Error, Page

from automation.engine.pages.asking import TWO_FRAMES
from automation.engine.pages.pressing import AIM, press_element
from automation.engine.showings import ShowingRow

_SHOWING_ADDRESS = re.compile(r"my_business/showing/([0-9a-f]{24})", re.IGNORECASE)
# A table's rows, or a list's items where there is no table. All of them count once one shows a clock time: a
# row that cannot be read must not go unseen.
_ROWS = """(() => {
  const clock = /\\d{1,2}:\\d{2}\\s*[AP]M/i;
  const isShown = element => element.getClientRects().length > 0;
  const isRow = row => !row.matches('thead *') && !row.querySelector('th, [role=columnheader]');
  const grouped = (groups, rowsOf) => [...document.querySelectorAll(groups)].map(
    group => [...group.querySelectorAll(rowsOf)].filter(row => row.closest(groups) === group && isRow(row)));
  const showings = found => found.filter(
    rows => rows.some(row => isShown(row) && clock.test(row.textContent))).flat();
  const tables = showings(grouped('table', 'tr'));
  const lists = '[role=table], [role=grid], [role=list], ul, ol';
  return tables.length ? tables : showings(grouped(lists, '[role=row], [role=listitem], li'));
})()"""
_PAGER = "ul.pagination, .ant-pagination"
_PAGES = f"[...document.querySelector('{_PAGER}')?.querySelectorAll('li') ?? []]"
_ACTIVE = f"""(document.querySelector('{_PAGER}')
  ?.querySelector('.active, .ant-pagination-item-active')?.textContent.trim() ?? '')"""
_READ = f"""() => {{
  const texts = row => {{
    const found = [], walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) found.push(walker.currentNode.textContent.trim());
    return found.filter(Boolean);
  }};
  const text = element => element?.textContent.trim() ?? '';
  const badge = row => text(row.querySelector('.status, .badge, .ant-tag, [class*=status-]'));
  const link = row => row.querySelector('a[href*="my_business/showing/"]')?.href ?? '';
  return {{
    rows: {_ROWS}.map(row => ({{texts: texts(row), badge: badge(row), link: link(row)}})),
    numbers: {_PAGES}.map(text),
    active: {_ACTIVE},
    total: /Total:?\\s*(\\d+)\\s*Showings?/i.exec(document.body?.innerText)?.[1] ?? '',
  }};
}}"""
_SAID = f"{_ROWS}.map(row => row.textContent).join('\\n')"
# What the rows say, and where to click for the page of that number, if a click is sure to hit. A page may
# move things when it scrolls, or when they come into view: not later than in the second frame.
_REACH = f"""async number => {{
  const item = {_PAGES}.findLast(item => item.textContent.trim() === String(number));
  const link = item && ([...item.querySelectorAll('a, button')].at(-1) ?? item);
  const top = () => link?.getBoundingClientRect().top;
  const before = top();
  link?.scrollIntoView({{block: 'nearest', behavior: 'instant'}});
  if (top() !== before) await {TWO_FRAMES};
  return [{_SAID}, link ? ({AIM})([link]) : null];
}}"""
# A pager can show its new number while the rows are still the old ones: those must never pass for the page.
_READ_TURNED = f"""([number, before]) => {{
  if ({_ACTIVE} !== String(number) || {_SAID} === before) return null;
  const page = ({_READ})();
  return page.rows.length ? page : null;
}}"""
_MORE_THAN = f"count => {_ROWS}.length > count"
_DRAWN = f"() => {_ROWS}.length > 0 || /^\\s*No showings\\b/im.test(document.body?.innerText)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """One page of the list: its rows, its number, how many pages there are, and the total if it is shown."""

    rows: tuple[ShowingRow, ...]
    number: int
    pages: int
    total: int | None


class MyShowings:
    """Timeouts in seconds."""

    ROUTE = "my_business/showings/buyer"

    def __init__(self, page: Page) -> None:
        self._page = page

    async def read(self) -> ListPage:
        """The page of the list that is open, once it is drawn."""
        await self.wait_until_drawn()
        return await self._read()

    async def wait_until_drawn(self, *, patience: float | None = None) -> None:
        """At most so many seconds; None: as long as any wait may take."""
        await self._page.wait_for_function(_DRAWN, timeout=None if patience is None else patience * 1000)

    async def turn_to(self, number: int) -> ListPage:
        """Turns to another page by its number and waits until that one's rows are drawn.

        Raises Playwright's TimeoutError for a page whose rows are just those of the page before.
        """
        before, point = await self._page.evaluate(_REACH, number)
        if point is not None:
            await self._page.mouse.click(*point)
        else:
            items = self._page.locator(_PAGER).first.locator("li")
            item = items.filter(has_text=re.compile(rf"^\s*{number}\s*$"))
            link = item.locator("a, button").or_(item).last
            before = await link.evaluate(f"() => {_SAID}")
            await link.click()
        turned = await self._page.wait_for_function(_READ_TURNED, arg=[number, before])
        return _page(await turned.json_value())

    async def wait_for_more(self, *, patience: float) -> None:
        """Until the open page gets another row, as it does where the site pushes news."""
        count = await self._page.evaluate(f"{_ROWS}.length")
        await self._page.wait_for_function(_MORE_THAN, arg=count, timeout=patience * 1000)

    @staticmethod
    def outline(index: int) -> str:
        """The row for pictures, in the page's own language."""
        return f"{_ROWS}[{index}]"

    async def open_row(self, index: int, *, patience: float) -> tuple[str, str]:
        """Opens a showing from its row; its id and its address."""
        row = (await self._page.evaluate_handle(f"{_ROWS}[{index}]")).as_element()
        if row is None:
            raise Error(f"The list has no row {index + 1} any more.")
        await press_element(self._page, row)
        await self._page.wait_for_url(_SHOWING_ADDRESS, wait_until="commit", timeout=patience * 1000)
        found = _SHOWING_ADDRESS.search(self._page.url)
        return (found[1].lower() if found else ""), self._page.url

    async def _read(self) -> ListPage:
        return _page(await self._page.evaluate(_READ))


def _page(seen: dict[str, Any]) -> ListPage:
    numbers = [int(text) for text in seen["numbers"] if text.isdigit()]
    return ListPage(
        rows=tuple(_row(row) for row in seen["rows"]),
        number=int(seen["active"]) if seen["active"].isdigit() else 1,
        pages=max(numbers, default=1),
        total=int(seen["total"]) if seen["total"] else None,
    )


def _row(row: dict[str, object]) -> ShowingRow:
    link, texts = str(row["link"]), row["texts"]
    found = _SHOWING_ADDRESS.search(link)
    return ShowingRow(
        texts=tuple(texts) if isinstance(texts, list) else (),
        badge=str(row["badge"]),
        showing_id=found[1].lower() if found else "",
        url=link,
    )
