// "Invite participants" becomes a real link that follows the drop-down: one press opens the compose window at once.
// Before it opens, a shortened letter's whole text is copied; the choice is remembered in passing.
const HELP_AFTER = 2000;

export function start(form) {
  const select = form.querySelector("select");
  const link = form.querySelector("[data-open]");
  const find = (name) => form.querySelector(`[data-${name}]`);

  const follow = () => {
    const { url, target, shortened } = select.selectedOptions[0].dataset;
    link.href = url ?? "";
    link.target = target ?? "";
    link.rel = "noopener noreferrer";
    find("new-tab").hidden = target !== "_blank";
    find("shortened-note").hidden = true;
    link.hidden = !url;
    find("submit").hidden = Boolean(url); // a client without a compose link has its own page
    link.dataset.shortened = shortened === undefined ? "" : "1";
  };
  link.addEventListener("click", () => {
    if (link.dataset.shortened) copy(form.querySelector("textarea").value, find("shortened-note"));
    remember(form, select);
    setTimeout(() => { find("fallback").hidden = false; }, HELP_AFTER);
  });
  select.addEventListener("change", follow);
  follow();
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
