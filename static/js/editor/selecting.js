/** The tool that selects and moves, and takes hold of handles. */
import { boxOf, middleOf, PITCH, seatsOf, shapeBox } from "./drawing.js";
import * as edits from "./edits.js";
import { far, frameOf, inside, rotated } from "./laying.js";
import { REACH, SLACK, Tool } from "./tool.js";

const HOLD = 12; // px around a handle
const ALIGN = 6; // px within which a seat snaps to another's line
const ALIGN_REACH = 30 * PITCH;
const AGAIN = 500; // ms between clicks that belong together

export class Select extends Tool {
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
      handle.press(editor);
      return;
    }
    const hit = this.hit(point);
    this.state = { from: point, hit, isAdding: event.shiftKey, shift: [0, 0], isDragging: false };
    if (hit && !this.holds(hit) && !event.shiftKey) this.choose(hit, false);
    this.state.canMove = hit !== null && this.holds(hit) && hit.kind !== "outline" && editor.isEditable;
  }

  handleAt(point) {
    const { handles, view } = this.editor;
    const away = (handle) => far(handle.at(1 / view.k), point) * view.k;
    const near = handles.filter((handle) => away(handle) < HOLD);
    return near.sort((a, b) => away(a) - away(b))[0];
  }

  pull(point, event) {
    const { editor, state } = this;
    state.to = editor.snapped(point);
    state.handle.pull(state.to, event, editor);
    editor.repaintTop();
  }

  letGo() {
    const { handle, to } = this.state;
    if (to) handle.drop(this.editor);
  }

  hit([x, y]) {
    const { drawing, view } = this.editor;
    const reach = Math.max(REACH / view.k, PITCH * 0.4);
    const seat = drawing.index.nearest(x, y, reach, (id) => !drawing.isStanding(id));
    if (seat >= 0) return { kind: "seat", seat };
    const shape = drawing.shapes.findLast((each) => isOn(each, [x, y], 4 / view.k));
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
      this.pull(point, event);
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
    const time = hit.seat === undefined ? 1 : this.counted(hit.seat, event.timeStamp);
    if (time === 2) return editor.takeRows();
    if (time > 2) return editor.takeSections();
    return this.choose(hit, isAdding);
  }

  /** Which click on this seat in quick succession it is: pointer events do not count them. */
  counted(seat, at) {
    const isAgain = this.last?.seat === seat && at - this.last.at < AGAIN;
    this.last = { seat, at, times: isAgain ? this.last.times + 1 : 1 };
    return this.last.times;
  }

  takeBox(point) {
    const { editor, state } = this;
    const box = boxOf([state.from, point]);
    const seats = [];
    editor.drawing.index.each(box, (id) => !editor.drawing.isStanding(id) && seats.push(id));
    const shapes = editor.drawing.shapes.filter((shape) => holdsBox(box, boxOf(frameOf(shape))));
    editor.take(seats, shapes, state.isAdding);
  }

  /** By keyboard: the seat, shape or area at the cross; a seat again its row, and then its section. */
  place(point, event) {
    const { editor } = this;
    const hit = this.hit(point);
    if (!hit) return editor.say("Nothing is here.");
    const { row, isWhole } = this.rowAt(hit.seat);
    if (!row || !this.holds(hit) || event?.shiftKey) return this.choose(hit, event?.shiftKey);
    return isWhole ? editor.takeSections() : editor.takeRows();
  }

  rowAt(seat) {
    const { drawing, selection } = this.editor;
    const row = drawing.homes[seat];
    return { row, isWhole: row?.seats.every((id) => selection.seats.has(id)) };
  }

  /** Moves the corner that is picked, else all that is selected. */
  nudge(dx, dy) {
    const { editor } = this;
    if (!editor.isEditable || editor.selection.isEmpty) return false;
    if (editor.corners.point) editor.corners.moveBy(dx, dy);
    else edits.moveBy(editor.history, editor.selection, dx, dy);
    return true;
  }

  paint(c, painter) {
    const { state, editor } = this;
    if (!state && editor.isEditable) painter.drawHandles(c, editor.handles);
    if (state?.handle && state.to) state.handle.paint(c, painter);
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

/** Whether a point lies on a shape, as it is turned. */
function isOn(shape, point, reach) {
  const [l, t, r, b] = shapeBox(shape);
  const [[x, y]] = shape.points.length ? [point] : rotated([point], -shape.rotation, middleOf([l, t, r, b]));
  return x >= l - reach && x <= r + reach && y >= t - reach && y <= b + reach;
}

const holdsBox = ([l, t, r, b], [l2, t2, r2, b2]) => l <= l2 && t <= t2 && r >= r2 && b >= b2;
