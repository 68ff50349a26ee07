/** The corners of what is outlined, one at a time: the keyboard's way, and what the buttons beside the plan do. */
import * as edits from "./edits.js";
import { halfway } from "./laying.js";

const LEAST = 3;

export class Corners {
  constructor(editor) {
    this.editor = editor;
  }

  /** The corner that is picked, as a point; undefined for none. */
  get point() {
    const { outlined, corner } = this.editor.selection;
    return outlined?.points[corner];
  }

  pick(corner) {
    const { editor } = this;
    if (editor.tool.name !== "select") editor.use("select");
    editor.selection.corner = corner;
    this.tell();
    editor.refresh();
    editor.repaintTop();
  }

  tell() {
    const { outlined, corner } = this.editor.selection;
    const [x, y] = this.point.map(Math.round);
    this.editor.say(`Corner ${corner + 1} of ${outlined.points.length} at ${x}, ${y}`);
  }

  drop() {
    this.editor.selection.corner = null;
    this.editor.refresh();
    this.editor.repaintTop();
  }

  /** The next one (1) or the one before (−1). */
  step(by) {
    const { outlined, corner } = this.editor.selection;
    if (!outlined) return this.editor.say("Nothing with corners is selected.");
    const { length } = outlined.points;
    return this.pick(corner === null ? 0 : (corner + by + length) % length);
  }

  /** One more, halfway to the next. */
  add() {
    if (!this.point) return this.step(1);
    const { outlined, corner } = this.editor.selection;
    const next = outlined.points.at((corner + 1) % outlined.points.length);
    return this.insert(corner + 1, halfway(this.point, next));
  }

  insert(at, point) {
    const { history, selection } = this.editor;
    edits.reshape(history, selection.outlined, selection.outlined.points.toSpliced(at, 0, point));
    this.pick(at);
  }

  remove() {
    const { history, selection } = this.editor;
    const { outlined, corner } = selection;
    if (!this.point) return this.step(1);
    if (outlined.points.length <= LEAST) return this.editor.say("An outline has three corners at least.");
    edits.reshape(history, outlined, outlined.points.toSpliced(corner, 1));
    return this.pick(Math.max(0, corner - 1));
  }

  moveTo(point) {
    const { history, selection } = this.editor;
    edits.reshape(history, selection.outlined, selection.outlined.points.with(selection.corner, point));
    this.tell();
  }

  moveBy(dx, dy) {
    const [x, y] = this.point;
    this.moveTo([x + dx, y + dy]);
  }
}
