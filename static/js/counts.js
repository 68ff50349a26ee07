/**
 * What the page says beside the map is what the map shows: places left and prices, of the house, of each price level
 * and of each section in the list. Until the map is there, and without it, it is what the server said.
 */
const { format: figure } = new Intl.NumberFormat(document.documentElement.lang);
let latest;

document.addEventListener("seats:counted", ({ detail }) => {
  latest = detail;
  showCounts();
});

/** Writes the map's latest figures into the page, also into what came later than they. */
export function showCounts() {
  if (!latest) return;
  showHouse(latest);
  showLevels(latest);
  document.querySelectorAll("[data-section]").forEach((row) => showSection(row, latest));
}

function showHouse({ seats: { sums }, words }) {
  const left = sums.reduce((sum, section) => sum + section.left, 0);
  for (const part of document.querySelectorAll("[data-left]")) {
    say(part, words.left({ left, offered: true }, { standing: part.dataset.left === "place" }));
  }
  const spaces = sums.reduce((sum, section) => sum + section.spaces, 0);
  for (const part of document.querySelectorAll("[data-spaces-left]")) say(part, figure(spaces));
}

function showLevels({ seats: { byPosition }, words }) {
  for (const part of document.querySelectorAll("[data-level-left]")) {
    const { left, offered } = byPosition[part.dataset.levelLeft];
    if (offered) say(part, words.short(left));
  }
  for (const part of document.querySelectorAll("[data-level-price]")) {
    const { low, high } = byPosition[part.dataset.levelPrice];
    if (low < Infinity) say(part, words.money(low) + (high > low ? `–${words.money(high)}` : ""));
  }
}

/** A row of the list; one whose free places are all of prices that are not asked for is dimmed. */
function showSection(row, { seats, geo, words }) {
  const section = geo.sections[row.dataset.section];
  if (!section) return; // the list came of a newer drawing
  const { left, from } = seats.sums[section.index];
  const [, places, price, together] = row.cells;
  row.classList.toggle("is-dim", left > 0 && seats.isDim(section));
  row.classList.toggle("is-gone", !left);
  say(places, left ? figure(left) : "Full");
  say(price, left ? words.money(from) : "–");
  say(together, left && !section.standing ? String(longestRun(seats, section)) : "–");
}

/** How many free seats stand side by side at most. */
function longestRun(seats, { rows }) {
  let longest = 0;
  for (const { first, count, blocks } of rows) {
    let run = 0;
    for (let nth = 0; nth < count; nth++) {
      if (blocks.includes(nth)) run = 0;
      run = seats.status[first + nth] === 0 ? run + 1 : 0;
      if (run > longest) longest = run;
    }
  }
  return longest;
}

/** What is written anew is drawn, and perhaps read, anew. */
const say = (part, words) => part.textContent !== words && (part.textContent = words);
