/**
 * The immutable part of a map: where every place of a layout version lies and what it is called.
 * Units: plan units, 20 to a seat pitch. Ordinals count section, row, physical index, from 0.
 */
export const PITCH = 20;

/** Read a layout file (TSG1). Throws an Error when the bytes are not one. */
export function decode(buffer) {
  const bytes = new Uint8Array(buffer);
  if (String.fromCharCode(...bytes.subarray(0, 4)) !== "TSG1") throw new Error("Not a layout file");
  const length = new DataView(buffer).getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const start = 8 + length + (length & 1);
  const count = header.count;
  if (bytes.length < start + 4 * count) throw new Error("The layout file is cut short");
  const rows = header.sections.flatMap((section) => section.rows);
  const plane = (n) => bytes.subarray(start + n * count, start + (n + 1) * count);
  const xs = integrate(plane(0), plane(1), rows);
  const ys = integrate(plane(2), plane(3), rows);
  return assemble(header, xs, ys);
}

/** Undo second differences, row by row, modulo 65536. */
function integrate(low, high, rows) {
  const out = new Uint16Array(low.length);
  for (const { first, count } of rows) {
    let value = 0;
    let step = 0;
    for (let i = 0; i < count; i++) {
      const stored = low[first + i] | (high[first + i] << 8);
      step = i < 2 ? stored * i : step + stored;
      value = i ? value + step : stored;
      out[first + i] = value;
    }
  }
  return out;
}

function assemble(header, xs, ys) {
  const geo = { ...header, xs, ys, rows: [] };
  geo.flags = new Map(Object.entries(header.flags).map(([ordinal, words]) => [Number(ordinal), words.split(" ")]));
  geo.disclosures = new Map(Object.entries(header.disclosures ?? {}).map(([ordinal, text]) => [Number(ordinal), text]));
  geo.sections = header.sections.map((raw, index) => {
    const section = { ...raw, index, standing: raw.kind === "STANDING" };
    section.rows = raw.rows.map((row, nth) => ({ ...row, nth, section, box: boxOf(xs, ys, row) }));
    section.box = union([boxOf(xs, ys, raw), ...raw.outline.map(pointBox)]);
    section.anchor = anchorOf(section, xs, ys);
    geo.rows.push(...section.rows);
    return section;
  });
  geo.shapes = header.shapes.map((shape) => ({ ...shape, box: shapeBox(shape) }));
  const kinds = (of) => [...new Set(geo.sections.map(of))];
  geo.floors = kinds(({ floor }) => floor);
  geo.zones = kinds(({ floor, zone }) => `${floor} ${zone}`).length > geo.floors.length ? kinds(({ zone }) => zone).filter(Boolean) : [];
  geo.isStacked = isStacked(geo.sections);
  return lookAt(geo, {});
}

/**
 * Look at a floor, a zone, what is both, or at all the house: `shown` sections, and the `box` around them. Where floor
 * and zone have nothing in common, the one that is looked at already gives way.
 */
export function lookAt(geo, { floor, zone }) {
  const { sections, shapes, isStacked } = geo;
  floor ??= isStacked ? sections.find((section) => [undefined, section.zone].includes(zone)).floor : undefined;
  const shown = sections.filter((section) => [undefined, section.floor].includes(floor) && [undefined, section.zone].includes(zone));
  if (!shown.length) return lookAt(geo, floor === geo.floor ? { zone } : { floor });
  const isWhole = zone === undefined && (floor === undefined || isStacked);
  return Object.assign(geo, { floor, zone, shown, box: union([...shown, ...(isWhole ? shapes : [])].map(({ box }) => box)) });
}

/** Whether one floor is drawn over another, so that they cannot be looked at together. */
function isStacked(sections) {
  const covers = (a, b) => a.floor !== b.floor && within(a.box, ...b.anchor) && inside(a.outline, ...b.anchor);
  return sections.some((a) => sections.some((b) => covers(a, b)));
}

