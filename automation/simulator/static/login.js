// The pages of the sign-in, one address each: e-mail, then ID and PIN, then a code, then the way back.
import { h, spinner } from "/static/dom.js";

const root = document.querySelector("#login");
const BRANDS = { "/auth/login": "Supra One", "/auth/login/member": "Sample MLS Sign-On", "/auth/login/code": "Sample MLS Sign-On" };

async function ask(url, body = {}) {
  const answer = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.error ?? "Something went wrong. Please try again.");
  if (said.next?.startsWith("/")) {
    location.assign(said.next);
    await new Promise(() => {}); // this page is over
  }
  return said;
}

const field = (label, attributes) => h("label", {}, label, h("input", { type: "text", required: true, ...attributes }));

// A form that says what went wrong above its button; `refused` runs after a refusal.
function form(title, lead, fields, label, act, { refused, buttonId } = {}) {
  const error = h("p.login-error", { role: "alert", hidden: true });
  const button = h("button.btn.btn-primary", { type: "submit", ...(buttonId && { id: buttonId }) }, label);
  const element = h(
    "form", { novalidate: true, onsubmit: async (event) => {
      event.preventDefault();
      error.hidden = button.disabled = true;
      try {
        await act(Object.fromEntries(new FormData(element)));
      } catch (problem) {
        error.textContent = problem.message;
        error.hidden = false;
        refused?.();
      } finally {
        button.disabled = false;
      }
    } },
    h("h1", {}, title), h("p.login-lead", {}, lead), fields, error, button);
  root.replaceChildren(element);
  element.querySelector("input:not([type=radio]):not([type=checkbox])")?.focus();
  return element;
}

function email() {
  form("Sign in", "Use the e-mail address of your account.",
    field("Email address", { type: "email", name: "email", id: "email", autocomplete: "username" }), "Continue",
    async (given) => ({ provider, password })[(await ask("/auth/identify", given)).next](given.email));
}

function provider(address) {
  root.replaceChildren(
    h("h1", {}, "Sign in"), h("p.login-lead", {}, `Continue as ${address} with your real estate board's account.`),
    h("button.btn.btn-primary", { type: "button", onclick: () => location.assign("/auth/login/member") }, "Log in with PropTx User ID"),
    h("button.btn.btn-link", { type: "button", onclick: email }, "Use another e-mail address"));
}

function password(address) {
  form("Enter your password", `Signing in as ${address}`,
    field("Password", { type: "password", name: "password", id: "password", autocomplete: "current-password" }), "Log In",
    (given) => ask("/auth/password", given));
}

async function member() {
  const puzzle = h("fieldset.puzzle", { hidden: true });
  async function lay() {
    const { tiles } = await ask("/auth/puzzle");
    puzzle.hidden = !tiles.length;
    const tile = (address, index) => h("label.tile", {}, h("input", { type: "checkbox", value: String(index), "aria-label": `Picture ${index + 1}` }), h("img", { src: address, alt: "" }));
    puzzle.replaceChildren(h("legend", {}, "Prove that you are a person: pick every house with a red door."), h("div.tiles", {}, tiles.map(tile)));
  }
  const picked = () => [...puzzle.querySelectorAll("input:checked")].map((one) => Number(one.value));
  form("Member sign-in", "Enter the ID and PIN of your board membership.",
    [field("User ID", { name: "member", id: "username", inputmode: "numeric", autocomplete: "username" }),
      field("PIN", { type: "password", name: "pin", id: "password", inputmode: "numeric", autocomplete: "current-password" }), puzzle],
    "Log In", (given) => ask("/auth/member", { ...given, picked: picked() }), { refused: lay, buttonId: "kc-login" });
  await lay();
}

async function code() {
  const where = await ask("/auth/channels");
  const choice = (value, text, checked) => h("label.choice", {}, h("input", { type: "radio", name: "channel", value, checked }), text);
  form("Confirm it is you", "We do not know this device. Where shall we send an authorization code?",
    [choice("email", `E-mail to ${where.email}`, true), choice("sms", `Text message to ${where.sms}`, false)], "Send code",
    async ({ channel }) => {
      await ask("/auth/send_code", { channel });
      enterCode(channel, where[channel]);
    });
}

function enterCode(channel, where) {
  const note = h("span.hint", { role: "status" });
  const resend = h("button.btn.btn-default", { type: "button", onclick: async () => {
    await ask("/auth/send_code", { channel });
    note.textContent = "A new code is on its way. The old one no longer works.";
  } }, "Resend");
  const element = form("Enter your code", `We sent a 6-digit code to ${where}. It can be used once.`,
    [field("Authorization code", { name: "code", id: "code", inputmode: "numeric", autocomplete: "one-time-code" }), h("div.resend", {}, resend, note),
      h("label.choice", {}, h("input", { type: "checkbox", name: "remember" }), "This is my device")], "Verify",
    (given) => ask("/auth/code", given), { refused: () => (element.elements.code.value = "") });
}

function redirect() {
  root.replaceChildren(h("div.login-redirect", {}, spinner("Taking you to BrokerBay…")));
  location.replace("/auth/login/continue");
}

document.querySelector(".login-name").textContent = BRANDS[location.pathname] ?? "Supra One";
await ({ "/auth/login/member": member, "/auth/login/code": code, "/auth/login/redirect": redirect }[location.pathname] ?? email)();
