// What the server makes of a form that is still being filled in: asked after a pause, and only the newest answer counts.
export function whileTyping(form, { url, fields, pause, show }) {
  let timer;
  let asked = 0;
  const ask = async () => {
    const mine = ++asked;
    const text = await answer(url, form).catch(() => null);
    if (text !== null && mine === asked) show(new DOMParser().parseFromString(text, "text/html"));
  };
  form.addEventListener("input", ({ target }) => {
    if (!target.closest("details, .dated")?.querySelector(fields)) return;
    clearTimeout(timer);
    timer = setTimeout(ask, pause);
  });
  return ask;
}

async function answer(url, form) {
  const response = await fetch(url, { method: "POST", body: new FormData(form), redirect: "manual" });
  return response.ok ? response.text() : null;
}
