// What an agent who is not a verified one must tell before the first booking.
import { post } from "/static/api.js";
import { h } from "/static/dom.js";

const FIELDS = [["First name", "given-name"], ["Last name", "family-name"], ["E-mail", "email"], ["Company", "organization"], ["Phone", "tel"]];

// Ends once the details are saved; never when the page is left before.
export function contactForm({ view }, one) {
  return new Promise((saved) => {
    const error = h("p.form-error", { role: "alert", hidden: true });
    const field = ([name, autocomplete]) => h("label.field", {}, h("span", {}, name), h("input", { name, autocomplete, type: name === "E-mail" ? "email" : "text" }));
    const types = h("select", { name: "Showing type" }, ["Buyer/Broker", "Buyer Visit", "Broker Preview", "Inspection"].map((text) => h("option", {}, text)));
    const form = h(
      "form.card.contact-form", { novalidate: true, onsubmit: async (event) => {
        event.preventDefault();
        try {
          await post("/me/contact", Object.fromEntries(new FormData(form)));
          saved();
        } catch (problem) {
          error.textContent = problem.message;
          error.hidden = false;
        }
      } },
      h("p.notice", {}, "You are not a verified agent. The listing side sees these details with your request."),
      h("div.contact-fields", {}, FIELDS.map(field), h("label.field", {}, h("span", {}, "Showing type"), types)),
      error, h("button.btn.btn-primary", { type: "submit" }, "Save Profile"));
    view.replaceChildren(
      h("div.page-head", {}, h("h1", {}, one.address), h("span.hint", {}, "Your contact details")),
      form);
  });
}
