// The booking view as the MLS hands an agent over to it: a listing by a token, usually in a frame.
import { get } from "/static/api.js";
import { wizard } from "/static/pages/wizard.js";

export async function handedOff(context) {
  const { _id: id } = await get(`/dashboard/rets/${context.id}`, { signal: context.signal });
  await wizard({ ...context, id });
}
