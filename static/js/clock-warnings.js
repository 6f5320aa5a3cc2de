// The schedule form: what the clocks of others make of date and time follows what is typed; the server knows the words.
const PAUSE = 400;
const ASKED = "[name=repeat], [name=date], [name=start], [name=duration]";

export function start(part) {
  const form = part.closest("form");
  let timer;
  let asked = 0;
  const show = async () => {
    const mine = ++asked;
    const text = await answer(part.dataset.clocks, form).catch(() => null);
    if (text === null || mine !== asked) return;
    part.replaceChildren(...new DOMParser().parseFromString(text, "text/html").querySelector("[data-clocks]").children);
  };
  form.addEventListener("input", ({ target }) => {
    if (!target.closest("details, .dated")?.querySelector(ASKED)) return;
    clearTimeout(timer);
    timer = setTimeout(show, PAUSE);
  });
}

async function answer(url, form) {
  const response = await fetch(url, { method: "POST", body: new FormData(form), redirect: "manual" });
  return response.ok ? response.text() : null;
}
