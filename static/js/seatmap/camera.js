/**
 * Moves and draws the picture. While it moves, the finished picture is shifted and scaled, which costs nothing; a new
 * one is drawn when it rests, and a few times a second before.
 */
import { onThemeChange, readTheme } from "./draw.js";

const REDRAW_EVERY = 100; // ms during a gesture, and 50 more per thousand seats in sight

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

  /** A new picture, now. */
  draw() {
    const { view, painter, house } = this;
    cancelAnimationFrame(this.frame);
    this.frame = undefined;
    const { isTinted } = this.shown ?? view;
    this.shown = { ...view.state, isTinted: view.isTinted };
    this.layer.style.transform = "";
    painter.draw(view, this.theme);
    house.place(view);
    if (isTinted !== view.isTinted) house.refresh(view);
    this.drawnAt = performance.now();
    this.drawn();
  }

  /** Show a view from now on, at the next frame. */
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
