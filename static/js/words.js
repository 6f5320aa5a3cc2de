// The sentences of a script stand in its part of the page, in a template, so that they are translated with it.
// A counted sentence stands there once for each of several numbers; the one whose plural form fits is taken.
const rules = new Intl.PluralRules(document.documentElement.lang);

export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (hole, name) => values[name] ?? hole);
}

export function wordsOf(part) {
  const sentences = part.querySelector("template[data-sentences]").content;
  return (key, values = {}) => {
    const forms = [...sentences.querySelectorAll(`[data-word="${key}"]`)];
    const fits = (form) => rules.select(Number(form.dataset.n)) === rules.select(values.n);
    return fill((values.n === undefined ? forms[0] : forms.find(fits) ?? forms.at(-1)).textContent, values);
  };
}
