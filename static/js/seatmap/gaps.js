/**
 * Whether the choice leaves places that could hardly be sold, as the server will judge it (inventory/picking/splits.py):
 * only a hint while somebody chooses. Runs are [from, to) pairs of ordinals, each place beside the next.
 */
import { rowOf } from "./geometry.js";

const SIZES = { NO_SINGLES: [2, 3], PAIRS: [2] }; // whose sums are what can be left

/** The ordinals left like that. split: the event's rule; sizes: its own numbers, "2,3", if it has some. */
export function gaps(geo, seats, { split, splitSizes }) {
  const sizes = SIZES[split] ?? splitSizes?.split(",").map(Number) ?? [];
  const isOdd = unsaleable(sizes);
  const { mine } = seats;
  if (!sizes[0] || !isSold(mine.size, split, sizes)) return [];
  const isTaking = (i) => seats.isFree(i) && !seats.isSpace(i);
  const odd = (bench, isOpen) => runs(bench, isOpen).filter(([from, to]) => isOdd(to - from));
  const left = touched(geo, mine).flatMap((bench) => {
    const before = odd(bench, isTaking);
    const after = odd(bench, (i) => isTaking(i) && !mine.has(i));
    return after.length > before.length ? after.filter((run) => !before.some((old) => String(old) === String(run))) : [];
  });
  return left.length && couldBeBetter() ? left.flatMap(([from, to]) => Array.from({ length: to - from }, (_, n) => from + n)) : [];

  /** Whether as many places side by side, not dearer, could be had without doing harm. */
  function couldBeBetter() {
    const dearest = Math.max(...[...mine].map((i) => seats.price(i)));
    const isOffered = (i) => seats.isPlain(i) && seats.price(i) <= dearest;
    return geo.rows.some((row) => benches(row).some((bench) => runs(bench, isTaking).some(([from, to]) => {
      let since = from; // as far back as all are offered
      for (let end = from + 1; end <= to; end++) {
        if (!isOffered(end - 1)) since = end;
        const start = end - mine.size;
        if (start >= since && isOdd(start - from) + isOdd(to - end) <= isOdd(to - from)) return true;
      }
      return false;
    })));
  }
}

const isSold = (size, split, sizes) => (split === "CUSTOM" ? sizes.includes(size) : split !== "PAIRS" || size % 2 === 0);

/** Tells whether so many places are no sum of these sizes. */
function unsaleable(sizes) {
  const sums = [true];
  return (length) => {
    while (sums.length <= length) sums.push(sizes.some((size) => sums[sums.length - size]));
    return !sums[length];
  };
}

/** The benches of a row. Places to stand are beside nobody. */
const benches = ({ first, count, blocks, section }) =>
  section.standing ? [] : blocks.map((start, nth) => [first + start, first + (blocks[nth + 1] ?? count)]);

function touched(geo, ordinals) {
  const found = [...ordinals].flatMap((i) => benches(rowOf(geo, i)).filter(([from, to]) => i >= from && i < to));
  return [...new Map(found.map((bench) => [bench[0], bench])).values()];
}

function runs([from, to], isOpen) {
  const found = [];
  for (let i = from, start = from; i <= to; i++) {
    if (i < to && isOpen(i)) continue;
    if (i > start) found.push([start, i]);
    start = i + 1;
  }
  return found;
}
