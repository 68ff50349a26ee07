/** What is looked for on the map is looked for in the list beside it and in the form for the best seats as well. */
import { showCounts } from "./counts.js";

const list = document.getElementById("list");
const table = list.querySelector("table");
const all = list.querySelector("p a");
const { level, section, wheelchair } = document.querySelector(".best").elements;
const ticks = [...document.querySelectorAll("input[data-level]")];
const store = `unticked ${location.pathname}`;
const anyPrice = level.options[0];
const anyWords = anyPrice.textContent;
let asked = 0;

document.addEventListener("seats:looking", async ({ detail: { floor, zone, spaces } }) => {
  const turn = ++asked;
  const address = new URL(list.dataset.sections, location);
  if (floor) address.searchParams.set("floor", floor);
  if (zone) address.searchParams.set("zone", zone);
  if (spaces) address.searchParams.set("spaces", 1);
  if (all) all.href = address;
  if (wheelchair) wheelchair.checked = spaces;
  const found = address.search ? await sections(address) : table;
  if (!found || turn !== asked) return;
  list.querySelector("table").replaceWith(found);
  showCounts();
  section.value = floor || zone ? nearest() : "";
});

/** The table of sections at an address; nothing when it does not come, and the list stays as it is. */
async function sections(address) {
  const answer = await fetch(address).catch(() => undefined);
  const page = answer?.ok && new DOMParser().parseFromString(await answer.text(), "text/html");
  return page && document.adoptNode(page.querySelector(".pick__list table"));
}

/** The section of the list's first line that is in the form; the list has the nearest first. */
function nearest() {
  const rows = [...list.querySelectorAll("[data-section]")].map((row) => row.dataset.section);
  return rows.find((position) => [...section.options].some(({ value }) => value === position)) ?? "";
}

/**
 * The form takes no price that is unticked. "Any price" then means any of those ticked where that can be said as "up
 * to" the dearest of them; where it cannot, one of them is to be chosen.
 */
function offerTicked() {
  const wanted = ticks.filter(({ checked }) => checked).map((tick) => tick.dataset.level);
  const ours = [...level.options].filter((option) => option !== anyPrice);
  const isAsked = (option) => !wanted.length || wanted.includes(option.dataset.position);
  const dearest = Math.max(...ours.filter(isAsked).map(amountOf));
  const isNarrowed = !ours.every(isAsked);
  for (const option of ours) option.disabled = !isAsked(option);
  anyPrice.disabled = ours.some((option) => !isAsked(option) && amountOf(option) <= dearest);
  anyPrice.value = isNarrowed && !anyPrice.disabled ? `:${dearest}` : "";
  anyPrice.textContent = isNarrowed ? "Any of those ticked" : anyWords;
  if (level.selectedOptions[0]?.disabled ?? true) level.value = (anyPrice.disabled ? ours.find(isAsked) : anyPrice).value;
}

const amountOf = ({ value }) => Number(value.split(":")[1]);

/** Which are unticked outlives the page in this tab. */
function remember() {
  const unticked = ticks.filter(({ checked }) => !checked).map((tick) => tick.dataset.level);
  try {
    sessionStorage.setItem(store, unticked);
  } catch {
    // a browser that keeps nothing
  }
}

function remembered() {
  try {
    return (sessionStorage.getItem(store) ?? "").split(",");
  } catch {
    return [];
  }
}

for (const tick of ticks) {
  tick.checked = !remembered().includes(tick.dataset.level);
  tick.addEventListener("change", () => {
    remember();
    offerTicked();
    setTimeout(showCounts); // after the map, which hears of it later
  });
}
offerTicked();
