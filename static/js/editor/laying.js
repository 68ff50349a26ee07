/** Where seats go: rows, blocks, bends, tables, standing places, turns and mirrors. Pure; points are [x, y]. */
import { crossings } from "../seatmap/geometry.js";
import { boxOf, middleOf, shapeBox } from "./drawing.js";

const TURN = Math.PI / 180;
export const far = (a, b) => Math.hypot(b[0] - a[0], b[1] - a[1]);

/** `count` points from one point to another. */
export function between(a, b, count) {
  const step = (i) => (count > 1 ? i / (count - 1) : 0.5);
  return Array.from({ length: count }, (_, i) => [a[0] + (b[0] - a[0]) * step(i), a[1] + (b[1] - a[1]) * step(i)]);
}

/** `count` points with a pitch around a middle, in a direction in degrees clockwise from the right. */
export function inRow(middle, count, pitch, degrees = 0) {
  const half = ((count - 1) * pitch) / 2;
  const [x, y] = middle;
  return rotated(between([x - half, y], [x + half, y], count), degrees, middle);
}

/** Rows of points, the first one around the middle of the front, the others behind it. */
export function inBlock(front, { rows, seats, pitch, depth, degrees = 0 }) {
  return Array.from({ length: rows }, (_, i) => {
    const [middle] = rotated([[front[0], front[1] + i * depth]], degrees, front);
    return inRow(middle, seats, pitch, degrees);
  });
}

export function rotated(points, degrees, [cx, cy]) {
  const [cos, sin] = [Math.cos(degrees * TURN), Math.sin(degrees * TURN)];
  return points.map(([x, y]) => [cx + (x - cx) * cos - (y - cy) * sin, cy + (x - cx) * sin + (y - cy) * cos]);
}

/** Left and right exchanged (axis 0) or up and down (axis 1), around a middle. */
export const mirrored = (points, axis, middle) => points.map((point) => point.map((value, i) => (i === axis ? 2 * middle[i] - value : value)));

export const shifted = (points, dx, dy) => points.map(([x, y]) => [x + dx, y + dy]);

/** The point between two. */
export const halfway = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];

/* ---------- shapes ---------- */

const LEAST = 1; // plan units across

/** The four corners of a shape's box, as it is turned. */
export function frameOf(shape) {
  const [l, t, r, b] = shapeBox(shape);
  const corners = [[l, t], [r, t], [r, b], [l, b]];
  return shape.points.length ? corners : rotated(corners, shape.rotation, middleOf([l, t, r, b]));
}

/** { x, y, w, h } of a turned shape whose side or corner (across, down: −1, 0 or 1) is pulled to a point. The opposite one
 * stays where it is. */
export function resized(shape, [across, down], point) {
  const [l, t, r, b] = shapeBox(shape);
  const middle = middleOf([l, t, r, b]);
  const [[x, y]] = rotated([point], -shape.rotation, middle);
  const left = across < 0 ? Math.min(x, r - LEAST) : l;
  const right = across > 0 ? Math.max(x, l + LEAST) : r;
  const top = down < 0 ? Math.min(y, b - LEAST) : t;
  const bottom = down > 0 ? Math.max(y, t + LEAST) : b;
  const [[cx, cy]] = rotated([middleOf([left, top, right, bottom])], shape.rotation, middle);
  const [w, h] = [right - left, bottom - top];
  return { x: cx - w / 2, y: cy - h / 2, w, h };
}

/** Points brought from the box they fill into another one. */
export function stretched(points, { x, y, w, h }) {
  const [l, t, r, b] = boxOf(points);
  const [across, down] = [w / (r - l || 1), h / (b - t || 1)];
  return points.map(([px, py]) => [x + (px - l) * across, y + (py - t) * down]);
}

/* ---------- bending ---------- */

