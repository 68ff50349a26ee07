/** What can be done to what is selected, each as one edit of the history. */
import { AISLE, boxOf, joined, KINDS, middleOf, newSection, newShape, PITCH, RESTRICTED, seatsOf, shapeBox } from "./drawing.js";
import { bent, far, hull, inside, mirrored, rotated, shifted, spread, stretched, turnOf } from "./laying.js";
import { following, labels, unlike } from "./numbering.js";

const OUTLINE_PADDING = 0.75 * PITCH;
const BESIDE = 2 * PITCH; // where a copy goes
export const counted = (number, one, many = `${one}s`) => `${number.toLocaleString("en-GB")} ${number === 1 ? one : many}`;

/* ---------- place ---------- */

/** Every selected point through `change(points) → points`; `seats` does the same to seats, `also` more to shapes. */
function placed(history, selection, words, change, { seats, also = () => {} } = {}) {
  const { drawing } = history;
  const ids = [...selection.seats];
  history.run(words, (edit) => {
    if (seats) seats(edit, ids);
    else edit.move(ids, change(ids.map((id) => drawing.point(id))));
    for (const section of selection.wholeSections()) edit.set(section, "outline", change(section.outline));
    for (const shape of selection.shapes) {
      placeShape(edit, shape, change);
      if (!shape.points.length) also(edit, shape);
    }
  });
}

function placeShape(edit, shape, change) {
  if (shape.points.length) return edit.set(shape, "points", change(shape.points));
  const [[x, y]] = change([[shape.x + shape.w / 2, shape.y + shape.h / 2]]);
  edit.set(shape, "x", x - shape.w / 2);
  edit.set(shape, "y", y - shape.h / 2);
}

export function moveBy(history, selection, dx, dy) {
  const seats = (edit, ids) => edit.shift(ids, dx, dy);
  placed(history, selection, `${namedCount(selection)} moved`, (points) => shifted(points, dx, dy), { seats });
}

export function turnBy(history, selection, degrees) {
  const middle = middleOf(boxOfSelection(history.drawing, selection));
  const turned = (edit, shape) => edit.set(shape, "rotation", (shape.rotation + degrees + 360) % 360);
  placed(history, selection, `${namedCount(selection)} turned`, (points) => rotated(points, degrees, middle), { also: turned });
}

export function mirror(history, selection, axis) {
  const middle = middleOf(boxOfSelection(history.drawing, selection));
  placed(history, selection, `${namedCount(selection)} mirrored`, (points) => mirrored(points, axis, middle));
}

/** Left edges, middles or right edges of the selected rows under each other. */
export function align(history, selection, edge) {
  const { drawing } = history;
  const rows = selection.rows().map(([, ids]) => ids);
  const at = (ids) => {
    const [l, , r] = boxOf(ids.map((id) => drawing.point(id)));
    return { left: l, middle: (l + r) / 2, right: r }[edge];
  };
  const goal = at(rows[0]);
  history.run(`${counted(rows.length, "row")} aligned`, (edit) => {
    for (const ids of rows) edit.move(ids, shifted(ids.map((id) => drawing.point(id)), goal - at(ids), 0));
  });
}

function boxOfSelection(drawing, selection) {
  const boxes = [...selection.shapes].map(shapeBox);
  if (selection.seats.size) boxes.push(boxOf([...selection.seats].map((id) => drawing.point(id))));
  if (selection.section) boxes.push(drawing.sectionBox(selection.section));
  return boxes.reduce(joined);
}

/* ---------- rows ---------- */

/** Bends rows from where they were (`from`: a list of points a row) as one edit. */
export function bend(history, rows, from, degrees, together) {
  const after = bent(from, degrees, together);
  history.run(`${counted(rows.length, "row")} bent`, (edit) => rows.forEach((ids, i) => edit.move(ids, after[i])));
}

/** Puts the neighbours of each row at the same distance, along the line the row has. */
export function space(history, rows, pitch) {
  const { drawing } = history;
  history.run(`${counted(rows.length, "row")} spaced`, (edit) => {
    for (const ids of rows) edit.move(ids, evenly(ids.map((id) => drawing.point(id)), pitch));
  });
}

function evenly(points, pitch) {
  const middle = (points.length - 1) / 2;
  const whole = points.slice(1).reduce((sum, point, i) => sum + far(points[i], point), 0);
  const grown = (pitch * (points.length - 1)) / (whole || 1);
  const centre = points[Math.floor(middle)];
  const even = points.map((_, i) => along(points, (whole * i) / (points.length - 1 || 1)));
  return even.map(([x, y]) => [centre[0] + (x - centre[0]) * grown, centre[1] + (y - centre[1]) * grown]);
}

