// Unfold writes icons as words ("filter_list") in an icon font: screen readers would read them aloud.
const ICON = ".material-symbols-outlined";

function hide(root) {
  for (const icon of root.querySelectorAll(ICON)) icon.setAttribute("aria-hidden", "true");
}

document.addEventListener("DOMContentLoaded", () => {
  hide(document);
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const node of addedNodes) if (node instanceof Element) hide(node.parentElement ?? node);
    }
  }).observe(document.body, { childList: true, subtree: true });
});
