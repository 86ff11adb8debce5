"""Real mouse clicks, without Playwright's wait for two still frames where it is plain that nothing moves.

They hit what they were aimed at, or nothing: between the look and the click a page can take a part away, and
what lay under it must not have the click.
"""

from __future__ import annotations

from playwright.async_api import ElementHandle, Locator, Page

# The middle of the one element found, if a click there would hit it: in sight, uncovered, enabled, at rest.
# The page hears of the next press only if it does hit it, or what was drawn alike in its place since.
AIM = """found => {
  const [one, ...others] = found;
  if (!one || others.length || window !== window.top) return null;
  if (one.closest(':disabled, [aria-disabled="true"], [inert]')) return null;
  const moves = animation => animation.playState === 'running' && animation.effect?.target?.contains(one);
  const box = one.getClientRects()[0];
  if (!box || document.getAnimations().some(moves)) return null;
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  if (!one.contains(document.elementFromPoint(x, y))) return null;
  const drawn = one.outerHTML;
  const isAimedAt = node => node === one
    || !one.isConnected && node.tagName === one.tagName && node.outerHTML === drawn;
  const kinds = ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click'];
  let strays;
  const guard = event => {
    const isNext = event.type === 'pointerdown' && strays !== undefined;
    strays ??= !event.composedPath().some(isAimedAt);
    if (isNext || event.type === 'click') kinds.forEach(kind => removeEventListener(kind, guard, true));
    if (isNext || !strays) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  kinds.forEach(kind => addEventListener(kind, guard, true));
  return [x, y];
}"""


async def press(target: Locator, *, patience: float | None = None) -> None:
    """Clicks as `Locator.click` does, in a third of its time where it can. `patience` in seconds.

    Whoever presses looks at what came of it, as after any click: a page that changes in between gets none.
    """
    point = await target.evaluate_all(AIM)
    if point is None:
        await target.click(timeout=None if patience is None else patience * 1000)
    else:
        await target.page.mouse.click(*point)


async def press_element(page: Page, element: ElementHandle) -> None:
    """As `press`, for what no locator finds."""
    point = await element.evaluate(f"one => ({AIM})([one])")
    if point is None:
        await element.click()
    else:
        await page.mouse.click(*point)