/** How far a row turns from end to end, in degrees; positive when its ends come forward (to the left of its way). */
export function turnOf(points) {
  const count = points.length;
  if (count < 3) return 0;
  const way = (i) => Math.atan2(points[i + 1][1] - points[i][1], points[i + 1][0] - points[i][0]);
  let turn = 0;
  for (let i = 1; i < count - 1; i++) {
    const step = way(i - 1) - way(i);
    turn += Math.atan2(Math.sin(step), Math.cos(step));
  }
  return (turn / TURN) * ((count - 1) / (count - 2));
}

/** Rows bent to a turn in degrees. Neighbours keep their distance and every row its middle. With `together` the rows lie
 * on circles around one centre, that of the middle row. */
export function bent(rows, degrees, together) {
  const turn = degrees * TURN;
  const shapes = rows.map(measured);
  if (Math.abs(turn) < 0.001) return shapes.map(straight);
  const radii = shapes.map((shape) => radiusOf(shape.chords, Math.abs(turn)));
  if (!together || rows.length < 2) return shapes.map((shape, i) => onArc(shape, radii[i], Math.sign(turn)));
  const lead = shapes.length >> 1;
  const [nx, ny] = normalOf(shapes[lead].way);
  const reach = radii[lead] * Math.sign(turn);
  const centre = [shapes[lead].middle[0] + nx * reach, shapes[lead].middle[1] + ny * reach];
  return shapes.map((shape, i) => aroundCentre(shape, centre, radii[i], Math.sign(turn)));
}

function measured(points) {
  const chords = points.slice(1).map((point, i) => far(points[i], point));
  const length = chords.reduce((sum, chord) => sum + chord, 0);
  const [first, last] = [points[0], points.at(-1)];
  const apart = far(first, last) || 1;
  return { chords, length, middle: midway(points, chords, length / 2), way: [(last[0] - first[0]) / apart, (last[1] - first[1]) / apart] };
}

function midway(points, chords, half) {
  let gone = 0;
  for (let i = 0; i < chords.length; i++) {
    if (gone + chords[i] >= half && chords[i]) {
      const t = (half - gone) / chords[i];
      return [points[i][0] + (points[i + 1][0] - points[i][0]) * t, points[i][1] + (points[i + 1][1] - points[i][1]) * t];
    }
    gone += chords[i];
  }
  return points[0];
}

const normalOf = ([x, y]) => [y, -x];

function straight({ chords, length, middle, way }) {
  let at = -length / 2;
  return [0, ...chords].map((chord) => {
    at += chord;
    return [middle[0] + way[0] * at, middle[1] + way[1] * at];
  });
}

const angleOf = (chord, radius) => 2 * Math.asin(Math.min(1, chord / (2 * radius)));

/** The radius at which chords turn by an angle together. */
function radiusOf(chords, turn) {
  let low = Math.max(...chords, 1) / 2;
  let high = 1e7;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    const sum = chords.reduce((angle, chord) => angle + angleOf(chord, middle), 0);
    if (sum > turn) low = middle;
    else high = middle;
  }
  return high;
}

function onArc({ chords, middle, way }, radius, side) {
  const angles = chords.map((chord) => angleOf(chord, radius));
  const [nx, ny] = normalOf(way);
  let at = -angles.reduce((sum, angle) => sum + angle, 0) / 2;
  return [0, ...angles].map((angle) => {
    at += angle;
    const [along, up] = [radius * Math.sin(at), side * radius * (1 - Math.cos(at))];
    return [middle[0] + way[0] * along + nx * up, middle[1] + way[1] * along + ny * up];
  });
}

function aroundCentre(shape, centre, own, side) {
  const radius = far(shape.middle, centre);
  if (radius < Math.max(...shape.chords, 1)) return onArc(shape, own, side);
  const out = [(centre[0] - shape.middle[0]) / radius, (centre[1] - shape.middle[1]) / radius];
  const across = [-out[1] * side, out[0] * side];
  return onArc({ ...shape, way: across }, radius, side);
}

/* ---------- tables ---------- */

