/**
 * Whether the choice leaves places that could hardly be sold, as the server will judge it (inventory/picking/splits.py):
 * only a hint while somebody chooses. Benches and runs are [from, to) pairs of ordinals, each place beside the next.
 */
const SIZES = { NO_SINGLES: [2, 3], PAIRS: [2] }; // whose sums are what can be left

/** The ordinals left like that. split: the event's rule; splitSizes: its own numbers, "2,3", if it has some. */
export function gaps({ rows }, seats, { split, splitSizes }) {
  const { mine } = seats;
  const sizes = SIZES[split] ?? splitSizes?.split(",").map(Number) ?? [];
  const isSold = { PAIRS: mine.size % 2 === 0, CUSTOM: sizes.includes(mine.size) }[split] ?? sizes[0];
  if (!mine.size || !isSold) return [];
  const isOdd = unsaleable(sizes);
  const isOpen = (i) => seats.isFree(i) && !seats.isSpace(i);
  const odd = (bench, are) => runs(bench, are).filter(([from, to]) => isOdd(to - from));
  const all = rows.flatMap(benches);
  const left = all.filter(([from, to]) => [...mine].some((i) => i >= from && i < to)).flatMap((bench) => {
    const before = odd(bench, isOpen);
    const after = odd(bench, (i) => isOpen(i) && !mine.has(i));
    return after.length > before.length ? after.filter((run) => !before.some((old) => `${old}` === `${run}`)) : [];
  });
  return left.length && all.some(isBetter) ? left.flatMap(([from, to]) => Array.from({ length: to - from }, (_, n) => from + n)) : [];

  /** Whether as many places side by side, not dearer, could be had on this bench without doing harm. */
  function isBetter(bench) {
    const dearest = Math.max(...[...mine].map((i) => seats.price(i)));
    return runs(bench, isOpen).some(([from, to]) => {
      let since = from; // all are offered since then
      for (let end = from + 1; end <= to; end++) {
        if (seats.isForWheelchairs(end - 1) || seats.price(end - 1) > dearest) since = end;
        const start = end - mine.size;
        if (start >= since && isOdd(start - from) + isOdd(to - end) <= isOdd(to - from)) return true;
      }
      return false;
    });
  }
}

/** Tells whether so many places are no sum of these sizes. */
function unsaleable(sizes) {
  const sums = [true];
  return (length) => {
    while (sums.length <= length) sums.push(sizes.some((size) => sums[sums.length - size]));
    return !sums[length];
  };
}

/** Places to stand are beside nobody. */
const benches = ({ first, count, blocks, section }) =>
  section.standing ? [] : blocks.map((start, nth) => [first + start, first + (blocks[nth + 1] ?? count)]);

function runs([from, to], isOpen) {
  const found = [];
  for (let i = from, start = from; i <= to; i++) {
    if (i < to && isOpen(i)) continue;
    if (i > start) found.push([start, i]);
    start = i + 1;
  }
  return found;
}
