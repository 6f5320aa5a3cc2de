// A part with buttons that work without leaving the page: sends the form behind the page and puts the part of the answer
// in place of the old one. Without an answer the form goes its usual way, and the browser says what is wrong.
import { headingOf, pageOf, renew } from "./refresh.js";

export function start(part) {
  part.addEventListener("submit", async (event) => {
    const { target: form, submitter } = event;
    if (event.defaultPrevented || form.dataset.sent) return;
    event.preventDefault();
    submitter?.setAttribute("aria-busy", "true");
    form.dataset.sent = "true";
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form, submitter) }).catch(() => null);
    const page = answer?.ok ? await pageOf(answer) : null;
    if (!page?.getElementById(part.id)) return location.assign(form.action);
    renew(part, page);
    headingOf(document.getElementById(part.id))?.focus();
  });
}
