// "Suggest one" fills the field here; without script the server does it. No signs that look alike when read out.
const ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"; // 32 signs: a byte taken modulo 32 favours none

export function start(button) {
  const field = document.getElementById(button.dataset.suggest);
  button.addEventListener("click", (event) => {
    event.preventDefault();
    const bytes = crypto.getRandomValues(new Uint8Array(10));
    field.value = [...bytes].map((byte) => ALPHABET[byte % ALPHABET.length]).join("");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  });
}