/** The point at a distance from the first along a line of points. */
function along(points, distance) {
  let rest = distance;
  for (let i = 1; i < points.length; i++) {
    const step = far(points[i - 1], points[i]);
    if (rest <= step || i === points.length - 1) {
      const t = step ? rest / step : 0;
      return [points[i - 1][0] + (points[i][0] - points[i - 1][0]) * t, points[i - 1][1] + (points[i][1] - points[i - 1][1]) * t];
    }
    rest -= step;
  }
  return points[0];
}

/** One seat more at the left or right end of each row, in its line and counting on; returns the seats. */
export function lengthen(history, rows, isLeft) {
  const { drawing } = history;
  return history.run(`${counted(rows.length, "row")} longer`, (edit) => rows.map((row) => {
    const isFirst = (fromTheLeft(drawing, row.seats) === row.seats) === isLeft;
    const [end, next, third] = (isFirst ? row.seats : row.seats.toReversed()).slice(0, 3);
    const [x, y] = beyond([end, next, third].filter((id) => id !== undefined).map((id) => drawing.point(id)), isLeft);
    return edit.addSeat(row, { x, y, label: onwards(drawing.labels[end], drawing.labels[next]) }, isFirst);
  }));
}

/** The point that follows the end of a line, given from its end inwards, at the same distance and turn. */
function beyond([end, next, third], isLeft) {
  if (!next) return [end[0] + (isLeft ? -PITCH : PITCH), end[1]];
  const turn = third ? turnOf([third, next, end]) / 2 : 0;
  const [point] = rotated([[2 * end[0] - next[0], 2 * end[1] - next[1]]], -turn, end);
  return point;
}

/** The number after two that are given from the end inwards; "" when there is none. */
function onwards(end, next = "") {
  const [last, before] = [Number(end), Number(next)];
  const goal = next === "" ? last + 1 : 2 * last - before;
  return end !== "" && Number.isInteger(goal) && goal >= 0 ? String(goal) : "";
}

/** Numbers the selected seats of each row, as one sees them from left to right. */
export function numberSeats(history, selection, rule) {
  const { drawing } = history;
  const rows = selection.rows();
  history.run(`${counted(selection.seats.size, "seat")} numbered`, (edit) => {
    for (const [row, ids] of rows) {
      const ordered = row.section.kind === "TABLES" ? ids : fromTheLeft(drawing, ids);
      edit.column("labels", ordered, labels(ids.length, rule));
    }
  });
}

function fromTheLeft(drawing, ids) {
  const [ax, ay] = drawing.point(ids[0]);
  const [bx, by] = drawing.point(ids.at(-1));
  const [dx, dy] = [bx - ax, by - ay];
  const isRight = Math.abs(dx) * 1.1 >= Math.abs(dy) ? dx >= 0 : dy >= 0;
  return isRight ? ids : ids.toReversed();
}

/** Names the selected rows, section by section, from the one nearest to what they look at (or from the farthest). */
export function nameRows(history, selection, { fromTheBack, ...rule }) {
  const { drawing } = history;
  const rows = selection.rows().map(([row]) => row);
  const distance = (row) => far(middleOf(boxOf(row.seats.map((id) => drawing.point(id)))), drawing.focalOf(row.section));
  history.run(`${counted(rows.length, "row")} named`, (edit) => {
    for (const section of selection.sections()) {
      const own = rows.filter((row) => row.section === section).sort((a, b) => distance(a) - distance(b));
      if (fromTheBack) own.reverse();
      labels(own.length, rule).forEach((label, i) => edit.set(own[i], "label", label));
      if (section.kind === "SEATS") edit.set(section, "rows", [...section.rows].sort((a, b) => distance(a) - distance(b)));
    }
  });
}

export const nameRow = (history, row, label) => history.run(`Row ${label}`, (edit) => edit.set(row, "label", label));

/* ---------- seats ---------- */

export const setKind = (history, ids, kind) => history.run(`${counted(ids.length, "seat")}: ${kind.toLowerCase()}`, (edit) => edit.fill("kinds", ids, KINDS.indexOf(kind)));

export const setWords = (history, ids, column, words) => history.run(`${counted(ids.length, "seat")} described`, (edit) => edit.fill(column, ids, words));

