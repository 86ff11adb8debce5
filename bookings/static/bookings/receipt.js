// Copies a link or a secret that is shown, or hands a link to the phone's own way of sending things.
"use strict";
(() => {
  const link = document.querySelector("[data-link]");
  if (!link) return;
  const copy = document.querySelector("[data-copy]");
  const send = document.querySelector("[data-send]");
  const told = document.querySelector("[data-copied]");

  copy.hidden = false;
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(link.value);
      told.textContent = told.dataset.yes;
    } catch {
      // Without https a browser has no clipboard for us; the person's own keys still have.
      link.focus();
      link.select();
      told.textContent = told.dataset.no;
    }
  });
  link.addEventListener("focus", () => link.select());

  if (!send) return;
  send.hidden = !navigator.share;
  send.addEventListener("click", async () => {
    try {
      await navigator.share({ title: send.dataset.title, url: link.value });
    } catch { /* they thought better of it */ }
  });
})();
