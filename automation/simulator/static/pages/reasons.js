// "Reason for cancelling": a native select, or Ant's, whose list hangs at the end of the page.
import { h, trusted } from "/static/dom.js";

const LABEL = "Reason for cancelling";
const EMPTY = "Select a reason";

export function reasonSelect(one, chosen) {
  const can = one.scenarios;
  if (can.ant_reasons) return h("div.field", {}, h("span", {}, LABEL), antSelect(one.reasons, chosen));
  return h("label.field", {}, h("span", {}, LABEL), nativeSelect(one.reasons, chosen, can.reasons_need_keys));
}

function nativeSelect(reasons, chosen, byKeysOnly) {
  const select = h(
    "select", { name: "cancelReason", onchange: (event) => (event.isTrusted || !byKeysOnly) && chosen(select.value) },
    h("option", { value: "" }, EMPTY), reasons.map((text) => h("option", { value: text }, text)),
  );
  return select;
}

function antSelect(reasons, chosen) {
  let list = null;
  const shown = h("span.ant-select-selection-placeholder", {}, EMPTY);
  const box = h("div.ant-select", { role: "combobox", "aria-label": LABEL, "aria-haspopup": "listbox", "aria-expanded": "false", tabindex: "0", onmousedown: trusted(toggle), onkeydown: trusted(key) }, h("div.ant-select-selector", {}, shown));

  function toggle() {
    if (list) return close();
    const items = reasons.map((text) => h("div.ant-select-item.ant-select-item-option", { role: "option", title: text, onclick: trusted(() => choose(text)) }, h("div.ant-select-item-option-content", {}, text)));
    list = h("div.ant-select-dropdown", { role: "listbox" }, items);
    const at = box.getBoundingClientRect();
    Object.assign(list.style, { left: `${at.left}px`, top: `${at.bottom + 4}px`, width: `${at.width}px` });
    document.body.append(list);
    box.setAttribute("aria-expanded", "true");
    mark(0);
  }

  function close() {
    list?.remove();
    list = null;
    box.setAttribute("aria-expanded", "false");
  }

  function choose(text) {
    shown.className = "ant-select-selection-item";
    shown.textContent = text;
    close();
    chosen(text);
  }

  const marked = () => [...list.children].findIndex((item) => item.classList.contains("ant-select-item-option-active"));
  const mark = (index) => [...list.children].forEach((item, at) => item.classList.toggle("ant-select-item-option-active", at === index));

  function key(event) {
    if (!list) return ["Enter", " ", "ArrowDown"].includes(event.key) && toggle();
    if (event.key === "ArrowDown") mark(Math.min(marked() + 1, reasons.length - 1));
    if (event.key === "ArrowUp") mark(Math.max(marked() - 1, 0));
    if (event.key === "Enter") choose(reasons[marked()]);
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
    }
  }

  return box;
}
