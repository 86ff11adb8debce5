// Unfold writes icons as words ("filter_list") in an icon font, and hangs clicks on elements that no key reaches:
// screen readers would read the words aloud, and keyboards pass the clicks by. Mended here for what Unfold draws,
// also when it comes later.
const ICON = ".material-symbols-outlined";
const CLICKED = "[x-on\\:click]:not(a[href], button, input, select, textarea, summary, label)";
const SELECT = ":is(.select2-selection[role=combobox], .select2-search__field):not([data-named])";
const OPERABLE = "a[href], button, input, select, textarea";
const DESKS = { dock_to_right: "menu", close: "close", more_horiz: "more", unfold_more: "more", visibility: "password" };

/** The words that stand in the page for this script, in the page's own language. */
const words = () => document.getElementById("icon-words")?.dataset ?? {};

function mend(root) {
  for (const icon of root.querySelectorAll(ICON)) if (!icon.matches("[role=button]")) icon.setAttribute("aria-hidden", "true");
  for (const element of root.querySelectorAll(CLICKED)) asButton(element);
  for (const scroller of root.querySelectorAll(".simplebar-content-wrapper[role=region]")) {
    // A part that scrolls is no landmark of its own.
    scroller.setAttribute("role", "group");
    scroller.setAttribute("aria-label", words().scrolls ?? "");
  }
  for (const box of root.querySelectorAll(SELECT)) named(box);
  for (const tip of root.querySelectorAll("span.help-tooltip[aria-label]:not([role])")) tip.setAttribute("role", "img");
}

/** What stands for a select box is told by what is chosen alone, and its search not at all: the label belongs to both. */
function named(box) {
  const id = box.getAttribute("aria-controls")?.match(/^select2-(.*)-results$/)?.[1];
  const select = id ? document.getElementById(id) : box.closest(".select2-container")?.previousElementSibling;
  const label = select?.labels?.[0];
  if (!label) return;
  label.id ||= `${select.id}-label`;
  box.dataset.named = "";
  box.setAttribute("aria-labelledby", [label.id, box.getAttribute("aria-labelledby")].filter(Boolean).join(" "));
}

function asButton(element) {
  // What only catches a click beside something else, or holds a real button, is none itself.
  if (element.matches("[role], h1, h2, h3, form") || element.querySelector(OPERABLE)) return;
  const icon = element.matches(ICON) ? element : element.querySelector(ICON);
  const said = [...element.childNodes].filter((part) => part !== icon).map((part) => part.textContent).join("").trim();
  if (!icon && !said) return;
  element.setAttribute("role", "button");
  element.setAttribute("tabindex", "0");
  if (element === icon || !said) {
    element.removeAttribute("aria-hidden");
    element.setAttribute("aria-label", words()[DESKS[icon.textContent.trim()]] ?? words().more ?? "");
  }
}

document.addEventListener("keydown", (event) => {
  if ((event.key !== "Enter" && event.key !== " ") || !event.target.matches?.(`${CLICKED}[role=button]`)) return;
  event.preventDefault();
  event.target.click();
});

document.addEventListener("DOMContentLoaded", () => {
  mend(document);
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const node of addedNodes) if (node instanceof Element) mend(node.parentElement ?? node);
    }
  }).observe(document.body, { childList: true, subtree: true });
});
