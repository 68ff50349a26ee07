/** Which seats lie where: a grid of square cells, kept up to date seat by seat. */
const CELL = 80; // plan units, four pitches
const NONE = -1;
const HALF = 1 << 20;

export class Index {
  constructor(drawing) {
    Object.assign(this, { drawing, cells: new Map(), keys: new Float64Array(0) });
  }

  reserve(count) {
    const longer = new Float64Array(count).fill(NONE);
    longer.set(this.keys);
    this.keys = longer;
  }

  /** Puts a seat into the cell it lies in now; a deleted one into none. */
  update(id) {
    const { drawing, cells, keys } = this;
    const key = drawing.homes[id] ? keyOf(Math.floor(drawing.xs[id] / CELL), Math.floor(drawing.ys[id] / CELL)) : NONE;
    const before = keys[id];
    if (key === before) return;
    if (before !== NONE) without(cells.get(before), id);
    if (key !== NONE) {
      if (!cells.has(key)) cells.set(key, []);
      cells.get(key).push(id);
    }
    keys[id] = key;
  }

  /** Calls visit(id) for every seat in a box [left, top, right, bottom]. */
  each([l, t, r, b], visit) {
    const { xs, ys, count } = this.drawing;
    const [left, top, right, bottom] = [l, t, r, b].map((edge) => Math.floor(edge / CELL));
    if ((right - left + 1) * (bottom - top + 1) > this.cells.size) {
      for (let id = 0; id < count; id++) {
        if (this.keys[id] !== NONE && xs[id] >= l && xs[id] <= r && ys[id] >= t && ys[id] <= b) visit(id);
      }
      return;
    }
    for (let cx = left; cx <= right; cx++) {
      for (let cy = top; cy <= bottom; cy++) {
        for (const id of this.cells.get(keyOf(cx, cy)) ?? []) {
          if (xs[id] >= l && xs[id] <= r && ys[id] >= t && ys[id] <= b) visit(id);
        }
      }
    }
  }

  /** The seat nearest to a point within reach that passes a test, or -1. */
  nearest(x, y, reach, passes = () => true) {
    const { xs, ys } = this.drawing;
    let best = -1;
    let least = reach * reach;
    this.each([x - reach, y - reach, x + reach, y + reach], (id) => {
      const far = (xs[id] - x) ** 2 + (ys[id] - y) ** 2;
      if (far < least && passes(id)) [best, least] = [id, far];
    });
    return best;
  }
}

const keyOf = (cx, cy) => (cx + HALF) * 2 * HALF + cy + HALF;

function without(list, id) {
  list[list.indexOf(id)] = list.at(-1);
  list.pop();
}
