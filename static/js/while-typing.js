// What the server makes of a form that is still being filled in: asked after a pause, and only the newest answer counts.
export function whileTyping(form, { url, fields, pause, show }) {
  let timer;
  const ask = asking(form, { url, show });
  form.addEventListener("input", ({ target }) => {
    if (!target.closest("details, .dated")?.querySelector(fields)) return;
    clearTimeout(timer);
    timer = setTimeout(ask, pause);
  });
  return ask;
}

// A function that asks once.
export function asking(form, { url, show }) {
  let asked = 0;
  return async () => {
    const mine = ++asked;
    const text = await answer(url, form).catch(() => null);
    if (text !== null && mine === asked) show(new DOMParser().parseFromString(text, "text/html"));
  };
}

async function answer(url, form) {
  const response = await fetch(url, { method: "POST", body: new FormData(form), redirect: "manual" });
  return response.ok ? response.text() : null;
}
