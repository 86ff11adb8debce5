// What lies over the real site's pages now and then.
import { h } from "/static/dom.js";

export function noise(scenarios) {
  if (scenarios.product_tour) {
    const tour = h(
      "div.appcues", { role: "dialog", "aria-label": "Product tour" },
      h("div.appcues-card", {},
        h("h2", {}, "Meet the new calendar"),
        h("p", {}, "We have made it easier to see your day. Take a short tour?"),
        h("button.btn.btn-primary", { type: "button", onclick: () => tour.remove() }, "Not now")),
    );
    document.body.append(tour);
  }
  if (scenarios.chat_bubble) {
    const close = h("button.chat-close", { type: "button", "aria-label": "Close chat", onclick: () => chat.remove() }, "×");
    const chat = h(`div.chat-panel${scenarios.chat_bubble.over === "buttons" ? ".over-buttons" : ""}`, { id: "webWidget", role: "complementary", "aria-label": "Chat" },
      close, h("strong", {}, "Chat with us"), h("p", {}, "Hi! How can we help you today?"));
    document.body.append(chat);
  }
  if (scenarios.help_menu_open) document.querySelector(".help-menu")?.removeAttribute("hidden");
}
