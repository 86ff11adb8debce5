// The modal that gives a showing up: nothing is sent before a reason is chosen.
import { post } from "/static/api.js";
import { challenge, h, modal, spinner, toast, trusted } from "/static/dom.js";
import { reasonSelect } from "/static/pages/reasons.js";

const LABEL = "Cancel Showing";

export function askToCancel(one, done) {
  const can = one.scenarios;
  let reason = "";
  let sending = false;
  const send = () => post(`/appointment/${one._id}/cancel`, { reason });
  const confirm = h("button.btn.btn-danger", { type: "button", disabled: true, onclick: trusted(submit) }, LABEL);
  const ready = () => (confirm.disabled = !reason || sending || Boolean(can.cancel_stays_disabled));
  const chosen = (text) => {
    reason = text;
    ready();
  };
  const back = h("button.btn.btn-default", { type: "button", onclick: () => open.close() }, "Back");
  const open = modal(
    "Cancel showing",
    [h("p", {}, "Are you sure you want to cancel this showing?"), reasonSelect(one, chosen)],
    [back, confirm],
  );
  open.signal.addEventListener("abort", () => document.querySelector(".ant-select-dropdown")?.remove());
  addEventListener("keydown", (event) => event.key === "Escape" && open.close(), { signal: open.signal });

  async function submit() {
    sending = true;
    confirm.replaceChildren(spinner());
    ready();
    try {
      const first = send();
      if (can.double_cancel) send().catch(() => {});
      answered(await first);
    } catch (problem) {
      if (problem.status !== 401) toast("error", problem.message, 5);
    } finally {
      sending = false;
      confirm.replaceChildren(LABEL);
      ready();
    }
  }

  function answered(said) {
    if (said.showChallenge) return challenge();
    open.close();
    if (!can.no_cancel_toast) toast("success", "Showing Cancelled");
    done();
  }
}
