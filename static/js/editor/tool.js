/**
 * What the pointer (or the keyboard's cross and Enter) does on the plan. A tool has press, drag and lift for the
 * pointer, place(point) for a click or Enter, and paint for what it is about to make. Points are plan units.
 */
import { seatsOf } from "./drawing.js";
import * as edits from "./edits.js";

export const REACH = 9; // px around a seat that still mean it
export const SLACK = 4; // px before a press is a drag

export class Tool {
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

  drag(point) {
    this.hover(point);
  }

  /** An arrow key, in steps of a pixel of the plan; whether it meant something to this tool. */
  nudge() {
    return false;
  }

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
