/** The list beside the map shows the sections of the part of the house that the map shows. */
const list = document.getElementById("list");
const table = list.querySelector("table");
const all = list.querySelector("p a");
let asked = 0;

document.addEventListener("seats:looking", async ({ detail: { floor, zone } }) => {
  const turn = ++asked;
  const address = new URL(list.dataset.sections, location);
  if (floor) address.searchParams.set("floor", floor);
  if (zone) address.searchParams.set("zone", zone);
  if (all) all.href = address;
  const found = address.search ? await sections(address) : table;
  if (found && turn === asked) list.querySelector("table").replaceWith(found);
});

/** The table of sections at an address; nothing when it does not come, and the list stays as it is. */
async function sections(address) {
  const answer = await fetch(address).catch(() => undefined);
  const page = answer?.ok && new DOMParser().parseFromString(await answer.text(), "text/html");
  return page && document.adoptNode(page.querySelector(".pick__list table"));
}
