// The schedule form: what the clocks of others make of date and time follows what is typed; the server knows the words.
import { whileTyping } from "./while-typing.js";

export function start(part) {
  whileTyping(part.closest("form"), {
    url: part.dataset.clocks,
    fields: "[name=repeat], [name=date], [name=start], [name=duration]",
    pause: 400,
    show: (page) => part.replaceChildren(...page.querySelector("[data-clocks]").children),
  });
}
