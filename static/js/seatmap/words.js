/** Every sentence the map says, and how it writes money. Translating the map is translating this file. */
import { bare, named } from "../labels.js";

export const WORDS = {
  free: "free", taken: "taken", mine: "yours", off: "not for sale here", full: "sold out", standing: "Standing",
  zoomIn: "Zoom in", zoomOut: "Zoom out", whole: "All sections", done: "Done", more: "One more", fewer: "One fewer",
  map: "Map of the house. Each section is a link.", skip: "Skip the map", live: "Live",
  stale: "Not live at the moment. Trying again.",
  floor: "Floor", zone: "Area", all: { floor: "All floors", zone: "All areas" }, ground: "Main floor", spaces: "Wheelchair spaces",
  hint: "Choose a section to look closer.",
  failed: "The map could not be loaded. Choose from the list.", again: "Try the map again",
  keys: "Arrow keys move, Space chooses, Escape leaves.",
  flags: { wheelchair: "wheelchair space", companion: "companion seat", restricted: "restricted view", vip: "VIP" },
  key: { free: "Free", taken: "Taken", mine: "Yours", wheelchair: "Wheelchair space", companion: "Companion", restricted: "Restricted view", OFF: "Not for sale here", LOST: "Just taken" },
};

/** Sentences with figures in them. Money is in minor units inside the map and decimal text outside. */
export function speak({ locale, currency }) {
  const format = new Intl.NumberFormat(locale, { style: "currency", currency });
  const { format: figure } = new Intl.NumberFormat(locale); // made once: making one costs more than using it
  const digits = format.resolvedOptions().maximumFractionDigits;
  const money = (minor) => format.format(minor / 10 ** digits);
  const some = (n, noun) => `${figure(n)} ${noun}${n === 1 ? "" : "s"}`;
  const sentence = (text) => text[0].toUpperCase() + text.slice(1);
  const section = ({ label }) => (label.length <= 3 || /^\d/.test(label) ? `Section ${label}` : label);
  const rowName = ({ label, section: { kind } }) => named(label, kind === "TABLES" ? "table" : "row");
  const left = (sum, { standing }) => (sum.left ? `${some(sum.left, standing ? "place" : "seat")} left` : sum.offered ? WORDS.full : WORDS.off);
  return {
    money, section,
    part: ({ floor, zone, name }) => [floor === "" ? WORDS.ground : floor, zone].filter(Boolean).join(", ") || name,
    spaces: (sums) => `${some(sums.reduce((sum, { spaces }) => sum + spaces, 0), "wheelchair space")} left. The list shows where.`,
    left, sentence,
    minor: (text) => Math.round(Number(text) * 10 ** digits),
    summary: (it, sum) => `${section(it)}, ${left(sum, it)}${sum.left ? `, from ${money(sum.from)}` : ""}${sum.spaces ? `, ${some(sum.spaces, "wheelchair space")}` : ""}`,
    seat: (row, seat) => `${row.label && `${rowName(row)}, `}${named(seat, "seat")}`,
    short: (n) => (n ? `${figure(n)} left` : "Full"),
    yours: (n) => `${n} yours`,
    places: (n) => some(n, "place"),
    chosen: (n, areStanding) => some(n, areStanding && n ? "place" : "seat"),
    max: (n) => `You can book ${n} at a time. Remove one to choose another.`,
    changed: (name, isMine, n, total) => `${name} ${isMine ? "added" : "removed"}. ${figure(n)} chosen, ${money(total)}.`,
    about: ({ zone, entrance, view_note: view }) => [zone, entrance && `${bare(entrance, "Entrance")} entrance`, view && `View from here: ${view}`].filter(Boolean).join(" · "),
    repriced: (total) => `A price has changed. Your seats are ${money(total)} now. Nothing has been charged.`,
    gap: ([first, ...more]) => `${first}${more.length ? ` and ${more.length} more` : ""} would be left so that nobody could take ${more.length ? "them" : "it"}.`,
    remove: (name) => `Remove ${name}`,
  };
}
