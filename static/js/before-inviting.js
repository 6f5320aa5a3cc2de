// What to know before pressing "Invite" follows the chosen people; the server knows the words.
import { asking } from "./while-typing.js";

const PAUSE = 400;

export function start(part) {
  const form = part.closest("form");
  const show = (page) => part.replaceChildren(...page.body.children);
  const ask = asking(form, { url: part.dataset.beforeInviting, show });
  let timer;
  new MutationObserver(() => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  }).observe(form.querySelector(".chips"), { childList: true });
}