export const setRestricted = (history, ids, isOn) => setFlag(history, ids, RESTRICTED, isOn, "restricted view");
export const setAisle = (history, ids, isOn) => setFlag(history, ids, AISLE, isOn, "aisle");

function setFlag(history, ids, flag, isOn, word) {
  const { flags } = history.drawing;
  const words = `${counted(ids.length, "seat")}: ${isOn ? "" : "no "}${word}`;
  history.run(words, (edit) => edit.column("flags", ids, ids.map((id) => (isOn ? flags[id] | flag : flags[id] & ~flag))));
}

export function remove(history, selection) {
  history.run(`${namedCount(selection)} deleted`, (edit) => {
    const { drawing } = history;
    const gone = new Set(selection.wholeSections());
    edit.remove([...new Set([...selection.seats, ...(selection.section ? seatsOf(selection.section) : [])])]);
    if (gone.size) edit.set(drawing, "sections", drawing.sections.filter((section) => !gone.has(section)));
    if (selection.shapes.size) edit.set(drawing, "shapes", drawing.shapes.filter((shape) => !selection.shapes.has(shape)));
  });
  selection.clear();
}

/** Copies what is selected, a little lower: whole sections as sections, rows as rows. The copies are selected. */
export function duplicate(history, selection) {
  const { drawing } = history;
  const whole = selection.wholeSections();
  const rows = selection.rows().filter(([row]) => !whole.includes(row.section));
  history.run(`${namedCount(selection)} copied`, (edit) => {
    const sections = whole.map((section) => copySection(edit, section));
    const copied = rows.map(([row, ids]) => edit.addRow(row.section, following(row.section.rows.map(({ label }) => label)), copies(drawing, ids)));
    const shapes = [...selection.shapes].map((shape) => copyShape(edit, shape));
    const seats = [...sections.flatMap(seatsOf), ...copied.flatMap((row) => row.seats)];
    selection.set(seats, { shapes, section: sections.length === 1 && !rows.length ? sections[0] : null });
  });
}

function copySection(edit, section) {
  const { drawing } = edit;
  const copy = newSection({ ...section, label: unlike(section.label, drawing.sections.map(({ label }) => label)), outline: shifted(section.outline, BESIDE, BESIDE) });
  edit.addSection(copy);
  for (const row of section.rows) edit.addRow(copy, row.label, copies(drawing, row.seats));
  return copy;
}

function copyShape(edit, shape) {
  const copy = newShape({ ...shape, points: shifted(shape.points, BESIDE, BESIDE), x: shape.x + BESIDE, y: shape.y + BESIDE });
  edit.set(edit.drawing, "shapes", [...edit.drawing.shapes, copy]);
  return copy;
}

function copies(drawing, ids) {
  return ids.map((id) => {
    const { block, ...seat } = drawing.seatForm(id, 0);
    return { ...seat, x: seat.x + BESIDE, y: seat.y + BESIDE };
  });
}

/* ---------- sections ---------- */

/** A new section of rows of points, named and numbered; returns it. */
export function addSection(history, { label, kind, rows, outline = [] }) {
  const { drawing } = history;
  return history.run(`Section ${label}`, (edit) => {
    const taken = drawing.sections.map((section) => section.label);
    const section = edit.addSection(newSection({ label: unlike(label, taken), kind, outline }));
    const names = labels(rows.length, kind === "TABLES" ? { scheme: "numbers" } : { scheme: "letters" });
    rows.forEach((points, i) => edit.addRow(section, kind === "STANDING" ? "" : names[i], numbered(points, kind)));
    return section;
  });
}

/** Rows (or tables) more of a section; returns them. */
export function addRows(history, section, rows) {
  return history.run(`${counted(rows.length, "row")} drawn`, (edit) =>
    rows.map((points) => edit.addRow(section, following(section.rows.map(({ label }) => label)), numbered(points, section.kind))));
}

function numbered(points, kind) {
  return points.map(([x, y], i) => ({ x, y, label: String(i + 1), kind: kind === "STANDING" ? "STANDING" : "STANDARD" }));
}

/** The selected seats into another section, or (undefined) into a new one. */
export function moveToSection(history, selection, known) {
  const { drawing } = history;
  history.run(`${counted(selection.seats.size, "seat")} to ${known ? `section ${known.label}` : "a new section"}`, (edit) => {
    const taken = drawing.sections.map((section) => section.label);
    takeSeats(edit, selection, known ?? edit.addSection(newSection({ label: unlike("Section", taken) })));
  });
}

