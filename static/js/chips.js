// The chosen people: chips with a hidden field each, a counter, and the note that says how many get an e-mail.
import { say } from "./say.js";

const MANY = 12;

export class Chips {
  constructor(root, words, whenEmpty) {
    this.list = root.querySelector(".chips");
    this.pattern = root.querySelector("template[data-chip]").content.firstElementChild;
    this.counter = root.querySelector("[data-counter]");
    this.removeAll = root.querySelector('button[name="remove"][value="all"]');
    this.note = root.closest("form").querySelector("[data-invite-note]");
    this.words = words;
    this.whenEmpty = whenEmpty;
    this.list.addEventListener("click", (event) => this.#pressed(event));
    this.removeAll.addEventListener("click", (event) => this.#clear(event));
    this.#count();
  }

  get addresses() {
    const fields = [...this.list.querySelectorAll('input[name="to"]')];
    return fields.map(({ value }) => value.match(/<([^<>]+)>$/)?.[1] ?? value);
  }

  // `typed`: address and name as they were pasted, where no contact says the name.
  add({ address, name, count, typed = address }) {
    const same = address.toLowerCase();
    if (!this.addresses.some((known) => known.toLowerCase() === same)) this.list.append(this.#make(typed, name, count));
    this.#count();
    this.#tell("added", name);
  }

  focusLast() {
    this.list.lastElementChild?.querySelector("button").focus();
  }

  #make(posted, name, count) {
    const chip = document.importNode(this.pattern, true);
    chip.querySelector("input").value = posted;
    chip.querySelector("bdi").textContent = name;
    if (count) {
      const people = document.createElement("small");
      people.textContent = this.words("people", { n: Number(count) });
      chip.querySelector("bdi").after(people);
      chip.dataset.count = count;
    }
    const role = chip.querySelector("select");
    if (role) {
      role.name = `role:${posted}`;
      role.setAttribute("aria-label", this.words("role", { name }));
    }
    const button = chip.querySelector("button");
    button.value = posted;
    button.setAttribute("aria-label", this.words("remove", { name }));
    return chip;
  }

  #pressed(event) {
    const button = event.target.closest('button[name="remove"]');
    if (!button) return;
    event.preventDefault();
    const chip = button.closest("li");
    const neighbour = chip.nextElementSibling ?? chip.previousElementSibling;
    chip.remove();
    this.#count();
    if (neighbour) neighbour.querySelector("button").focus();
    else this.whenEmpty();
    this.#tell("removed", chip.querySelector("bdi").textContent);
  }

  #clear(event) {
    event.preventDefault();
    this.list.replaceChildren();
    this.#count();
    this.whenEmpty();
    say(this.words("chosen", { n: 0 }));
  }

  #count() {
    const chips = [...this.list.children];
    const people = chips.reduce((sum, chip) => sum + Number(chip.dataset.count), 0);
    this.counter.textContent = this.words("chosen", { n: chips.length });
    this.list.classList.toggle("many", chips.length > MANY);
    this.removeAll.hidden = chips.length <= MANY;
    if (this.note) this.note.textContent = people ? this.words("will", { n: people }) : this.words("nobody");
  }

  #tell(key, name) {
    say(`${this.words(key, { name })} ${this.words("chosen", { n: this.list.children.length })}.`);
  }
}
