import { called, said } from "/static/renames.js";

export { called, said };

// Building elements: h("div.some.class", { onclick, ... }, ...children). Text is always text, never markup.
export function h(what, attributes = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.map(called).join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false).map((child) => (typeof child === "string" ? said(child) : child)));
  return element;
}

export const spinner = (text = "") =>
  h("div.ant-spin.ant-spin-spinning", { "aria-busy": "true" }, h("span.ant-spin-dot"), text && h("div.ant-spin-text", {}, text));

// Only a person's click counts, as on the real site: element.click() from a script changes nothing.
export const trusted = (act) => (event) => {
  if (event.isTrusted) act(event);
};

export function toast(kind, text, seconds = 3) {
  let holder = document.querySelector(".ant-message");
  if (!holder) document.body.append((holder = h("div.ant-message")));
  const sign = { success: "✓", error: "✕", info: "i" }[kind];
  const notice = h(
    "div.ant-message-notice", {},
    h("div.ant-message-notice-content", {},
      h(`div.ant-message-custom-content.ant-message-${kind}`, {}, h("span.anticon", {}, sign), h("span", {}, text))),
  );
  holder.append(notice);
  setTimeout(() => notice.remove(), seconds * 1000);
}

// A modal over the page; `close` takes it away again. While one is open the router stays where it is (app.js).
export function modal(title, content, buttons) {
  const root = h(
    "div.ant-modal-root", {},
    h("div.ant-modal-mask"),
    h("div.ant-modal-wrap", {},
      h("div.ant-modal", { role: "dialog", "aria-modal": "true", "aria-label": title },
        h("div.ant-modal-title", {}, title),
        h("div.ant-modal-body", {}, content),
        h("div.ant-modal-footer", {}, buttons))),
  );
  const leave = new AbortController();
  const close = () => {
    leave.abort();
    root.remove();
  };
  document.body.append(root);
  return { root, close, signal: leave.signal };
}

export function dialog(title, text, label) {
  return new Promise((answered) => {
    const button = (kind, said, yes) => h(`button.btn.${kind}`, { type: "button", onclick: () => { open.close(); answered(yes); } }, said);
    const open = modal(title, text, [button("btn-default", "Back", false), button("btn-primary", label, true)]);
  });
}

// What covers the page when the site doubts that a person is there.
export function challenge() {
  document.body.append(h("div.challenge", { role: "dialog", "aria-label": "Security check" }, h("div.challenge-card", {}, h("h2", {}, "One more step"), h("p", {}, "Please confirm that you are human to continue."), h("label", {}, h("input", { type: "checkbox" }), " I'm not a robot"))));
}