/** The table whose chairs a row is, { x, y, rx, ry } within them; nothing when the drawing has something there. */
export function tableOf({ shapes }, { box: [l, t, r, b] }) {
  const [x, y] = [(l + r) / 2, (t + b) / 2];
  if (shapes.some((shape) => shape.kind !== "text" && within(shape.box, x, y))) return undefined;
  const half = (from, to) => Math.max((to - from) / 2 - 0.62 * PITCH, 0.4 * PITCH);
  return { x, y, rx: half(l, r), ry: half(t, b) };
}

/* ---------- boxes: [left, top, right, bottom] ---------- */

function boxOf(xs, ys, { first, count }) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = first; i < first + count; i++) {
    if (xs[i] < box[0]) box[0] = xs[i];
    if (ys[i] < box[1]) box[1] = ys[i];
    if (xs[i] > box[2]) box[2] = xs[i];
    if (ys[i] > box[3]) box[3] = ys[i];
  }
  return box;
}

const pointBox = ([x, y]) => [x, y, x, y];
const shapeBox = ({ points, x, y, w, h }) => (points ? union(points.map(pointBox)) : [x, y, x + w, y + h]);

const union = (boxes) => boxes.reduce((a, b) => [
  Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3]),
]);

/** Whether a point lies in a box, or at most `reach` outside. */
export const within = ([l, t, r, b], x, y, reach = 0) => x >= l - reach && x <= r + reach && y >= t - reach && y <= b + reach;

export function rowOf(geo, ordinal) {
  let low = 0;
  let high = geo.rows.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (geo.rows[middle].first <= ordinal) low = middle;
    else high = middle - 1;
  }
  return geo.rows[low];
}

export function seatLabel(row, ordinal) {
  const nth = ordinal - row.first;
  const { numbers } = row;
  return String(Array.isArray(numbers) ? numbers[nth] : numbers.start + nth * numbers.step);
}

/** The seat (not a standing place) nearest to a point of the plan within reach, or -1. */
export function seatAt(geo, x, y, reach) {
  let best = -1;
  let least = reach * reach;
  for (const section of geo.shown) {
    if (section.standing || !within(section.box, x, y, reach)) continue;
    for (const row of section.rows) {
      if (!within(row.box, x, y, reach)) continue;
      for (let i = row.first; i < row.first + row.count; i++) {
        const far = (geo.xs[i] - x) ** 2 + (geo.ys[i] - y) ** 2;
        if (far < least) [best, least] = [i, far];
      }
    }
  }
  return best;
}

export function sectionAt(geo, x, y) {
  return geo.shown.find(({ box, outline }) => within(box, x, y) && inside(outline, x, y));
}

/** Where a line across the plan (axis 1: y is at; axis 0: x is at) cuts an outline. */
export function crossings(outline, at, axis = 1) {
  const cuts = [];
  let a = outline.at(-1);
  for (const b of outline) {
    const [from, to] = [a[1 - axis], b[1 - axis]];
    if (a[axis] > at !== b[axis] > at) cuts.push(from + ((at - a[axis]) * (to - from)) / (b[axis] - a[axis]));
    a = b;
  }
  return cuts;
}

const inside = (outline, x, y) => crossings(outline, y).filter((cut) => cut > x).length % 2 === 1;

/** Where the label of a section goes: its centroid, or the middle seat of one that bends around it. */
function anchorOf({ outline, first, count }, xs, ys) {
  let [area, x, y] = [0, 0, 0];
  outline.forEach(([bx, by], i) => {
    const [ax, ay] = outline.at(i - 1);
    const cross = ax * by - bx * ay;
    area += cross * 3;
    x += (ax + bx) * cross;
    y += (ay + by) * cross;
  });
  const middle = first + (count >> 1);
  return inside(outline, x / area, y / area) ? [x / area, y / area] : [xs[middle], ys[middle]];
}
