// A list's filters come when somebody reaches for them: few do, and making them took a third of every list's time.
const panel = document.getElementById("filters");
const sheet = document.getElementById("changelist-filter");
const opener = document.querySelector("[aria-controls=changelist-filter]");
// The skin's own scripts for what is in the panel are ready when the page is loaded whole.
const loaded = new Promise((done) => {
  if (document.readyState === "complete") done();
  else window.addEventListener("load", done, { once: true });
});
const PATIENCE = 15_000;
let asked = false;

async function come() {
  if (asked) return;
  asked = true;
  tell("coming");
  try {
    const html = await fetched();
    await loaded;
    show(html);
  } catch {
    asked = false;
    tell("failed");
  }
}

async function fetched() {
  const address = new URL(window.location.href);
  address.searchParams.set("filters", "1");
  const response = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
  // Who is not signed in any more is led to the door by the list itself.
  if (response.redirected) window.location.reload();
  if (response.redirected || !response.ok) throw new Error(response.statusText);
  return response.text();
}

function show(html) {
  panel.innerHTML = html;
  window.django.jQuery("select.unfold-admin-autocomplete", panel).djangoCustomSelect2();
  window.DateTimeShortcuts?.init();
}

function tell(what) {
  for (const part of panel.querySelectorAll("[data-told]")) part.hidden = part.dataset.told !== what;
}

// The sheet stands behind the whole list: who opens it with the keyboard is led into it, and back when it closes.
let isOpen = false;
function lead() {
  const wasOpen = isOpen;
  isOpen = sheet.checkVisibility();
  if (isOpen !== wasOpen) (isOpen ? panel : opener).focus({ preventScroll: true });
}

if (sheet) new MutationObserver(lead).observe(sheet, { attributeFilter: ["style"] });
/** Select boxes keep the key to themselves, also when nothing of theirs is open. */
function escape(event) {
  if (event.key !== "Escape" || document.querySelector(".select2-container--open")) return;
  document.getElementById("changelist-filter-close").click();
}

sheet?.addEventListener("keydown", escape, true);
for (const reaching of ["click", "focus", "pointerenter"]) opener?.addEventListener(reaching, come);
panel?.querySelector("button").addEventListener("click", () => {
  // The button goes away, and the focus would with it.
  panel.focus({ preventScroll: true });
  come();
});
// What was left empty asks for nothing. The skin's own script says so to forms that are there from the start.
panel?.addEventListener("formdata", ({ formData }) => {
  for (const [name, value] of [...formData]) if (value === "") formData.delete(name);
});
