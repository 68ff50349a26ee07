/**
 * Drag, pinch and wheel. Taps stay clicks. A whole house lets one finger scroll the page (touch-action in the style
 * sheet); a closer view takes the finger.
 */
const SLACK = { mouse: 4, pen: 6, touch: 9 }; // px before a press becomes a drag
const REST_AFTER = 140; // ms without a turn of the wheel

export class Gestures {
  wasDrag = false; // the click that follows a drag is none

  /** go(state) shows a view; rest() is called when a gesture ends. */
  constructor(stage, view, { go, rest }, signal) {
    Object.assign(this, { stage, view, go, rest, pointers: new Map() });
    const on = (target, name, act, options) => target.addEventListener(name, act, { signal, ...options });
    on(stage, "pointerdown", (event) => this.down(event));
    on(stage, "pointermove", (event) => this.move(event));
    on(stage, "pointerup", (event) => this.up(event));
    on(stage, "pointercancel", (event) => this.up(event));
    on(stage, "dragstart", (event) => event.preventDefault());
    on(stage, "wheel", (event) => this.wheel(event), { passive: false });
    on(window, "scroll", () => (this.engaged = false), { passive: true });
  }

  point({ clientX, clientY }) {
    const { left, top } = this.stage.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }

  down(event) {
    if (event.button || event.target.closest("[data-own-pointer]")) return;
    this.pointers.set(event.pointerId, { ...this.point(event), from: this.point(event) });
  }

  move(event) {
    const { pointers, view } = this;
    if (event.movementX || event.movementY) this.engaged = true;
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = this.point(event);
    const isSlight = Math.hypot(now.x - before.from.x, now.y - before.from.y) < (SLACK[event.pointerType] ?? 6);
    if (!this.wasDrag && pointers.size < 2 && isSlight) return;
    if (!this.wasDrag) for (const id of pointers.keys()) this.stage.setPointerCapture(id);
    this.wasDrag = true;
    if (pointers.size === 1) this.go(view.moved(now.x - before.x, now.y - before.y));
    else this.pinch(event.pointerId, before, now);
    Object.assign(before, now);
  }

  pinch(id, before, now) {
    const [, other] = [...this.pointers].find(([key]) => key !== id);
    const apart = (p) => Math.hypot(p.x - other.x, p.y - other.y) || 1;
    this.go(this.view.moved((now.x - before.x) / 2, (now.y - before.y) / 2));
    this.go(this.view.zoomed(apart(now) / apart(before), (now.x + other.x) / 2, (now.y + other.y) / 2));
  }

  up(event) {
    if (!this.pointers.delete(event.pointerId) || this.pointers.size || !this.wasDrag) return;
    this.rest();
    setTimeout(() => (this.wasDrag = false));
  }

  /** Zooms once the pointer has moved on the map: a page scrolled past it keeps scrolling. */
  wheel(event) {
    const { deltaY, deltaMode, ctrlKey } = event;
    if (!ctrlKey && (!this.engaged || (deltaY > 0 && this.view.isFit))) return;
    event.preventDefault();
    const turn = deltaY * (deltaMode ? 20 : 1) * (ctrlKey ? 0.01 : 0.0022);
    const { x, y } = this.point(event);
    this.go(this.view.zoomed(Math.exp(-Math.max(-0.5, Math.min(0.5, turn))), x, y));
    clearTimeout(this.timer);
    this.timer = setTimeout(this.rest, REST_AFTER);
  }
}
