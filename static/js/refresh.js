// A part that changes while it is looked at (deliveries under way): fetches the page itself and puts the new part in
// place of the old one. The server leaves data-refresh away when nothing is under way any more; then it ends.
export function start(part) {
  const pause = Number(part.dataset.refresh) * 1000;
  setTimeout(async function again() {
    if (!part.isConnected) return;
    if (document.hidden || isBusy(part)) return setTimeout(again, pause);
    const fresh = await newPart(part.id).catch(() => null);
    if (!fresh || isBusy(part)) return setTimeout(again, pause);
    replace(part, fresh);
  }, pause);
}

// Nobody's open menu is closed, nobody's typing is lost.
const isBusy = (part) => part.querySelector("[data-menu][open], :is(input, textarea):focus") !== null;

async function newPart(id) {
  const answer = await fetch(location.href, { redirect: "manual" });
  if (!answer.ok) return null;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.getElementById(id);
}

function replace(part, fresh) {
  const focused = part.contains(document.activeElement) ? [...part.querySelectorAll("a, button, summary")].indexOf(document.activeElement) : -1;
  part.replaceWith(fresh);
  if (focused >= 0) fresh.querySelectorAll("a, button, summary")[focused]?.focus();
  fresh.dispatchEvent(new CustomEvent("renewed", { bubbles: true }));
}
