// E-mail, then password, then a code for the accounts that ask for one: one screen after the other.
const form = document.querySelector("#login");
const error = form.querySelector(".login-error");
const button = form.querySelector("button");
const STEPS = {
  email: { url: "/auth/identify", title: "Sign in", label: "Continue" },
  password: { url: "/auth/password", title: "Enter your password", label: "Log In" },
  code: { url: "/auth/code", title: "Enter your code", label: "Verify" },
};
let step = "email";

function show(next) {
  step = next;
  for (const name of Object.keys(STEPS)) form.elements[name].closest("label").hidden = name !== next;
  form.querySelector("h1").textContent = STEPS[next].title;
  form.querySelector(".login-lead").textContent = {
    email: "Use the e-mail address of your account.",
    password: `Signing in as ${form.elements.email.value}`,
    code: "We sent a 6-digit code to you. It can be used once.",
  }[next];
  button.textContent = STEPS[next].label;
  form.elements[next].focus();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  error.hidden = true;
  button.disabled = true;
  try {
    const answer = await fetch(STEPS[step].url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ email: form.elements.email.value, secret: step === "email" ? "" : form.elements[step].value }),
    });
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.error);
    if (said.next in STEPS) show(said.next);
    else location.assign(said.next);
  } catch (problem) {
    error.textContent = problem.message;
    error.hidden = false;
  } finally {
    button.disabled = false;
  }
});
