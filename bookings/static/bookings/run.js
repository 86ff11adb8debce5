// A run as it happens: lines appended as they come, the rest of the page fetched anew when something moved.
"use strict";
(() => {
  const page = document.querySelector("[data-run]");
  const log = document.querySelector("[data-log]");
  const scroll = document.querySelector("[data-scroll]");
  const newest = document.querySelector("[data-newest]");
  const link = document.querySelector("[data-link-state]");
  const dialog = document.querySelector("[data-dialog]");
  const TONES = { success: "good", warning: "warn", error: "bad" };
  const NEAR = 48; // pixels from the end that still count as "at the end"
  const REST = 400; // milliseconds between a move and the look at the rest of the page
  const RETRY = 3000;
  const clock = new Intl.DateTimeFormat("en-GB", {
    hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: log.dataset.zone,
  });

  let last = Number(log.dataset.last);
  let source = null;
  let looking = 0;
  let retry = 0;

  const isOpen = () => document.getElementById("summary").dataset.open === "yes";
  const atEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR;
  const toEnd = () => { scroll.scrollTop = scroll.scrollHeight; newest.hidden = true; };
  const tell = (words, tone = "") => { if (link.textContent !== words) { link.textContent = words; link.className = `link-state ${tone}`; } };

  function took(milliseconds) {
    if (milliseconds < 1000) return `${milliseconds} ms`;
    if (milliseconds < 60_000) return `${(milliseconds / 1000).toLocaleString(document.documentElement.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 })} s`;
    const seconds = Math.round(milliseconds / 1000);
    return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  }

  function element(name, text) {
    const made = document.createElement(name);
    made.textContent = text;
    return made;
  }

  function append(line) {
    if (line.seq <= last) return;
    last = line.seq;
    const follow = atEnd();
    const row = document.createElement("li");
    row.className = `${TONES[line.level] || "quiet"}${line.state ? " moved" : ""} fresh`;
    row.dataset.seq = line.seq;
    const time = element("time", clock.format(new Date(line.at)));
    time.dateTime = line.at;
    row.append(time, " ", element("span", line.message));
    if (line.durationMs !== null) row.append(" ", element("small", took(line.durationMs)));
    log.append(row);
    if (follow) toEnd(); else newest.hidden = false;
    if (line.state || line.picture || line.durationMs !== null || line.step) lookSoon();
  }

  function lookSoon() {
    looking ||= setTimeout(async () => {
      looking = 0;
      await Portal.refresh(`${page.dataset.run}?part=run`);
      settle();
    }, REST);
  }

  // An ended run has nothing more to tell, and a browser has only six connections to give.
  function settle() {
    const summary = document.getElementById("summary");
    document.title = summary.dataset.title;
    if (isOpen()) return connect();
    disconnect();
    tell(link.dataset.ended);
  }

  function disconnect() {
    clearTimeout(retry);
    source?.close();
    source = null;
  }

  function connect() {
    if (source || document.hidden) return;
    source = new EventSource(`${page.dataset.events}?lastEventId=${last}`);
    source.addEventListener("stream-open", () => { tell(link.dataset.live, "good"); lookSoon(); });
    source.addEventListener("log", (event) => append(JSON.parse(event.data)));
    source.addEventListener("status", lookSoon);
    source.addEventListener("stream-reset", () => window.location.reload());
    source.addEventListener("error", () => {
      // The browser comes back by itself after a broken connection, not after a refused one; our own way is one
      // way for both, and goes on after the last line that was shown.
      disconnect();
      tell(link.dataset.again, "warn");
      retry = setTimeout(() => { lookSoon(); connect(); }, RETRY * (0.5 + Math.random() / 2));
    });
  }

  newest.addEventListener("click", toEnd);
  scroll.addEventListener("scroll", () => { if (atEnd()) newest.hidden = true; }, { passive: true });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return disconnect();
    lookSoon();
  });

  // The film: every picture of the page, in the order of the steps; arrow keys and two buttons turn it.
  let frame = null;
  const film = () => [...document.querySelectorAll("[data-picture]")];

  function show(opener) {
    frame = opener.id;
    const frames = film();
    const at = frames.indexOf(opener);
    const part = (name) => dialog.querySelector(`[data-dialog-${name}]`);
    part("picture").src = opener.href;
    part("picture").alt = opener.querySelector("img").alt;
    part("title").textContent = [opener.dataset.picture, opener.dataset.at].filter(Boolean).join(", ");
    part("said").textContent = opener.dataset.said || "";
    part("place").textContent = part("place").dataset.words.replace("%(n)s", at + 1).replace("%(all)s", frames.length);
    for (const button of dialog.querySelectorAll("[data-turn]")) {
      // Not `disabled`: that would drop the focus, and with it the arrow keys.
      if (frames[at + Number(button.dataset.turn)]) button.removeAttribute("aria-disabled");
      else button.setAttribute("aria-disabled", "true");
    }
  }

  function turn(by) {
    const frames = film();
    const next = frames[frames.findIndex((each) => each.id === frame) + by];
    if (next) show(next);
  }

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-picture]");
    if (!opener || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    show(opener);
    dialog.showModal();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
    const button = event.target.closest("[data-turn]");
    if (button) turn(Number(button.dataset.turn));
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") turn(-1);
    if (event.key === "ArrowRight") turn(1);
  });
  // Back to the picture that was looked at last: the browser itself knows only where it began.
  dialog.addEventListener("close", () => document.getElementById(frame)?.focus());

  toEnd();
  settle();
})();
