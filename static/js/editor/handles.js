/**
 * Points of what is selected that can be taken hold of. A handle knows where it is, what is shown while it is pulled to a
 * point, and what becomes of it when it is let go.
 */
import { PITCH } from "./drawing.js";
import * as edits from "./edits.js";
import { far, frameOf, halfway, resized } from "./laying.js";

const MOST_CORNERS = 80; // more are reached by keyboard
const MOST_SEATS = 5_000; // more are bent by the slider
const BEYOND = 1.7 * PITCH; // from the last seat to the handle
const ABOVE = 26; // px from a shape to what turns it
const SIDES = [[-1, -1], [0, -1], [1, -1], [1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0]];
const STEP = 15; // degrees, with Shift

export function handlesOf(drawing, selection) {
  return [...cornersOf(selection), ...sizesOf(selection), ...bendOf(drawing, selection)];
}

class Handle {
  constructor(point) {
    this.point = point;
  }

  /** Where it is, with so many plan units to a pixel. */
  at() {
    return this.point;
  }

  press() {}
  paint() {}
}

/* ---------- corners ---------- */

function cornersOf({ outlined, corner }) {
  if (!outlined || outlined.points.length > MOST_CORNERS) return [];
  const corners = outlined.points.map((point, i) => new Corner(point, outlined, i, i === corner));
  return [...outlined.points.map((point, i) => new Edge(point, outlined, i)), ...corners];
}

class Corner extends Handle {
  constructor(point, outlined, corner, isPicked) {
    super(point);
    Object.assign(this, { outlined, corner, isPicked });
  }

  press(editor) {
    editor.corners.pick(this.corner);
  }

  pull(point) {
    this.points = this.outlined.points.with(this.corner, point);
  }

  paint(c, painter) {
    painter.drawPath(c, this.points, true);
  }

  drop(editor) {
    edits.reshape(editor.history, this.outlined, this.points);
  }
}

/** The middle of an edge: pulled, it becomes a corner. */
class Edge extends Corner {
  isSmall = true;

  constructor(point, outlined, before) {
    super(halfway(point, outlined.points.at((before + 1) % outlined.points.length)), outlined, before + 1);
  }

  press() {}

  pull(point) {
    this.points = this.outlined.points.toSpliced(this.corner, 0, point);
  }

  drop(editor) {
    super.drop(editor);
    editor.corners.pick(this.corner);
  }
}

/* ---------- size and turn of a shape ---------- */

function sizesOf({ sized }) {
  if (!sized) return [];
  const [a, b, c, d] = frameOf(sized);
  const points = [a, halfway(a, b), b, halfway(b, c), c, halfway(c, d), d, halfway(d, a)];
  return [...points.map((point, i) => new Size(point, sized, SIDES[i])), new Turn(points[1], sized)];
}

/** Something that changes a shape's form: `changes` are its new properties. */
class FormHandle extends Handle {
  constructor(point, shape) {
    super(point);
    this.shape = shape;
  }

  paint(c, painter) {
    painter.drawPath(c, frameOf({ ...this.shape, ...this.changes }), true);
  }

  drop(editor) {
    edits.fitShape(editor.history, this.shape, this.changes);
  }
}

class Size extends FormHandle {
  constructor(point, shape, sides) {
    super(point, shape);
    this.sides = sides;
  }

  pull(point) {
    this.changes = resized(this.shape, this.sides, point);
  }
}

class Turn extends FormHandle {
  isRound = true;

  at(pixel) {
    const [x, y] = this.point;
    const angle = (this.shape.rotation * Math.PI) / 180;
    return [x + Math.sin(angle) * ABOVE * pixel, y - Math.cos(angle) * ABOVE * pixel];
  }

  pull([x, y], event) {
    const { shape } = this;
    const angle = (Math.atan2(x - shape.x - shape.w / 2, shape.y + shape.h / 2 - y) * 180) / Math.PI;
    const step = event.shiftKey ? STEP : 1;
    this.changes = { rotation: (Math.round(angle / step) * step + 360) % 360 };
  }
}

/* ---------- bending ---------- */

/** The right end of the middle row. */
function bendOf(drawing, selection) {
  if (!selection.seats.size || selection.seats.size > MOST_SEATS) return [];
  const rows = selection.rows().filter(([row, ids]) => row.section.kind === "SEATS" && ids.length > 2);
  if (!rows.length) return [];
  const points = rows[rows.length >> 1][1].map((id) => drawing.point(id));
  return [new Bend(points)];
}

class Bend extends Handle {
  constructor(points) {
    const [first, last, before] = [points[0], points.at(-1), points.at(-2)];
    const step = far(before, last) || 1;
    super([0, 1].map((axis) => last[axis] + ((last[axis] - before[axis]) / step) * BEYOND));
    this.middle = halfway(points[(points.length - 1) >> 1], points[points.length >> 1]);
    this.way = [last[0] - first[0], last[1] - first[1]];
  }

  pull(point, event, editor) {
    editor.panel.previewBend(this.turnTo(point));
  }

  /** How far a row turns, in degrees, when its end is here: a chord from the middle turns a quarter as far. */
  turnTo([x, y]) {
    const { middle, way } = this;
    const [dx, dy] = [x - middle[0], y - middle[1]];
    const angle = Math.atan2(way[1] * dx - way[0] * dy, way[0] * dx + way[1] * dy);
    return Math.round(Math.max(-340, Math.min(340, (4 * angle * 180) / Math.PI)));
  }

  drop(editor) {
    editor.panel.bend();
  }
}
