// Picking a client's request fills the form; typing narrows the list.
"use strict";
(() => {
  const form = document.querySelector("[data-launch]");
  const picks = [...document.querySelectorAll("[data-pick]")];
  const narrow = document.querySelector("[data-narrow]");
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

  // The room between the bars: a form that is taller than it shows where to go on.
  function reveal(target) {
    const space = getComputedStyle(document.documentElement);
    const room = innerHeight - parseFloat(space.scrollPaddingTop) - parseFloat(space.scrollPaddingBottom);
    const fits = form.offsetHeight <= room;
    const block = fits ? "nearest" : target.matches("[data-launch-button]") ? "end" : "center";
    (fits ? form : target).scrollIntoView({ block, behavior: still ? "auto" : "smooth" });
  }

  function fill(pick) {
    const said = pick.dataset;
    for (const name of ["request", "partner", "property", "date", "time"]) {
      const field = form.elements[name];
      if (field) field.value = said[name] || "";
    }
    form.elements.listing_id.value = "";
    form.elements.instead.value = "";
    for (const radio of form.elements.duration) radio.checked = radio.value === said.duration || (!said.duration && radio.checked);
    for (const other of picks) other.toggleAttribute("aria-current", other === pick);
    form.querySelectorAll(".error").forEach((error) => error.remove());
    form.querySelectorAll(".wrong").forEach((field) => field.classList.remove("wrong"));
    const lacking = ["property", "date", "time"].map((name) => form.elements[name]).find((field) => !field.value);
    const target = lacking || form.querySelector("[data-launch-button]");
    target.focus({ preventScroll: true });
    reveal(target);
  }

  document.addEventListener("click", (event) => {
    const pick = event.target.closest("[data-pick]");
    if (!pick || event.metaKey || event.ctrlKey || form.querySelector("fieldset").disabled) return;
    event.preventDefault();
    fill(pick);
  });

  // Another property is no longer the listing or the request that was picked.
  form.elements.property.addEventListener("input", () => {
    form.elements.request.value = "";
    form.elements.listing_id.value = "";
    picks.forEach((pick) => pick.removeAttribute("aria-current"));
  });

  if (narrow) {
    narrow.hidden = false;
    narrow.addEventListener("input", () => {
      const sought = narrow.value.trim().toLowerCase();
      let shown = 0;
      for (const pick of picks) {
        const fits = pick.textContent.toLowerCase().includes(sought);
        pick.parentElement.hidden = !fits;
        shown += fits;
      }
      document.querySelector("[data-none]").hidden = shown > 0;
    });
  }
})();
