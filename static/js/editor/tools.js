/**
 * What the pointer (or the keyboard's cross and Enter) does on the plan. A tool has press, drag and lift for the
 * pointer, place(point) for a click or Enter, and paint for what it is about to make. Points are plan units.
 */
import { boxOf, PITCH, seatsOf, shapeBox } from "./drawing.js";
import * as edits from "./edits.js";
import { turnTo } from "./handles.js";
import { aroundTable, between, far, inBlock, inRow, inside, spread } from "./laying.js";

const REACH = 9; // px around a seat that still mean it
const SLACK = 4; // px before a press is a drag
const ALIGN = 6; // px within which a seat snaps to another's line
const ALIGN_REACH = 30 * PITCH;

class Tool {
  constructor(editor) {
    this.editor = editor;
  }

  get options() {
    return this.editor.panel.options(this.name);
  }

  /** Whether something is half done. */
  get isBusy() {
    return false;
  }

  begin() {}

  /** Drops what is half done. */
  cancel() {}
  hover() {}
  press() {}
  drag() {}

  /** A press that was lifted: where it was when it is a click, else where the drag ended. */
  lift(point) {
    this.place(this.editor.snapped(point));
  }

  /** Rows of points into the section chosen in the tool's form, or into a new one that the next rows follow. */
  draw(rows, kind, label) {
    const { editor } = this;
    const section = editor.panel.section(this.name, kind);
    if (section) return editor.select(edits.addRows(editor.history, section, rows).flatMap((row) => row.seats));
    const made = edits.addSection(editor.history, { label, kind, rows });
    editor.select(seatsOf(made));
    return editor.panel.chooseSection(this.name, made);
  }

  place() {}
  finish() {}
  paint() {}
}

/* ---------- selecting and moving ---------- */

class Select extends Tool {
  name = "select";

  begin() {
    this.state = null;
  }

  get isBusy() {
    return Boolean(this.state);
  }

  cancel() {
    if (this.state) this.end();
  }

  press(point, event) {
    const { editor } = this;
    const handle = editor.isEditable ? this.handleAt(point) : undefined;
    if (handle) {
      this.state = { handle, from: point };
      return;
    }
    const hit = this.hit(point);
    this.state = { from: point, hit, isAdding: event.shiftKey, shift: [0, 0], isDragging: false };
    if (hit && !this.holds(hit) && !event.shiftKey) this.choose(hit, false);
    this.state.canMove = hit !== null && this.holds(hit) && hit.kind !== "outline" && editor.isEditable;
  }

  handleAt(point) {
    const { handles, view } = this.editor;
    return handles.find((handle) => far(handle.point, point) * view.k < REACH);
  }

  /** A corner goes where the pointer is, a row bends to it. */
  pull(point) {
    const { editor, state } = this;
    state.to = editor.snapped(point);
    if (state.handle.kind === "bend") editor.panel.previewBend(turnTo(state.handle, point));
    else editor.repaintTop();
  }

  letGo() {
    const { editor, state } = this;
    if (!state.to) return;
    if (state.handle.kind === "bend") editor.panel.bend();
    else edits.reshape(editor.history, editor.selection.section, this.pulledOutline());
  }

  pulledOutline() {
    const { corner } = this.state.handle;
    return this.editor.selection.section.outline.with(corner, this.state.to);
  }

  hit([x, y]) {
    const { drawing, view } = this.editor;
    const reach = Math.max(REACH / view.k, PITCH * 0.4);
    const seat = drawing.index.nearest(x, y, reach, (id) => !drawing.isStanding(id));
    if (seat >= 0) return { kind: "seat", seat };
    const shape = drawing.shapes.findLast((each) => within(shapeBox(each), x, y, 4 / view.k));
    if (shape) return { kind: "shape", shape };
    const section = drawing.sections.findLast(({ outline }) => inside(outline, [x, y]));
    return section ? { kind: section.kind === "STANDING" ? "area" : "outline", section } : null;
  }

  holds({ seat, shape, section }) {
    const { selection } = this.editor;
    return selection.seats.has(seat) || selection.shapes.has(shape) || (section !== undefined && selection.section === section);
  }

  choose({ seat, shape, section }, isAdding) {
    const { editor } = this;
    const { selection, drawing } = editor;
    if (isAdding) {
      if (shape) selection.toggleShape(shape);
      else selection.toggle(section ? seatsOf(section) : [seat]);
      return editor.selected();
    }
    if (shape) return editor.select([], { shapes: [shape] });
    if (section) return editor.select(seatsOf(section), { section });
    return editor.select([seat], { row: drawing.homes[seat] });
  }

  drag(point, event) {
    const { editor, state } = this;
    if (!state) return;
    if (!state.to && far(state.from, point) * editor.view.k < SLACK) return;
    if (state.handle) {
      this.pull(point);
      return;
    }
    if (!state.isDragging && state.canMove) editor.liftSelection();
    state.isDragging = true;
    state.to = point;
    if (state.canMove) state.shift = this.aligned(point, event);
    editor.repaintTop();
  }

