/** The tools that draw, the lasso, the hand, and the list of all. */
import { boxOf, PITCH, seatsOf } from "./drawing.js";
import * as edits from "./edits.js";
import { aroundTable, between, far, frameOf, inBlock, inRow, inside, spread } from "./laying.js";
import { Select } from "./selecting.js";
import { outlineOf } from "./selection.js";
import { REACH, SLACK, Tool } from "./tool.js";

const STEP = 4; // px from point to point of a free-hand line
const ARROW = 60; // px the sheet goes at an arrow key

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

  nudge(dx, dy) {
    this.editor.view.move(-Math.sign(dx) * ARROW, -Math.sign(dy) * ARROW);
    this.editor.repaint();
    return true;
  }

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

/** Something that is set down where one clicks. */
class Stamp extends Tool {
  hover(point) {
    this.at = this.editor.snapped(point);
    this.editor.repaintTop();
  }

  paint(c, painter) {
    if (this.at) painter.drawGhosts(c, this.rows(this.at).flat());
  }
}

class Block extends Stamp {
  name = "block";

  rows(point) {
    return inBlock(point, this.options);
  }

  place(point) {
    this.draw(this.rows(point), "SEATS", "Section");
  }
}

class Table extends Stamp {
  name = "table";

  rows(point) {
    const { seats, form, pitch } = this.options;
    return [aroundTable(point, seats, form === "round", pitch)];
  }

  place(point) {
    this.draw(this.rows(point), "TABLES", "Tables");
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

/** A free-hand line around seats and shapes, or one from corner to corner. Shift adds. */
class Lasso extends Polygon {
  name = "lasso";
  line = null;

  get isBusy() {
    return super.isBusy || this.line !== null;
  }

  cancel() {
    super.cancel();
    this.line = null;
  }

  press(point, event) {
    Object.assign(this, { from: point, isAdding: event.shiftKey });
  }

  drag(point) {
    const { editor } = this;
    const goes = (from, least) => far(from, point) * editor.view.k >= least;
    if (this.corners.length) return this.hover(point);
    if (!this.line && goes(this.from, SLACK)) this.line = [this.from];
    if (this.line && goes(this.line.at(-1), STEP)) this.line.push(point);
    return editor.repaintTop();
  }

  lift(point) {
    if (!this.line) return super.lift(point);
    const loop = this.line;
    this.line = null;
    return this.make(loop);
  }

  place(point, event) {
    if (event) this.isAdding = event.shiftKey;
    super.place(point);
  }

  make(loop) {
    const { drawing } = this.editor;
    const shapes = drawing.shapes.filter((shape) => frameOf(shape).every((corner) => inside(loop, corner)));
    this.editor.take(edits.seatsWithin(drawing, loop), shapes, this.isAdding);
  }

  paint(c, painter) {
    if (this.line) painter.drawPath(c, this.line, true);
    else super.paint(c, painter);
  }
}

class Outline extends Polygon {
  name = "outline";

  make(outline) {
    const { editor, options } = this;
    const chosen = editor.panel.section("outline");
    if (chosen) edits.reshape(editor.history, outlineOf(chosen), outline);
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

/** Moves the picture under the plan; its lower right corner makes it larger or smaller. */
class Trace extends Tool {
  name = "tracing";

  get isBusy() {
    return Boolean(this.from);
  }

  cancel() {
    this.from = null;
  }

  press(point) {
    const { tracing, view } = this.editor;
    if (!tracing.isThere) return;
    const [, , r, b] = tracing.box;
    Object.assign(this, { from: point, before: { ...tracing.place }, isStretching: far([r, b], point) * view.k < 2 * REACH });
  }

  drag(point) {
    const { editor, from, before, isStretching } = this;
    if (!from) return;
    const [dx, dy] = [point[0] - from[0], point[1] - from[1]];
    if (isStretching) editor.tracing.set({ width: Math.max(1, before.width + dx) });
    else editor.tracing.set({ x: before.x + dx, y: before.y + dy });
    editor.panel.showTracing();
  }

  lift() {
    this.from = null;
  }

  place() {
    this.editor.say("Arrows move the picture; its width is beside the plan.");
  }

  nudge(dx, dy) {
    const { tracing, panel } = this.editor;
    if (!tracing.isThere) return false;
    tracing.set({ x: tracing.place.x + dx, y: tracing.place.y + dy });
    panel.showTracing();
    return true;
  }

  paint(c, painter) {
    const { tracing } = this.editor;
    if (!tracing.isThere) return;
    const [, , r, b] = tracing.box;
    painter.drawFrame(c, tracing.box);
    painter.drawHandles(c, [{ at: () => [r, b] }]);
  }
}

export const TOOLS = [Select, Lasso, Hand, Row, Block, Table, Outline, Area, Shape, Focal, Trace];
