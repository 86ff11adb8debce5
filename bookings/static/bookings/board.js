// The dashboard looks again by itself, while somebody looks at it.
"use strict";
(() => {
  const board = document.querySelector("[data-board]");
  const EVERY = 10_000;
  const LONGEST = 120_000;
  let wait = EVERY;
  let timer = 0;

  async function look() {
    clearTimeout(timer);
    if (document.hidden) return;
    wait = (await Portal.refresh(board.dataset.board)) ? EVERY : Math.min(wait * 2, LONGEST);
    timer = setTimeout(look, wait);
  }

  // With scripts, choosing a partner is enough.
  const whose = document.querySelector("[data-whose]");
  if (whose) {
    whose.querySelector("button").hidden = true;
    whose.addEventListener("change", () => whose.submit());
  }

  timer = setTimeout(look, wait);
  document.addEventListener("visibilitychange", look);
})();
