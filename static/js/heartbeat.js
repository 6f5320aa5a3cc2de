// A page in the waiting room tells every so many seconds that it is still open, by sending its form without any button.
// Looking at the page tells nothing: what only looks must change nothing. Its part is renewed all the time, so the
// moment of the last time is kept for the whole page.
let last = 0;

export async function start(form) {
  const pause = Number(form.dataset.heartbeat) * 1000;
  if (Date.now() - last < pause) return;
  last = Date.now();
  await fetch(form.action, { method: "POST", body: new FormData(form) }).catch(() => null);
}
