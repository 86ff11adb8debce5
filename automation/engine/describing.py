"""What a page says and offers, in words: for people who cannot see its picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import ElementHandle, Error, Frame, JSHandle, Page

MOST_CONTROLS = 60
MOST_FRAMES = 6
# Never a value that was typed: whether a field is filled is enough.
_READ = """
most => {
  const short = (text, length = 160) => (text || "").replace(/\\s+/g, " ").trim().slice(0, length);
  const shows = element => {
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && getComputedStyle(element).visibility === "visible";
  };
  const named = ids =>
    (ids || "").split(/\\s+/).map(id => document.getElementById(id)?.innerText || "").join(" ");
  const isText = element => element.matches(
    "textarea, input:not([type]), input[type=text], input[type=email], input[type=tel], input[type=number],"
    + "input[type=search], input[type=url], input[type=password]");
  const kind = element => {
    if (isText(element)) return element.type === "password" ? "password" : "text";
    if (element.matches("select")) return "select";
    const role = element.getAttribute("role") || (element.matches("input") ? element.type : "");
    if (role === "radio") return "radio";
    if (role === "checkbox" || role === "switch") return "checkbox";
    return element.matches("a[href], [role=link]") ? "link" : "button";
  };
  const label = element => short(element.getAttribute("aria-label"))
    || short(named(element.getAttribute("aria-labelledby")))
    || short([...(element.labels || [])].map(each => each.innerText).join(" "))
    || short(element.placeholder)
    || (element.matches("input[type=submit], input[type=button]") ? short(element.value) : "")
    || (isText(element) || element.matches("select") ? "" : short(element.innerText))
    || short(element.title) || short(element.alt) || short(element.querySelector("img[alt]")?.alt)
    || short(element.name);
  const elements = [...document.querySelectorAll(
    "input:not([type=hidden]), textarea, select, button, a[href], summary, [role=button], [role=link],"
    + "[role=checkbox], [role=radio], [role=switch], [role=option], [role=menuitem], [role=tab]",
  )].filter(element => shows(element) || [...(element.labels || [])].some(shows)).slice(0, most);
  const controls = elements.map(element => {
    const is = kind(element);
    const box = element.getBoundingClientRect();
    return {
      kind: is,
      label: label(element),
      off: Boolean(element.disabled) || element.getAttribute("aria-disabled") === "true",
      focused: element === document.activeElement,
      filled: is === "text" || is === "password" ? Boolean(element.value) : false,
      on: Boolean(element.checked) || element.getAttribute("aria-checked") === "true",
      digits: ["numeric", "decimal", "tel"].includes(element.inputMode)
        || ["tel", "number"].includes(element.type),
      options: is === "select" ? [...element.options].slice(0, 50).map(each => short(each.label, 80)) : [],
      box: [box.x, box.y, box.width, box.height].map(Math.round),
    };
  });
  const alerts = [...document.querySelectorAll("[role=alert], [aria-live=assertive]")].filter(shows);
  return {
    elements,
    told: {
      title: short(document.title),
      text: short(document.body?.innerText, 1500),
      alerts: alerts.map(each => short(each.innerText)).filter(Boolean).slice(0, 5),
      controls,
    },
  };
}
"""


@dataclass(slots=True)
class Description:
    """`told` is plain data: title, text, alerts, and controls, which are numbered by their place."""

    told: dict[str, Any] = field(default_factory=dict)
    _frames: list[tuple[JSHandle, int]] = field(default_factory=list)  # each with its number of controls

    async def control(self, number: int, label: str) -> ElementHandle | None:
        """The control of that number and label, or, on a page that has moved on since, of that label alone.

        None when there is none: nothing may be typed into a field that was not meant.
        """
        labels = [control["label"] for control in self.told.get("controls", ())]
        if label not in labels:
            return None
        return await self._numbered(number if labels[number : number + 1] == [label] else labels.index(label))

    async def _numbered(self, number: int) -> ElementHandle | None:
        for handle, count in self._frames:
            if 0 <= number < count:
                found = await handle.evaluate_handle("(it, number) => it.elements[number]", number)
                return found.as_element()
            number -= count
        return None

    async def forget(self) -> None:
        for handle, _ in self._frames:
            try:
                await handle.dispose()
            except Error:
                continue  # its page is gone, and the handle with it


async def describe(page: Page) -> Description:
    """What the page and its frames show now; a frame that is just going away is left out."""
    found = Description(told={"title": "", "text": "", "alerts": [], "controls": []})
    for frame in page.frames[:MOST_FRAMES]:
        try:
            handle = await frame.evaluate_handle(_READ, MOST_CONTROLS)
            told: dict[str, Any] = await handle.evaluate("it => it.told")
        except Error:
            continue
        found._frames.append((handle, len(told["controls"])))
        _add(found.told, told, is_main=_is_main(frame))
    return found


def _is_main(frame: Frame) -> bool:
    return frame.parent_frame is None


def _add(whole: dict[str, Any], part: dict[str, Any], *, is_main: bool) -> None:
    if is_main:
        whole["title"] = part["title"]
    else:
        for control in part["controls"]:
            control["box"] = []  # measured from the frame's own corner, not from the page's
    whole["text"] = f"{whole['text']} {part['text']}".strip()[:3000]
    whole["alerts"] += part["alerts"]
    whole["controls"] += part["controls"]