/** Seats around a table: on a circle, or along its two long sides. */
export function aroundTable(middle, count, isRound, pitch) {
  if (!isRound) {
    const near = Math.ceil(count / 2);
    const sides = [[near, -1], [count - near, 1]];
    return sides.flatMap(([seats, side]) => inRow([middle[0], middle[1] + side * pitch * 1.1], seats, pitch));
  }
  const radius = Math.max(pitch * 1.1, (count * pitch) / (2 * Math.PI));
  return Array.from({ length: count }, (_, i) => {
    const angle = (2 * Math.PI * i) / count;
    return [middle[0] + radius * Math.sin(angle), middle[1] - radius * Math.cos(angle)];
  });
}

/* ---------- areas ---------- */

/** Whether a point lies in an outline: asked of tens of thousands of seats at once. */
export function inside(outline, [x, y]) {
  let isIn = false;
  for (let i = 0, before = outline.length - 1; i < outline.length; before = i++) {
    const [ax, ay] = outline[before];
    const [bx, by] = outline[i];
    if (ay > y !== by > y && x < ax + ((y - ay) * (bx - ax)) / (by - ay)) isIn = !isIn;
  }
  return isIn;
}

/** Exactly `count` points on a grid inside an outline; those that do not fit stand in its middle, the closer. */
export function spread(outline, count) {
  const [l, t, r, b] = boxOf(outline);
  let wide = Math.max(1, Math.sqrt(((r - l) * (b - t)) / count) * 1.5);
  let narrow = wide;
  while (fits(outline, narrow, t, b) < count && narrow > 0.05) narrow *= 0.8;
  for (let i = 0; i < 20; i++) {
    const middle = (wide + narrow) / 2;
    if (fits(outline, middle, t, b) >= count) narrow = middle;
    else wide = middle;
  }
  const found = lines(outline, narrow, t, b).filter((each) => each.length);
  let surplus = found.reduce((sum, each) => sum + each.length, 0) - count;
  while (found.length && surplus >= found.at(-1).length) surplus -= found.pop().length;
  if (surplus > 0) found.push(found.pop().slice(surplus >> 1, (surplus >> 1) - surplus));
  const points = found.flat();
  while (points.length < count) points.push([(l + r) / 2 + (points.length % 50) / 10, (t + b) / 2 + points.length / 500]);
  return points;
}

const fits = (outline, pitch, top, bottom) => stretches(outline, pitch, top, bottom).flat().reduce((sum, { count }) => sum + count, 0);

const lines = (outline, pitch, top, bottom) =>
  stretches(outline, pitch, top, bottom).map((line) => line.flatMap(({ middle, count }) => inRow(middle, count, pitch)));

/** Line by line where an outline has room: { middle, count } of each stretch within it. */
function stretches(outline, pitch, top, bottom) {
  const number = Math.max(1, Math.round((bottom - top) / pitch));
  return Array.from({ length: number }, (_, i) => {
    const y = top + ((bottom - top) * (i + 0.5)) / number;
    const cuts = crossings(outline, y).sort((a, c) => a - c);
    const pairs = Array.from({ length: cuts.length >> 1 }, (__, n) => cuts.slice(2 * n, 2 * n + 2));
    return pairs.map(([from, to]) => ({ middle: [(from + to) / 2, y], count: Math.floor((to - from) / pitch) }));
  });
}

const COMPASS = [[-1, -0.4], [-0.4, -1], [0.4, -1], [1, -0.4], [1, 0.4], [0.4, 1], [-0.4, 1], [-1, 0.4]];

/** The smallest outline without dents around points, at a distance. */
export function hull(points, padding) {
  const wide = points.flatMap(([x, y]) => COMPASS.map(([dx, dy]) => [x + dx * padding, y + dy * padding]));
  wide.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  return [...half(wide), ...half(wide.toReversed())];
}

function half(points) {
  const chain = [];
  for (const point of points) {
    while (chain.length > 1 && cross(chain.at(-2), chain.at(-1), point) <= 0) chain.pop();
    chain.push(point);
  }
  return chain.slice(0, -1);
}

const cross = (a, b, c) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
