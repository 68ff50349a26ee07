/** Seats that have something in common, to be selected together: the way without a pointer to what a lasso takes. */
import { KINDS, RESTRICTED, seatsOf } from "./drawing.js";

const OF_SECTIONS = { Zone: "zone", Floor: "floor", Entrance: "entrance" };
const TYPES = { VIP: "VIP seats", WHEELCHAIR: "Wheelchair spaces", COMPANION: "Companion seats" };

/** { name: () => seats } of every group there is, standing places left out. */
export function groupsOf(drawing) {
  const groups = new Map();
  const seated = drawing.sections.filter(({ kind }) => kind !== "STANDING");
  for (const section of seated) groups.set(`Section ${section.label}`, () => seatsOf(section));
  for (const [word, key] of Object.entries(OF_SECTIONS)) {
    for (const name of differing(seated.map((section) => section[key]))) {
      groups.set(`${word} ${name}`, () => seated.filter((section) => section[key] === name).flatMap(seatsOf));
    }
  }
  const all = seated.flatMap(seatsOf);
  const some = (words, passes) => all.some(passes) && groups.set(words, () => all.filter(passes));
  const category = (id) => drawing.levels[id] || drawing.homes[id].section.category;
  for (const name of differing(all.map(category))) some(`Category ${name}`, (id) => category(id) === name);
  for (const [kind, words] of Object.entries(TYPES)) some(words, (id) => KINDS[drawing.kinds[id]] === kind);
  some("Restricted view", (id) => drawing.flags[id] & RESTRICTED);
  some("Without a number", (id) => !drawing.labels[id]);
  return groups;
}

const differing = (names) => [...new Set(names)].filter(Boolean).sort();
