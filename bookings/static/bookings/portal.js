// What every page shares: colours, forms that go out once, and parts that are swapped without a reload.
"use strict";

const Portal = {
  /** Fetch `address` and swap in each part ([data-part] with an id) that came back different.
   *  Answers false when nothing could be fetched. */
  async refresh(address) {
    let response;
    try {
      response = await fetch(address, { headers: { "X-Requested-With": "fetch" }, cache: "no-store" });
    } catch {
      return false;
    }
    if (response.redirected || response.status === 404) {
      window.location.reload();
      return false;
    }
    if (!response.ok) return false;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const part of fresh.querySelectorAll("[data-part]")) Portal.swap(part);
    return true;
  },

  swap(fresh) {
    const old = document.getElementById(fresh.id);
    if (!old) return;
    Portal.keepTokens(old, fresh);
    if (old.isEqualNode(fresh)) return;
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    const opened = [...old.querySelectorAll("details")].map((each) => each.open);
    old.replaceWith(document.adoptNode(fresh));
    fresh.querySelectorAll("details").forEach((each, index) => { each.open = opened[index] || false; });
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    document.dispatchEvent(new CustomEvent("swapped", { detail: fresh }));
  },

  // A form's token differs in every answer; the old one is as good, and the part then counts as unchanged.
  keepTokens(old, fresh) {
    const token = old.querySelector("[name=csrfmiddlewaretoken]");
    if (!token) return;
    for (const other of fresh.querySelectorAll("[name=csrfmiddlewaretoken]")) other.setAttribute("value", token.getAttribute("value"));
  },
};
window.Portal = Portal;

(() => {
  const root = document.documentElement;
  const toggle = document.querySelector("[data-theme-toggle]");
  const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const say = () => {
    const words = isDark() ? toggle.dataset.light : toggle.dataset.dark;
    toggle.querySelector("[data-theme-says]").textContent = words;
    toggle.title = words;
  };
  if (toggle) {
    toggle.hidden = false;
    say();
    toggle.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      try { localStorage.setItem("theme", root.dataset.theme); } catch { /* then it holds for this page only */ }
      say();
    });
  }

  // A second click must not send a form twice; coming back by the browser's history opens it again.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]")) return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    form.querySelectorAll("button").forEach((button) => button.setAttribute("aria-disabled", "true"));
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("[data-sent]").forEach((form) => {
      delete form.dataset.sent;
      form.querySelectorAll("button").forEach((button) => button.removeAttribute("aria-disabled"));
    });
  });

  document.querySelector("[data-focus]")?.focus();
})();
