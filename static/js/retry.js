// The room did not answer: the form sends itself once more after so many seconds, unless somebody looks elsewhere or is
// typing.
export function start(form) {
  setTimeout(function again() {
    if (document.hidden || form.querySelector("input:focus")) return setTimeout(again, 1000);
    form.requestSubmit();
  }, Number(form.dataset.retry) * 1000);
}
