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

  // Choosing a partner with the pointer is enough; arrow keys change the choice on their way to it.
  const whose = document.querySelector("[data-whose]");
  let byKey = false;
  whose?.addEventListener("keydown", () => { byKey = true; });
  whose?.addEventListener("pointerdown", () => { byKey = false; });
  whose?.addEventListener("change", () => { if (!byKey) whose.submit(); });

  timer = setTimeout(look, wait);
  document.addEventListener("visibilitychange", look);
})();
