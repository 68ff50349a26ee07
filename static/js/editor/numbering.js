/** What seats and rows are called. */

/**
 * Labels for `count` things from left to right.
 * scheme: numbers, odd, even, letters, or halves (odd outwards to the left of the middle, even to its right);
 * start: the first number or letters; isReversed: from right to left; skipped: letters left out, such as "IO".
 */
export function labels(count, { scheme, start = "", isReversed = false, skipped = "" }) {
  const found = scheme === "letters" ? lettered(count, start, skipped) : scheme === "halves" ? halves(count) : numbered(count, scheme, start);
  return isReversed ? found.reverse() : found;
}

function numbered(count, scheme, start) {
  const step = scheme === "numbers" ? 1 : 2;
  let first = Number.parseInt(start, 10);
  if (!Number.isFinite(first)) first = scheme === "even" ? 2 : 1;
  if (scheme === "odd" && first % 2 === 0) first++;
  if (scheme === "even" && first % 2 !== 0) first++;
  return Array.from({ length: count }, (_, i) => String(first + i * step));
}

function halves(count) {
  const middle = Math.ceil(count / 2);
  return Array.from({ length: count }, (_, i) => String(i < middle ? 2 * (middle - i) - 1 : 2 * (i - middle + 1)));
}

function lettered(count, start, skipped) {
  const alphabet = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"].filter((letter) => !skipped.toUpperCase().includes(letter));
  const first = positionOf(start.toUpperCase() || alphabet[0], alphabet);
  return Array.from({ length: count }, (_, i) => letters(first + i, alphabet));
}

/** A, B, …, Z, AA, AB, … counted from 0. */
function letters(position, alphabet) {
  let word = "";
  for (let rest = position + 1; rest > 0; rest = Math.floor((rest - 1) / alphabet.length)) {
    word = alphabet[(rest - 1) % alphabet.length] + word;
  }
  return word;
}

function positionOf(word, alphabet) {
  let position = 0;
  for (const letter of word) {
    const at = alphabet.indexOf(letter);
    if (at < 0) return 0;
    position = position * alphabet.length + at + 1;
  }
  return position - 1;
}

/** A label like the others that none of them has: after "C" comes "D", after "12" comes "13". */
export function following(taken) {
  const last = taken.at(-1) ?? "";
  const known = new Set(taken);
  const scheme = /^\d+$/.test(last) ? "numbers" : "letters";
  const start = /^(\d+|[A-Z]+)$/.test(last) ? last : "A";
  return labels(taken.length + 2, { scheme, start }).find((label) => !known.has(label));
}

/** "Stalls", then "Stalls 2", "Stalls 3". */
export function unlike(name, taken) {
  let label = name;
  for (let i = 2; taken.includes(label); i++) label = `${name} ${i}`;
  return label;
}