  /** How far the selection goes: so that the seat under the pointer falls in line with others, or on the grid. */
  aligned(point, event) {
    const { editor, state } = this;
    const { drawing, selection, view } = editor;
    const [dx, dy] = [point[0] - state.from[0], point[1] - state.from[1]];
    state.guides = [];
    if (event.altKey || state.hit.seat === undefined || !editor.panel.isAligning) return editor.onGrid([dx, dy], state.hit, event);
    const [sx, sy] = drawing.point(state.hit.seat);
    const [x, y] = [sx + dx, sy + dy];
    const near = ALIGN / view.k;
    const others = (id) => !selection.seats.has(id) && !drawing.isStanding(id);
    const column = lineUp(drawing, [x - near, y - ALIGN_REACH, x + near, y + ALIGN_REACH], others, "xs", x);
    const row = lineUp(drawing, [x - ALIGN_REACH, y - near, x + ALIGN_REACH, y + near], others, "ys", y);
    if (column !== null) state.guides.push([[column, y - ALIGN_REACH], [column, y + ALIGN_REACH]]);
    if (row !== null) state.guides.push([[x - ALIGN_REACH, row], [x + ALIGN_REACH, row]]);
    const [gx, gy] = editor.onGrid([dx, dy], state.hit, event);
    return [column === null ? gx : column - sx, row === null ? gy : row - sy];
  }

  lift(point, event) {
    const { editor, state } = this;
    if (!state) return;
    if (state.handle) this.letGo();
    else if (!state.isDragging) this.click(event);
    else if (state.canMove) edits.moveBy(editor.history, editor.selection, ...state.shift);
    else this.takeBox(point);
    this.end();
  }

  end() {
    this.state = null;
    this.editor.dropSelection();
  }

  click(event) {
    const { editor, state } = this;
    const { hit, isAdding } = state;
    if (!hit) return isAdding ? null : editor.select([]);
    if (event.detail === 2 && hit.seat !== undefined) return editor.takeRows();
    if (event.detail > 2 && hit.seat !== undefined) return editor.takeSections();
    return this.choose(hit, isAdding);
  }

  takeBox(point) {
    const { editor, state } = this;
    const box = boxOf([state.from, point]);
    const seats = [];
    editor.drawing.index.each(box, (id) => !editor.drawing.isStanding(id) && seats.push(id));
    const shapes = editor.drawing.shapes.filter((shape) => holdsBox(box, shapeBox(shape)));
    if (!state.isAdding) return editor.select(seats, { shapes });
    return editor.select([...editor.selection.seats, ...seats], { shapes: [...editor.selection.shapes, ...shapes] });
  }

  /** By keyboard: the seat, shape or area at the cross. */
  place(point, event) {
    const hit = this.hit(point);
    if (hit) this.choose(hit, event?.shiftKey);
    else this.editor.say("Nothing is here.");
  }

  paint(c, painter) {
    const { state, editor } = this;
    if (!state) painter.drawHandles(c, editor.handles.map(({ point }) => point));
    if (state?.handle?.kind === "corner" && state.to) painter.drawPath(c, this.pulledOutline(), true);
    if (!state?.isDragging) return;
    if (!state.canMove) painter.drawFrame(c, boxOf([state.from, state.to]));
    for (const guide of state.guides ?? []) painter.drawPath(c, guide);
  }
}

/** The nearest line of other seats: of those in a box, the value of a column nearest to a wish; null for none. */
function lineUp(drawing, box, passes, column, wish) {
  let best = null;
  drawing.index.each(box, (id) => {
    const value = drawing[column][id];
    if (passes(id) && (best === null || Math.abs(value - wish) < Math.abs(best - wish))) best = value;
  });
  return best;
}

const within = ([l, t, r, b], x, y, reach) => x >= l - reach && x <= r + reach && y >= t - reach && y <= b + reach;
const holdsBox = ([l, t, r, b], [l2, t2, r2, b2]) => l <= l2 && t <= t2 && r >= r2 && b >= b2;

class Hand extends Tool {
  name = "hand";

  press(point, event) {
    this.last = [event.clientX, event.clientY];
  }

  drag(point, event) {
    this.editor.view.move(event.clientX - this.last[0], event.clientY - this.last[1]);
    this.last = [event.clientX, event.clientY];
    this.editor.repaint();
  }

  lift() {}

  place() {
    this.editor.say("Arrows move the plan, plus and minus zoom.");
  }
}

/* ---------- drawing ---------- */

/** Two clicks or one drag, from one end to the other. */
class TwoPoints extends Tool {
  get isBusy() {
    return Boolean(this.from);
  }

  cancel() {
    this.from = null;
  }

  hover(point) {
    this.to = this.editor.snapped(point);
    this.editor.repaintTop();
  }

  press(point) {
    this.pressed = this.editor.snapped(point);
    this.isSecond = Boolean(this.from);
    this.from ??= this.pressed;
    this.to = this.pressed;
  }

