// The error summary takes the focus, so that it is the first thing read out.
export function start(box) {
  box.focus();
}
