/** Where we are looking, and how we get there. */
import { onThemeChange, readTheme } from "./draw.js";
import { PITCH } from "./geometry.js";

const TINT_BELOW = 3; // px of pitch: under this, sections are tinted instead of seats drawn
const TAP_FROM = 24; // px of pitch: the least target that a tap may select
const CLICK_FROM = 14; // px of pitch: with a mouse
const SEAT_PITCH = 27; // px of pitch after zooming to a section too large to fit
export const MOST = 2.8; // px per plan unit
const PAD = 18; // px
const FINE = matchMedia("(pointer: fine)");
const REDRAW_EVERY = 100; // ms during a gesture, and 50 more per thousand seats in sight

/** screen = plan * k + (x, y), in CSS px. Pure arithmetic; what gives a { k, x, y } leaves the view as it is. */
export class View {
  constructor(box) {
    this.box = box;
    Object.assign(this, { width: 0, height: 0, k: 1, x: 0, y: 0 });
  }

  get pitch() {
    return this.k * PITCH;
  }

  get isTappable() {
    return this.pitch >= (FINE.matches ? CLICK_FROM : TAP_FROM);
  }

  get isTinted() {
    return this.pitch < TINT_BELOW;
  }

  get isFit() {
    return this.k <= this.least * 1.01;
  }

  get least() {
    return this.scaleFor(this.box);
  }

  get state() {
    return { k: this.k, x: this.x, y: this.y };
  }

  copy() {
    return Object.assign(new View(), this);
  }

  /** The scale at which a box just fits. */
  scaleFor([l, t, r, b]) {
    return Math.min((this.width - 2 * PAD) / (r - l), (this.height - 2 * PAD) / (b - t), MOST);
  }

  /** New size of the window: the middle of the picture stays, a whole house stays whole. */
  resize(width, height) {
    const whole = !this.width || this.isFit;
    const [cx, cy] = this.toPlan(this.width / 2, this.height / 2);
    Object.assign(this, { width, height });
    Object.assign(this, whole ? this.fitted() : this.centred(cx, cy, this.k));
  }

  toPlan(px, py) {
    return [(px - this.x) / this.k, (py - this.y) / this.k];
  }

  toScreen(x, y) {
    return [x * this.k + this.x, y * this.k + this.y];
  }

  fitted() {
    return this.centred((this.box[0] + this.box[2]) / 2, (this.box[1] + this.box[3]) / 2, this.least);
  }

  centred(cx, cy, k) {
    return this.clamped({ k, x: this.width / 2 - cx * k, y: this.height / 2 - cy * k });
  }

  /** A view of a section: all of it; seen like that already, the part around a point where seats can be tapped. */
  framing(box, [px, py]) {
    const roomy = Math.min(this.scaleFor([box[0] - 2 * PITCH, box[1] - PITCH, box[2] + 2 * PITCH, box[3] + PITCH]), 2.2);
    const isSeen = this.k > roomy * 0.95;
    const k = Math.min(isSeen ? Math.max(roomy, SEAT_PITCH / PITCH) : roomy, MOST);
    const cx = spot(px, box[0], box[2], this.width / k);
    const cy = spot(py, box[1], box[3], this.height / k);
    return this.centred(cx, cy, k);
  }

  zoomed(factor, px = this.width / 2, py = this.height / 2) {
    const k = Math.min(Math.max(this.k * factor, this.least), MOST);
    const grown = k / this.k;
    return this.clamped({ k, x: px - (px - this.x) * grown, y: py - (py - this.y) * grown });
  }

  moved(dx, dy) {
    return this.clamped({ k: this.k, x: this.x + dx, y: this.y + dy });
  }

  /** Keeps the house in the window: centred while it fits, else never further out than a third of the window. */
  clamped({ k, x, y }) {
    const [l, t, r, b] = this.box;
    return { k, x: held(x, l * k, r * k, this.width), y: held(y, t * k, b * k, this.height) };
  }

  sees([l, t, r, b], margin = PITCH) {
    const [left, top] = this.toPlan(0, 0);
    const [right, bottom] = this.toPlan(this.width, this.height);
    return r + margin > left && l - margin < right && b + margin > top && t - margin < bottom;
  }
}

/** The middle of the stretch if the window holds it, else a place near the wish that shows no empty margin. */
function spot(wish, from, to, window) {
  if (to - from + 2 * PITCH <= window) return (from + to) / 2;
  const slack = window / 2 - 2 * PITCH;
  return Math.min(Math.max(wish, from + slack), to - slack);
}

function held(at, from, to, size) {
  if (to - from <= size - 2 * PAD + 1) return (size - from - to) / 2;
  const margin = size / 3;
  return Math.min(Math.max(at, size - margin - to), margin - from);
}

/**
 * Moves and draws the picture. While it moves, the finished picture is shifted and scaled, which costs nothing; a new
 * one is drawn when it rests, and a few times a second before.
 */
export class Camera {
  /** layer: what moves; painter and house draw on it; drawn() is called after each new picture. */
  constructor({ host, stage, layer, view, painter, house, drawn }, signal) {
    Object.assign(this, { host, stage, layer, view, painter, house, drawn });
    const observer = new ResizeObserver(() => this.resize());
    observer.observe(stage);
    signal.addEventListener("abort", () => observer.disconnect());
    onThemeChange(() => this.retheme(), signal);
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    if (!width || (width === this.view.width && height === this.view.height)) return;
    this.painter.resize(width, height);
    this.view.resize(width, height);
    this.retheme();
  }

  retheme() {
    this.theme = readTheme(this.host);
    this.draw();
  }

  draw() {
    const { view, painter, house } = this;
    cancelAnimationFrame(this.frame);
    this.frame = undefined;
    const { isTinted } = this.shown ?? view;
    this.shown = view.copy();
    this.layer.style.transform = "";
    painter.draw(this.shown, this.theme);
    house.place(view);
    if (isTinted !== view.isTinted) house.refresh(view);
    this.drawnAt = performance.now();
    this.drawn();
  }

  /** Follow a finger: whatever was under way is over. */
  follow(state) {
    cancelAnimationFrame(this.gliding);
    this.go(state);
  }

  go(state) {
    Object.assign(this.view, state);
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      const due = this.drawnAt + REDRAW_EVERY + this.painter.load / 20;
      if (performance.now() > due) this.draw();
      else this.shift();
    });
  }

  shift() {
    const { shown, view } = this;
    const scale = view.k / shown.k;
    this.layer.style.transform = `translate(${view.x - shown.x * scale}px, ${view.y - shown.y * scale}px) scale(${scale})`;
  }

  /** Glide to a view, or jump where motion is unwelcome. */
  fly(target) {
    const from = this.view.state;
    const time = parseFloat(getComputedStyle(this.host).getPropertyValue("--seatmap-glide"));
    const begun = performance.now();
    const step = (now) => {
      const t = time ? Math.min(Math.max((now - begun) / time, 0), 1) : 1;
      this.go(t < 1 ? between(from, target, 1 - (1 - t) ** 3) : target);
      if (t === 1) this.draw();
      else this.gliding = requestAnimationFrame(step);
    };
    cancelAnimationFrame(this.gliding);
    step(begun);
  }
}

/** Part of the way between two views: zooming feels even, and one point of the picture stands still. */
function between(a, b, t) {
  const k = a.k * (b.k / a.k) ** t;
  const done = b.k === a.k ? t : (k - a.k) / (b.k - a.k);
  return { k, x: a.x + (b.x - a.x) * done, y: a.y + (b.y - a.y) * done };
}