/** A section with an outline that takes the seats within, as one edit; returns it. */
export function outlineSection(history, selection, { label, outline, takesSeats }) {
  const { drawing } = history;
  return history.run(`Section ${label} outlined`, (edit) => {
    const taken = drawing.sections.map((section) => section.label);
    const section = edit.addSection(newSection({ label: unlike(label, taken), outline }));
    if (takesSeats) selection.set(seatsWithin(drawing, outline));
    if (takesSeats) takeSeats(edit, selection, section);
    return section;
  });
}

/** Row by row: into the section's row of the same name, or into a new one. Standing places stay where they are. */
function takeSeats(edit, selection, section) {
  for (const [row, ids] of selection.rows()) {
    if (row.section === section || row.section.kind === "STANDING") continue;
    const known = section.rows.find(({ label }) => label === row.label);
    edit.moveTo(known ?? edit.addRow(section, row.label, []), ids);
  }
}

export function seatsWithin(drawing, outline) {
  const found = [];
  drawing.index.each(boxOf(outline), (id) => {
    if (!drawing.isStanding(id) && inside(outline, drawing.point(id))) found.push(id);
  });
  return found.sort((a, b) => a - b);
}

export const setSection = (history, section, key, value) => history.run(`Section ${section.label} changed`, (edit) => edit.set(section, key, value));

/** Other corners of what is outlined ({ part, key }, see selection.js); who stands within is spread over them. */
export function reshape(history, { part, key }, points) {
  history.run(`${named(part)}: ${counted(points.length, "corner")}`, (edit) => {
    const ids = part.kind === "STANDING" ? seatsOf(part) : [];
    edit.set(part, key, points);
    if (ids.length) edit.move(ids, spread(points, ids.length));
  });
}

/** How many may stand: places are laid out anew, over all of the outline. */
export function setPlaces(history, section, count) {
  history.run(`${section.label}: ${counted(count, "place")}`, (edit) => {
    edit.remove(seatsOf(section));
    edit.addRow(section, "", numbered(spread(section.outline, count), "STANDING"));
  });
}

export function fitOutline(history, section) {
  const points = seatsOf(section).map((id) => history.drawing.point(id));
  setSection(history, section, "outline", points.length ? hull(points, OUTLINE_PADDING) : []);
}

/* ---------- shapes, the whole plan ---------- */

export function addShape(history, shape) {
  const made = newShape(shape);
  history.run(`${named(shape)} drawn`, (edit) => edit.set(history.drawing, "shapes", [...history.drawing.shapes, made]));
  return made;
}

export const setShape = (history, shape, key, value) => history.run(`${named(shape)} changed`, (edit) => edit.set(shape, key, value));

/** Another place, size or turn of a shape: any of x, y, w, h, rotation. One that has corners is stretched. */
export function fitShape(history, shape, changes) {
  history.run(`${named(shape)} changed`, (edit) => {
    const stays = ([key, value]) => edit.set(shape, key, value);
    if (!shape.points.length) return Object.entries(changes).forEach(stays);
    return edit.set(shape, "points", stretched(shape.points, { ...sizesOf(shape), ...changes }));
  });
}

/** Where a shape lies and how large it is: { x, y, w, h }. */
export function sizesOf(shape) {
  const [x, y, right, bottom] = shapeBox(shape);
  return { x, y, w: right - x, h: bottom - y };
}

const named = ({ label, kind }) => label || kind;

export const setPlan = (history, key, value) => history.run("Plan changed", (edit) => edit.set(history.drawing, key, value));

/** Where all seats look, or (with a zone) those of a zone; null takes the point away. */
export function setFocal(history, zone, point) {
  const { focals } = history.drawing;
  if (!zone) return setPlan(history, "focal", point);
  const { [zone]: _, ...others } = focals;
  return setPlan(history, "focals", point ? { ...others, [zone]: point } : others);
}

/** "Row A, 20 seats", "3 rows, 60 seats", "Stage". */
export function namedCount(selection) {
  const shapes = [...selection.shapes].map(named);
  const words = selection.seats.size ? [counted(selection.seats.size, "seat")] : [];
  if (!words.length && selection.section) words.push(`Section ${selection.section.label}`);
  return [...words, ...(shapes.length > 2 ? [counted(shapes.length, "shape")] : shapes)].join(", ") || "Nothing";
}
