/** Points of what is selected that can be taken hold of: the corners of an outline, the end of a row to bend it. */
import { PITCH } from "./drawing.js";
import { far } from "./laying.js";

const MOST_CORNERS = 80;
const MOST_SEATS = 5_000; // more are bent by the slider
const BEYOND = 1.7 * PITCH; // from the last seat to the handle

/** [{ kind: "corner", corner, point } or { kind: "bend", middle, way, point }] */
export function handlesOf(drawing, selection) {
  return [...cornersOf(selection), ...bendOf(drawing, selection)];
}

function cornersOf({ section }) {
  const outline = section?.outline ?? [];
  return outline.length > MOST_CORNERS ? [] : outline.map((point, corner) => ({ kind: "corner", corner, point }));
}

/** The right end of the middle row. */
function bendOf(drawing, selection) {
  if (selection.seats.size > MOST_SEATS) return [];
  const rows = selection.rows().filter(([row, ids]) => row.section.kind === "SEATS" && ids.length > 2);
  if (!rows.length) return [];
  const points = rows[rows.length >> 1][1].map((id) => drawing.point(id));
  const [first, last, before] = [points[0], points.at(-1), points.at(-2)];
  const step = far(before, last) || 1;
  const point = [0, 1].map((axis) => last[axis] + ((last[axis] - before[axis]) / step) * BEYOND);
  const amid = [points[(points.length - 1) >> 1], points[points.length >> 1]];
  const middle = [0, 1].map((axis) => (amid[0][axis] + amid[1][axis]) / 2);
  return [{ kind: "bend", point, middle, way: [last[0] - first[0], last[1] - first[1]] }];
}

/** How far a row turns, in degrees, when its end is pulled to a point: a chord from the middle turns a quarter as far. */
export function turnTo({ middle, way }, [x, y]) {
  const [dx, dy] = [x - middle[0], y - middle[1]];
  const angle = Math.atan2(way[1] * dx - way[0] * dy, way[0] * dx + way[1] * dy);
  return Math.round(Math.max(-340, Math.min(340, (4 * angle * 180) / Math.PI)));
}
