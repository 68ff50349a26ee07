/** screen = plan * k + (x, y), in CSS px. */
const LEAST = 0.005;
const MOST = 8;
const PAD = 24;

export class View {
  constructor() {
    Object.assign(this, { width: 0, height: 0, k: 1, x: 0, y: 0 });
  }

  toPlan(px, py) {
    return [(px - this.x) / this.k, (py - this.y) / this.k];
  }

  toScreen(x, y) {
    return [x * this.k + this.x, y * this.k + this.y];
  }

  /** What is in sight, and a margin in plan units: [left, top, right, bottom]. */
  sight(margin = 0) {
    const [l, t] = this.toPlan(0, 0);
    const [r, b] = this.toPlan(this.width, this.height);
    return [l - margin, t - margin, r + margin, b + margin];
  }

  /** All of a box, as large as possible. */
  fit([l, t, r, b]) {
    const wide = (this.width - 2 * PAD) / Math.max(r - l, 1);
    const high = (this.height - 2 * PAD) / Math.max(b - t, 1);
    this.centre([(l + r) / 2, (t + b) / 2], Math.min(wide, high, 2));
  }

  centre([x, y], k = this.k) {
    this.k = Math.min(Math.max(k, LEAST), MOST);
    this.x = this.width / 2 - x * this.k;
    this.y = this.height / 2 - y * this.k;
  }

  zoom(factor, px = this.width / 2, py = this.height / 2) {
    const k = Math.min(Math.max(this.k * factor, LEAST), MOST);
    const grown = k / this.k;
    Object.assign(this, { k, x: px - (px - this.x) * grown, y: py - (py - this.y) * grown });
  }

  move(dx, dy) {
    this.x += dx;
    this.y += dy;
  }
}
