/**
 * Whether the choice leaves free seats that could hardly be sold. Only a hint while somebody chooses: the server
 * judges, and forgives where nothing better is left.
 */
import { rowOf } from "./geometry.js";

const CANNOT_BE_SOLD = { NO_SINGLES: (length) => length === 1, PAIRS: (length) => length % 2 === 1 };

/** The ordinals left like that beside what is mine, by the event's rule. */
export function gaps(geo, seats, rule) {
  const isOdd = CANNOT_BE_SOLD[rule];
  if (!isOdd || (rule === "PAIRS" && seats.mine.size % 2)) return [];
  const left = new Set();
  for (const i of seats.mine) {
    for (const step of [-1, 1]) {
      const run = runFrom(geo, seats, i, step);
      if (isOdd(run.length)) run.forEach((at) => left.add(at));
    }
  }
  return [...left].sort((a, b) => a - b);
}

/** The free seats beside one, in one direction, up to what is taken, mine, or the end of its block. */
function runFrom(geo, seats, from, step) {
  const row = rowOf(geo, from);
  if (row.section.standing) return [];
  const isNear = (at) => at >= row.first && at < row.first + row.count && blockOf(row, at) === blockOf(row, from);
  const run = [];
  for (let at = from + step; isNear(at) && seats.isFree(at) && !seats.mine.has(at); at += step) run.push(at);
  return run;
}

const blockOf = ({ first, blocks }, at) => blocks.findLastIndex((start) => start <= at - first);
