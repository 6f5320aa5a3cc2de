// Every page works without scripts. Each behaviour is one file, fetched only where its attribute stands.
const BEHAVIOURS = {
  "[data-before-inviting]": () => import("./before-inviting.js"),
  "[data-browser-zone]": () => import("./browser-zone.js"),
  "[data-clocks]": () => import("./clock-warnings.js"),
  "[data-combo]": () => import("./combobox.js"),
  "[data-copy], [data-copy-text]": () => import("./copy.js"),
  "[data-countdown]": () => import("./countdown.js"),
  "[data-dates]": () => import("./next-dates.js"),
  "[data-errors]": () => import("./errors.js"),
  "[data-heartbeat]": () => import("./heartbeat.js"),
  "[data-local-time]": () => import("./local-time.js"),
  "[data-mail-client]": () => import("./mail-client.js"),
  "[data-menu]": () => import("./menu.js"),
  "[data-panel]": () => import("./panel.js"),
  "[data-print]": () => import("./print.js"),
  "[data-refresh]": () => import("./refresh.js"),
  "[data-retry]": () => import("./retry.js"),
  "[data-schedule]": () => import("./schedule-summary.js"),
  "[data-shows]": () => import("./show-password.js"),
  "[data-suggest]": () => import("./suggest-password.js"),
  "[data-words]": () => import("./ledger.js"),
  "[data-zone-check]": () => import("./zone-check.js"),
  "form": () => import("./busy-submit.js"),
};

function wake(part) {
  for (const [selector, load] of Object.entries(BEHAVIOURS)) {
    const places = [part, ...part.querySelectorAll(selector)].filter((place) => place.matches?.(selector));
    if (places.length) load().then((behaviour) => places.forEach(behaviour.start));
  }
}

wake(document);
// refresh.js puts new parts into the page.
document.addEventListener("renewed", (event) => wake(event.target));
