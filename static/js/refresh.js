// A part that changes while it is looked at (deliveries under way, a waiting room): fetches the page itself, or the one
// that data-from names, and puts the new part in place of the old one. The server leaves data-refresh away when nothing
// is under way any more; then it ends. With data-awake it goes on behind other tabs, and takes the title of the page
// along: there somebody waits. What data-says tells is spoken when it changes.
import { say } from "./say.js";

export function start(part) {
  const pause = Number(part.dataset.refresh) * 1000;
  setTimeout(async function again() {
    if (!part.isConnected) return;
    if ((document.hidden && !("awake" in part.dataset)) || isBusy(part)) return setTimeout(again, pause);
    const answer = await fetch(part.dataset.from ?? location.href, { redirect: "manual" }).catch(() => null);
    // A link that was taken back, an account that was signed out: the page itself says so.
    if (answer?.status === 404 && !part.dataset.from) return location.reload();
    const page = answer?.ok ? await pageOf(answer) : null;
    if (!page?.getElementById(part.id) || isBusy(part)) return setTimeout(again, pause);
    renew(part, page);
  }, pause);
}

// Nobody's open menu is closed, nobody's typing is lost, nobody's press is overtaken.
const isBusy = (part) => !part.isConnected || part.querySelector("[data-menu][open], :is(input, textarea):focus, [aria-busy]") !== null;

export const pageOf = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html");

// Where the focus was: the same button, or the heading if that is gone (never the button of somebody else), or the link
// in the same place.
function placeOf(part, focused) {
  if (!part.contains(focused)) return null;
  const pressable = "a, button, summary";
  if (!focused.value) return (fresh) => fresh.querySelectorAll(pressable)[[...part.querySelectorAll(pressable)].indexOf(focused)];
  return (fresh) => fresh.querySelector(`[name="${CSS.escape(focused.name)}"][value="${CSS.escape(focused.value)}"]`) ?? headingOf(fresh);
}

export function headingOf(part) {
  const heading = part.querySelector("h2");
  heading?.setAttribute("tabindex", "-1");
  return heading;
}

export function renew(part, page) {
  const fresh = page.getElementById(part.id);
  const again = placeOf(part, document.activeElement);
  part.querySelectorAll("details").forEach((one, n) => { fresh.querySelectorAll("details")[n]?.toggleAttribute("open", one.open); });
  part.replaceWith(fresh);
  if ("awake" in part.dataset) document.title = page.title;
  again?.(fresh)?.focus();
  if (fresh.dataset.says && fresh.dataset.says !== part.dataset.says) say(fresh.dataset.says);
  fresh.dispatchEvent(new CustomEvent("renewed", { bubbles: true }));
}
