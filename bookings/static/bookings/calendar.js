// Arrow keys go earlier and later; Home goes to today while one of these links has the focus.
"use strict";
(() => {
  const steps = document.querySelector("[data-steps]");
  const hint = document.querySelector("[data-keys]");
  const used = "calendar-key";
  hint.hidden = !matchMedia("(hover: hover)").matches;

  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
    if (event.target.closest("input, select, textarea, [contenteditable]")) return;
    if (event.key === "Home" && !steps.contains(document.activeElement)) return;
    const link = steps.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!link) return;
    event.preventDefault();
    try { sessionStorage.setItem(used, link.id); } catch { /* then the focus begins anew */ }
    link.click();
  });

  // After a step by key, the next key goes on from the same link.
  let last = "";
  try {
    last = sessionStorage.getItem(used) || "";
    sessionStorage.removeItem(used);
  } catch { /* nothing is kept here */ }
  if (last) document.getElementById(last)?.focus({ preventScroll: true });
})();
