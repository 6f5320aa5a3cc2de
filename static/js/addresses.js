// What people paste: several addresses, also "Name <address>", separated by commas, semicolons or lines.
// Only a first look, so that chips can be made; the server checks every address.
const ADDRESS = /^[^\s@,;<>"]+@[^\s@,;<>"]+\.[^\s@,;<>"]+$/;
const NAMED = /^(.*?)<([^<>]+)>$/s;
const ONE = /(?:"[^"]*"|[^",;\n])+/g;

export const isAddress = (text) => ADDRESS.test(text);

// -> { people: [{ name, address, typed: what the form posts }], rest: the text that holds no address }
export function parsePeople(text) {
  const people = [];
  const rest = [];
  for (const part of (text.match(ONE) ?? []).map((piece) => piece.trim()).filter(Boolean)) {
    const [, name, inner] = part.match(NAMED) ?? [part, "", part];
    const address = inner.trim();
    const said = name.replaceAll('"', "").trim();
    if (isAddress(address)) people.push({ name: said || address, address, typed: said ? `"${said}" <${address}>` : address });
    else rest.push(part);
  }
  return { people, rest: rest.join(", ") };
}
