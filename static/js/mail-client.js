// "Invite participants" becomes a real link that follows the drop-down: one press opens the compose window at once.
// How long the message is and what was left out is said beside it; before a shortened one opens, its whole text is
// copied. The choice is remembered in passing. The page "Open MS Outlook" has such a link, too, and no drop-down.
const HELP_AFTER = 2000;

export function start(part) {
  const select = part.querySelector("select");
  const link = part.querySelector("[data-open]");
  const find = (name) => part.querySelector(`[data-${name}]`);
  const say = (name, text = "") => {
    find(name).hidden = !text;
    find(name).textContent = text;
  };

  const follow = () => {
    const { url, target, length, shortening } = select.selectedOptions[0].dataset;
    link.href = url ?? "";
    link.target = target ?? "";
    link.rel = "noopener noreferrer";
    find("new-tab").hidden = target !== "_blank";
    link.hidden = !url;
    find("submit").hidden = Boolean(url); // a client without a compose link has its own page
    say("how-long", length);
    say("left-out", shortening);
    find("shortened-note").hidden = !shortening;
    find("was-copied").hidden = true;
    find("fallback").hidden = true;
  };
  link?.addEventListener("click", () => {
    const note = find("shortened-note");
    if (note && !note.hidden) copy(part.querySelector("textarea").value, find("was-copied"));
    if (select) remember(part, select);
    // Nobody can tell for sure that nothing opened; but whoever is still here has nothing else in front of them.
    setTimeout(() => { find("fallback").hidden = !document.hasFocus(); }, HELP_AFTER);
  });
  select?.addEventListener("change", follow);
  if (select) follow();
}

function copy(text, note) {
  navigator.clipboard.writeText(text).then(() => { note.hidden = false; }, () => {});
}

// keepalive: a mailto: link may take this page away before the answer.
function remember(form, select) {
  const body = new FormData();
  body.set(select.name, select.value);
  body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  fetch(form.dataset.remember, { method: "POST", body, keepalive: true }).catch(() => {});
}
