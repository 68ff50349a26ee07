/** Keys of the plan while it has the focus, the cross that stands for the pointer, and keys of the whole page. */

const NUDGE = 1; // plan units; with Shift half a pitch
const CROSS_STEP = 10;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Keyboard {
  constructor(editor) {
    Object.assign(this, { editor, cross: null });
  }

  /** Keys of the plan, while it has the focus. */
  key(event) {
    if (event.ctrlKey || event.metaKey) return;
    const arrow = ARROWS[event.key];
    const button = this.editor.root.querySelector(`[data-tool][data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    const act = { "+": "closer", "=": "closer", "-": "farther", 0: "fit", Delete: "remove", Backspace: "remove", "]": "turn-right", "[": "turn-left", ".": "corner-next", ",": "corner-before", i: "corner-add" }[event.key];
    if (arrow) this.arrow(arrow, event.shiftKey);
    else if (event.key === "Enter" || event.key === " ") this.placeByKey(event);
    else if (event.key === "Escape") this.escape();
    else if (act) this.editor.act(act);
    else if (button && !event.altKey) this.editor.use(button.dataset.tool);
    else return;
    event.preventDefault();
  }

  arrow([dx, dy], isFar) {
    const step = isFar ? CROSS_STEP : NUDGE;
    if (!this.editor.tool.nudge(dx * step, dy * step)) this.moveCross(dx, dy, isFar ? 5 * CROSS_STEP : CROSS_STEP);
  }

  moveCross(dx, dy, step) {
    const { editor } = this;
    const { view } = editor;
    const [l, t, r, b] = view.sight(-20 / view.k);
    const [x, y] = this.cross ?? editor.snapped([(l + r) / 2, (t + b) / 2]);
    const [cx, cy] = [x + dx * step, y + dy * step];
    this.cross = [cx, cy];
    if (cx < l || cx > r || cy < t || cy > b) {
      view.move(-dx * view.width * 0.3, -dy * view.height * 0.3);
      editor.repaint();
    }
    editor.say(`Cross at ${Math.round(cx)}, ${Math.round(cy)}`);
    editor.tool.hover(this.cross);
    editor.repaintTop();
  }

  placeByKey(event) {
    if (!this.cross) this.moveCross(0, 0, 0);
    this.editor.tool.place(this.cross, event);
  }

  escape() {
    const { editor } = this;
    if (editor.tool.isBusy) editor.tool.cancel();
    else if (editor.corners.point) editor.corners.drop();
    else if (editor.tool.name === "select") editor.select([]);
    else editor.use("select");
    editor.repaint();
  }

  /** Keys that work wherever the focus is, but in a field keep their own meaning. */
  shortcut(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    const isTyping = event.target.matches("input:not([type=checkbox], [type=range]), textarea");
    const key = event.key.toLowerCase();
    const act = { z: event.shiftKey ? "redo" : "undo", y: "redo", d: "duplicate", a: "all", s: "save" }[key];
    if (!act || (isTyping && act !== "save")) return;
    event.preventDefault();
    if (isTyping) event.target.dispatchEvent(new Event("change", { bubbles: true }));
    this.editor.act(act);
  }
}
