"""The markup of a page that was not what it should be, for whoever mends the page objects.

Nothing that was typed, no script and nothing that reads like a token is in it: it is kept, and people see it.
"""

from __future__ import annotations

import asyncio
import logging
import re

from playwright.async_api import Error, Frame, Page

logger = logging.getLogger(__name__)

LIMIT = 200_000  # characters
PATIENCE = 3.0  # seconds
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<![\w-])(?:\+?1[\s.-]?)?\(?\d{3}\)?[\s.-]\d{3}[\s.-]\d{4}(?!\w)")
# Long runs of letters and digits that are no BrokerBay id (24 hex digits): keys, tokens, signatures.
_TOKEN = re.compile(r"(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{28,}(?:\.[\w-]{8,})*")
_QUERY = re.compile(r"(?<=[\"'(])([^\"'()\s<>?]*)\?[^\"'()\s<>#]*")
_READ = """masks => {
  const copy = document.documentElement.cloneNode(true);
  const empty = 'script, noscript, style, link, template, meta, iframe[srcdoc]';
  copy.querySelectorAll(empty).forEach(one => one.remove());
  if (masks) copy.querySelectorAll(masks).forEach(one => { one.textContent = '…'; });
  copy.querySelectorAll('svg').forEach(one => one.replaceChildren());
  copy.querySelectorAll('textarea, [contenteditable]').forEach(one => { one.textContent = ''; });
  for (const one of copy.querySelectorAll('*')) {
    if (one.matches('input:not([type=radio]):not([type=checkbox]), button')) one.removeAttribute('value');
    if (one.matches('input[type=hidden]')) one.removeAttribute('name');
    for (const {name, value} of [...one.attributes]) {
      const isSecret = /^on|token|secret|nonce|csrf|srcset/i.test(name) || value.startsWith('data:');
      if (isSecret) one.removeAttribute(name);
    }
  }
  return copy.outerHTML;
}"""


async def take(view: Page | Frame, *, masks: tuple[str, ...] = ()) -> str:
    """The markup of what is shown, at most `LIMIT` characters; "" where the page cannot be asked."""
    try:
        async with asyncio.timeout(PATIENCE):
            markup: str = await view.evaluate(_READ, ", ".join(masks))
    except (Error, TimeoutError) as error:
        logger.info("No snapshot: %s", error)
        return ""
    return cleaned(markup)


def cleaned(markup: str) -> str:
    """Without people's addresses and numbers, tokens and what stands behind a question mark.

    >>> cleaned('<a href="/x?code=1#a">robin@lakeside.example, 416-555-0100</a>')
    '<a href="/x#a">…@…, …</a>'
    >>> cleaned('<i id="65f0c0ffee65f0c0ffee65f0" data-k="eyJhbGciOiJIUzI1NiJ9abcdefgh12345">8:00 PM</i>')
    '<i id="65f0c0ffee65f0c0ffee65f0" data-k="…">8:00 PM</i>'
    """
    for pattern, instead in ((_QUERY, r"\1"), (_EMAIL, "…@…"), (_PHONE, "…"), (_TOKEN, "…")):
        markup = pattern.sub(instead, markup)
    return markup[:LIMIT]