  drag(point) {
    this.hover(point);
  }

  lift(point) {
    const to = this.editor.snapped(point);
    if (!this.isSecond && far(this.pressed, to) * this.editor.view.k < SLACK) return this.first();
    return this.end(to);
  }

  place(point) {
    if (this.from) return this.end(point);
    this.from = this.to = point;
    return this.first();
  }

  first() {
    this.editor.say("One end is set. Now the other one.");
    this.editor.repaintTop();
  }

  end(to) {
    const { from } = this;
    this.from = null;
    this.make(from, to);
  }
}

class Row extends TwoPoints {
  name = "row";

  points(from, to) {
    const { seats } = this.options;
    return far(from, to) < PITCH / 2 ? inRow(from, seats, PITCH) : between(from, to, seats);
  }

  make(from, to) {
    this.draw([this.points(from, to)], "SEATS", "Section");
  }

  paint(c, painter) {
    if (this.from) painter.drawGhosts(c, this.points(this.from, this.to));
  }
}

class Block extends Tool {
  name = "block";

  hover(point) {
    this.at = this.editor.snapped(point);
    this.editor.repaintTop();
  }

  drag(point) {
    this.hover(point);
  }

  place(point) {
    this.draw(inBlock(point, this.options), "SEATS", "Section");
  }

  paint(c, painter) {
    if (this.at) painter.drawGhosts(c, inBlock(this.at, this.options).flat());
  }
}

class Table extends Tool {
  name = "table";

  points(point) {
    const { seats, form, pitch } = this.options;
    return aroundTable(point, seats, form === "round", pitch);
  }

  hover(point) {
    this.at = this.editor.snapped(point);
    this.editor.repaintTop();
  }

  drag(point) {
    this.hover(point);
  }

  place(point) {
    this.draw([this.points(point)], "TABLES", "Tables");
  }

  paint(c, painter) {
    if (this.at) painter.drawGhosts(c, this.points(this.at));
  }
}

/** Corner by corner; the first corner again, a double click or "Finish" closes it. */
class Polygon extends Tool {
  corners = [];

  get isBusy() {
    return this.corners.length > 0;
  }

  cancel() {
    this.corners = [];
  }

  hover(point) {
    this.at = this.editor.snapped(point);
    if (this.corners.length) this.editor.repaintTop();
  }

  drag(point) {
    this.hover(point);
  }

  place(point) {
    const { corners, editor } = this;
    const isClosing = corners.length > 2 && [corners[0], corners.at(-1)].some((corner) => far(corner, point) * editor.view.k < REACH);
    if (isClosing) return this.finish();
    if (!corners.length || far(corners.at(-1), point) > 0) corners.push(point);
    editor.say(`${edits.counted(corners.length, "corner")}. ${corners.length > 2 ? "The same corner again closes the outline." : ""}`);
    return editor.repaintTop();
  }

  finish() {
    if (this.corners.length < 3) return this.editor.say("An outline has three corners at least.");
    const outline = this.corners;
    this.corners = [];
    return this.make(outline);
  }

  paint(c, painter) {
    if (this.corners.length) painter.drawPath(c, [...this.corners, this.at ?? this.corners[0]], this.corners.length > 1);
  }
}

class Outline extends Polygon {
  name = "outline";

  make(outline) {
    const { editor, options } = this;
    const chosen = editor.panel.section("outline");
    if (chosen) edits.reshape(editor.history, chosen, outline);
    const section = chosen ?? edits.outlineSection(editor.history, editor.selection, { label: "Section", outline, takesSeats: options.takes });
    editor.select(seatsOf(section), { section });
  }
}

class Area extends Polygon {
  name = "area";

  make(outline) {
    const { editor, options } = this;
    const rows = [spread(outline, options.places)];
    const section = edits.addSection(editor.history, { label: "Standing", kind: "STANDING", rows, outline });
    editor.select(seatsOf(section), { section });
  }
}

class Shape extends TwoPoints {
  name = "shape";

  box(from, to) {
    const [l, t, r, b] = boxOf([from, to]);
    return r - l < 5 && b - t < 5 ? [l - 100, t - 30, 200, 60] : [l, t, r - l, b - t];
  }

  make(from, to) {
    const { kind, label } = this.options;
    const [x, y, w, h] = this.box(from, to);
    const shape = edits.addShape(this.editor.history, { kind, label, x, y, w, h });
    this.editor.select([], { shapes: [shape] });
  }

  paint(c, painter) {
    if (!this.from) return;
    const [x, y, w, h] = this.box(this.from, this.to);
    painter.drawFrame(c, [x, y, x + w, y + h]);
  }
}

class Focal extends Tool {
  name = "focal";

  place(point) {
    const { zone } = this.options;
    edits.setFocal(this.editor.history, zone, point);
    this.editor.say(zone ? `Zone ${zone} looks here.` : "All seats look here.");
  }
}

export const TOOLS = [Select, Hand, Row, Block, Table, Outline, Area, Shape, Focal];
