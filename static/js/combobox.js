// The address book field: an editable combobox with a listbox and manual selection; what is chosen becomes a chip.
// The focus stays in the box while the list is open; aria-activedescendant marks the option. Keys: DESIGN, section 3.
import { isAddress, parsePeople } from "./addresses.js";
import { Chips } from "./chips.js";
import { say } from "./say.js";
import { wordsOf } from "./words.js";

const PAUSE = 120;

export function start(root) {
  new Combobox(root);
}

class Combobox {
  constructor(root) {
    this.url = root.dataset.url;
    this.input = root.querySelector(".combo input");
    this.popup = root.querySelector("[data-popup]");
    this.list = this.popup.querySelector("ul");
    this.note = this.popup.querySelector("p");
    this.words = wordsOf(root);
    this.chips = new Chips(root, this.words, () => this.input.focus());
    this.marked = -1;
    root.querySelector("[data-find]").hidden = true;
    this.#describe();
    this.#listen();
  }

  get options() {
    return [...this.list.children];
  }

  get isOpen() {
    return !this.popup.hidden && this.options.length > 0;
  }

  #describe() {
    const { input, list } = this;
    const roles = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id };
    for (const [name, value] of Object.entries(roles)) input.setAttribute(name, value);
  }

  #listen() {
    const { input, list } = this;
    input.addEventListener("input", () => {
      clearTimeout(this.pause);
      this.pause = setTimeout(() => this.#search(), PAUSE);
    });
    input.addEventListener("keydown", (event) => this.#key(event));
    input.addEventListener("paste", (event) => this.#paste(event));
    input.addEventListener("blur", () => this.#close());
    list.addEventListener("mousedown", (event) => event.preventDefault()); // the focus stays in the box
    list.addEventListener("click", (event) => {
      const option = event.target.closest('[role="option"]');
      if (option) this.#choose(option.dataset);
    });
  }

  // KEYS

  #key(event) {
    if (event.isComposing) return; // Enter and arrows belong to the input method
    const act = {
      ArrowDown: () => this.#step(1),
      ArrowUp: () => (event.altKey ? this.#close() : this.#step(-1)),
      Enter: () => this.#enter(),
      Escape: () => this.#escape(),
      ",": () => this.#addTyped(),
      ";": () => this.#addTyped(),
      Backspace: () => this.#toChips(),
    }[event.key];
    if (act && act() !== false) event.preventDefault();
  }

  #step(by) {
    if (!this.isOpen) return this.#search();
    const last = this.options.length - 1;
    const from = this.marked < 0 && by < 0 ? 0 : this.marked;
    this.#mark(from + by > last ? 0 : from + by < 0 ? last : from + by);
  }

  #enter() {
    if (this.isOpen && this.marked >= 0) this.#choose(this.options[this.marked].dataset);
    else if (this.input.value.trim() && !this.#addAll(this.input.value)) say(this.words("incomplete"));
  }

  #escape() {
    if (!this.popup.hidden) this.#close();
    else if (this.input.value) this.input.value = "";
    else return false;
  }

  #addTyped() {
    return isAddress(this.input.value.trim()) && this.#addAll(this.input.value);
  }

  #toChips() {
    if (this.input.value) return false;
    this.chips.focusLast();
  }

  #paste(event) {
    const text = event.clipboardData.getData("text");
    if (/[,;\n<]/.test(text.trim()) && this.#addAll(text)) event.preventDefault();
  }

  // CHOOSING

  #choose(person) {
    this.input.value = "";
    this.#close();
    this.chips.add(person);
    this.input.focus();
  }

  #addAll(text) {
    const { people, rest } = parsePeople(text);
    people.forEach((person) => this.#choose(person));
    if (people.length) this.input.value = rest;
    return people.length > 0;
  }

  // THE LIST

  async #search() {
    const query = this.input.value.trim();
    this.request?.abort();
    if (!query) return this.#close();
    this.request = new AbortController();
    try {
      const options = await this.#ask(query, this.request.signal);
      this.#show(options, this.words("none", { query }));
    } catch (error) {
      if (error.name !== "AbortError") this.#show([], this.words("silent"));
    }
  }

  async #ask(query, signal) {
    const url = new URL(this.url, location.href);
    url.searchParams.set("q", query);
    const answer = await fetch(url, { signal, redirect: "manual" });
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const taken = this.chips.addresses;
    return [...page.querySelectorAll('[role="option"]')].filter((option) => !taken.includes(option.dataset.address));
  }

  #show(options, none) {
    options.forEach((option, index) => { option.id = `${this.list.id}-${index}`; });
    this.list.replaceChildren(...options);
    this.list.hidden = options.length === 0;
    this.note.hidden = options.length > 0;
    this.note.textContent = none;
    this.popup.hidden = document.activeElement !== this.input;
    this.#mark(-1);
    this.input.setAttribute("aria-expanded", String(this.isOpen));
    say(options.length ? this.words("suggestions", { n: options.length }) : none);
  }

  #mark(index) {
    this.marked = index;
    this.options.forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
    if (index < 0) return this.input.removeAttribute("aria-activedescendant");
    this.input.setAttribute("aria-activedescendant", this.options[index].id);
    this.options[index].scrollIntoView({ block: "nearest" });
  }

  #close() {
    clearTimeout(this.pause);
    this.request?.abort();
    this.popup.hidden = true;
    this.#mark(-1);
    this.input.setAttribute("aria-expanded", "false");
  }
}
