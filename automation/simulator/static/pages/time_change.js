// The form that moves a showing to another time.
import { get } from "/static/api.js";
import { moveShowing } from "/static/pages/wizard.js";

export async function timeChange(context) {
  await moveShowing(context, await get(`/my/showings/${context.id}/time_change`, { signal: context.signal }));
}
