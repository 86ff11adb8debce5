// Talking to the server. A 401 in the middle of work shows the banner that is in every page all along.
export class Failed extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

let bounces = false;

// Signed out midway: go to the sign-in page at once instead of showing the banner.
export const bounceWhenSignedOut = () => {
  bounces = true;
};

async function ask(url, options) {
  let answer;
  try {
    answer = await fetch(url, options);
  } catch {
    throw new Failed("Network error. Please check your connection.", 0);
  }
  if (answer.status === 401) {
    if (bounces) location.assign("/auth/login");
    else document.querySelector(".alert.alert-warning").hidden = false;
    throw new Failed("You have been logged out", 401);
  }
  const said = await answer.json().catch(() => null);
  if (!answer.ok || said === null) throw new Failed(said?.error ?? "Something went wrong", answer.status);
  return said;
}

export const get = (url, options) => ask(url, options);
export const post = (url, body) =>
  ask(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
