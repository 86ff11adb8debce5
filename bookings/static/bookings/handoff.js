// The robot's browser in the person's hands: its newest look comes as events, clicks and keys go back in order.
"use strict";
(() => {
  const desk = document.querySelector("[data-handoff]");
  const surface = desk.querySelector("[data-surface]");
  const picture = desk.querySelector("[data-picture]");
  const typed = desk.querySelector("[data-typed]");
  const list = desk.querySelector("[data-controls]");
  const says = document.querySelector("[data-says]");
  const alert = document.querySelector("[data-alert]");
  const done = document.querySelector("[data-done]");
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const KEYS = new Set(["Enter", "Tab", "Backspace", "Delete", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"]);
  const RETRY = 1500;

  let look = null; // the newest one
  let shape = ""; // of the list of controls, as it is drawn
  let waiting = []; // strokes that are not sent yet
  let sending = false;
  let sized = 0; // the width of the window that the robot was told

  const tell = (words) => { if (says.textContent !== words) says.textContent = words; };
  function warn(words) {
    if (alert.textContent !== words) alert.textContent = words;
    alert.hidden = !words;
  }

  // Strokes: one request at a time keeps their order; what comes meanwhile goes with the next one.
  function send(...strokes) {
    for (const stroke of strokes) {
      const last = waiting.at(-1);
      if (stroke.kind === "text" && last?.kind === "text" && last.text.length + stroke.text.length < 400) last.text += stroke.text;
      else waiting.push(stroke);
    }
    pump();
  }

  async function pump() {
    if (sending || !waiting.length) return;
    sending = true;
    const batch = waiting.splice(0, 40);
    try {
      const answer = await fetch(desk.dataset.strokes, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": token },
        body: JSON.stringify(batch),
      });
      if (answer.redirected || answer.status === 409) return window.location.reload();
      if (!answer.ok) warn(desk.dataset.notSent);
    } catch {
      warn(desk.dataset.noPortal);
      waiting = [];
    } finally {
      sending = false;
    }
    pump();
  }

  // The picture

  function point(event) {
    const box = picture.getBoundingClientRect();
    return {
      x: Math.round((event.clientX - box.left) * look.width / box.width),
      y: Math.round((event.clientY - box.top) * look.height / box.height),
    };
  }

  const fieldAt = ({ x, y }) => look.page.controls?.find(({ kind, box }) =>
    (kind === "text" || kind === "password") && box.length && x >= box[0] && x <= box[0] + box[2] && y >= box[1] && y <= box[1] + box[3]);

  surface.addEventListener("click", (event) => {
    if (!look) return;
    const at = point(event);
    send({ kind: "click", ...at });
    const field = fieldAt(at);
    // A soft keyboard opens only for a field of our own, and only now.
    if (field && matchMedia("(pointer: coarse)").matches) {
      suit(field);
      typed.focus();
    }
  });

  surface.addEventListener("wheel", (event) => {
    if (!look || document.activeElement !== surface) return;
    event.preventDefault();
    send({ kind: "scroll", ...point(event), by: Math.round(Math.max(-2000, Math.min(2000, event.deltaY))) });
  }, { passive: false });

  surface.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return surface.blur();
    if (event.isComposing) return;
    // AltGr, which some keyboards need for an @, counts as Control and Alt together.
    const isLetter = event.key.length === 1 && !event.metaKey && (!event.ctrlKey || event.altKey);
    if (isLetter) send({ kind: "text", text: event.key });
    else if (event.ctrlKey || event.metaKey) {
      if (event.key.toLowerCase() !== "a") return; // paste comes as an event of its own; the rest is the browser's
      send({ kind: "key", key: "Control+a" });
    } else if (event.key === "Tab") send({ kind: "key", key: event.shiftKey ? "Shift+Tab" : "Tab" });
    else if (KEYS.has(event.key)) send({ kind: "key", key: event.key });
    else return;
    event.preventDefault();
  });

  document.addEventListener("paste", (event) => {
    if (document.activeElement !== surface) return;
    event.preventDefault();
    const text = oneLine(event.clipboardData.getData("text"));
    if (text) send({ kind: "text", text });
  });

  const oneLine = (text) => text.replace(/[\u0000-\u001f]+/g, " ").trim().slice(0, 400);

  // The field for soft keyboards: what is in it goes over at once, unless a word is still being composed.

  function flush() {
    const text = typed.value.replace(/[\u0000-\u001f]+/g, " ").slice(0, 400);
    typed.value = "";
    if (text) send({ kind: "text", text });
  }
  typed.addEventListener("input", (event) => { if (!event.isComposing) flush(); });
  typed.addEventListener("compositionend", flush);
  typed.addEventListener("keydown", (event) => {
    if (event.key === "Backspace" && !typed.value) send({ kind: "key", key: "Backspace" });
  });
  desk.querySelector("[data-typing]").addEventListener("submit", (event) => {
    event.preventDefault();
    flush();
    send({ kind: "key", key: "Enter" });
  });

  /** Let our field be of the robot's field's kind: dots for a password, digits for a code. */
  function suit({ kind, digits }) {
    const type = kind === "password" ? "password" : "text";
    if (typed.type !== type) typed.type = type;
    typed.inputMode = digits ? "numeric" : "";
  }

  desk.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button || !look) return;
    if (button.dataset.key) send({ kind: "key", key: button.dataset.key });
    else if (button.dataset.stroke) send({ kind: button.dataset.stroke });
    else if (button.dataset.scroll) send({ kind: "scroll", x: Math.round(look.width / 2), y: Math.round(look.height / 2), by: Math.round(Number(button.dataset.scroll) * look.height * 0.7) });
  });

  done.addEventListener("click", () => { if (look) { tell(desk.dataset.asking); send({ kind: "done" }); } });

  // The page in words

  function make(name, properties = {}, ...children) {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  }

  const named = ({ label, kind }) => label || { link: desk.dataset.link, button: desk.dataset.button }[kind] || desk.dataset.field;
  const where = (control, number) => ({ control: number, label: control.label });

  function field(control, number) {
    const input = make("input", { id: `control-${number}`, type: control.kind, autocomplete: "off", spellcheck: false });
    if (control.digits) input.inputMode = "numeric";
    const form = make("form", { autocomplete: "off" },
      make("label", { htmlFor: input.id }, named(control), " ", make("small", { className: "filled" })),
      make("div", {}, input, make("button", { className: "button small quiet" }, desk.dataset.fill)));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send({ kind: "fill", ...where(control, number), text: oneLine(input.value) });
      input.value = "";
    });
    return form;
  }

  function choice(control, number) {
    const select = make("select", { id: `control-${number}` }, ...control.options.map((option) => make("option", {}, option)));
    const form = make("form", {}, make("label", { htmlFor: select.id }, named(control)), make("div", {}, select, make("button", { className: "button small quiet" }, "Choose")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send({ kind: "choose", ...where(control, number), text: select.value });
    });
    return form;
  }

  function button(control, number) {
    const pressed = make("button", { type: "button", className: "button small quiet wide" }, named(control), make("small", { className: "filled" }));
    if (control.kind === "link") pressed.setAttribute("aria-label", `${named(control)} (link)`);
    pressed.disabled = control.off;
    pressed.addEventListener("click", () => send({ kind: "press", ...where(control, number) }));
    return pressed;
  }

  const DRAWN = { text: field, password: field, select: choice };

  function draw(controls) {
    const drawn = JSON.stringify(controls.map(({ kind, label, off, options }) => [kind, label, off, options]));
    if (drawn !== shape) {
      shape = drawn;
      const focused = list.contains(document.activeElement);
      list.replaceChildren(...controls.map((control, number) => make("li", {}, (DRAWN[control.kind] || button)(control, number))));
      // The page moved on under somebody who works in this list: they go on at its beginning.
      if (focused) list.querySelector("input, select, button")?.focus();
    }
    const states = list.querySelectorAll("li");
    controls.forEach((control, number) => {
      const mark = states[number].querySelector(".filled");
      const words = control.filled ? "filled in" : control.kind === "checkbox" || control.kind === "radio" ? (control.on ? " – chosen" : " – not chosen") : "";
      if (mark && mark.textContent !== words) mark.textContent = words;
    });
  }

  // What comes

  function show(data) {
    const first = !look;
    look = data;
    desk.hidden = false;
    done.removeAttribute("aria-disabled");
    picture.src = `data:image/jpeg;base64,${data.jpeg}`;
    desk.querySelector("[data-host]").textContent = data.host;
    desk.querySelector("[data-title]").textContent = data.page.title || "";
    desk.querySelector("[data-text]").textContent = data.page.text || "";
    const focused = data.page.controls?.find((control) => control.focused);
    if (focused && document.activeElement !== typed) suit(focused);
    draw(data.page.controls || []);
    const alerts = [data.page.note, ...(data.page.alerts || [])].filter(Boolean).join(" ");
    warn(alerts);
    tell(desk.dataset.isOpen.replace("%(host)s", data.host));
    if (first) fit();
  }

  function fit() {
    const width = Math.round(surface.clientWidth);
    if (!look || Math.abs(width - sized) < 8) return;
    sized = width;
    // On a phone the picture and the keyboard share the screen.
    const share = width < 600 ? 0.5 : 0.7;
    send({ kind: "size", width, height: Math.round(Math.max(420, Math.min(window.innerHeight * share, 760))) });
  }
  new ResizeObserver(fit).observe(surface);

  function stand({ open, busy, state }) {
    if (!open) return window.location.reload();
    if (state === "queued") tell(busy ? desk.dataset.busy : desk.dataset.opening);
    return undefined;
  }

  function connect() {
    const source = new EventSource(desk.dataset.screen);
    source.addEventListener("look", (event) => show(JSON.parse(event.data)));
    source.addEventListener("state", (event) => stand(JSON.parse(event.data)));
    source.addEventListener("forbidden", () => window.location.reload());
    source.addEventListener("error", () => {
      // One way back for a broken and for a refused connection.
      source.close();
      tell("Reconnecting…");
      setTimeout(connect, RETRY);
    });
  }
  connect();
})();
