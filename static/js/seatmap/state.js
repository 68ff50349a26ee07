/**
 * What changes while somebody looks: prices, who holds what, what is mine, which levels are dimmed.
 * Knows nothing of the page. Prices are integers in minor units.
 */
import { rowOf } from "./geometry.js";

export const LOOK = { OFF: 0, TAKEN: 1, LOST: 2, FADED: 3, FREE: 4 }; // odd ones from FADED on are dimmed
export const SHAPES = ["circle", "wheelchair", "companion", "restricted"];
const [, WHEELCHAIR, COMPANION] = SHAPES.keys();

export class Seats {
  /** prices: the event's price file; minor: decimal text to minor units. */
  constructor(geo, prices, minor) {
    this.geo = geo;
    this.minor = minor;
    this.readPrices(prices);
    this.status = new Uint8Array(geo.count).fill(1);
    this.mine = new Set();
    this.lost = new Set();
    this.dimmed = new Set();
    this.onlySpaces = false;
    this.shapes = new Uint8Array(geo.count);
    for (const [i, names] of geo.flags) this.shapes[i] = Math.max(0, SHAPES.findIndex((s) => names.includes(s)));
    this.looks = new Uint8Array(geo.count);
    this.sums = [];
  }

  readPrices({ levels, classes }) {
    this.levels = levels.map((level) => ({ ...level, minor: this.minor(level.price) }));
    this.levelOf = unroll(classes, this.geo.count);
  }

  /** Other prices; tells which of mine are not for sale any more. */
  reprice(prices) {
    this.readPrices(prices);
    const lost = this.dropLost();
    this.dim(this.dimmed);
    this.sum();
    return lost;
  }

  level(i) {
    return this.levels[this.levelOf[i]];
  }

  price(i) {
    return this.level(i)?.minor ?? 0;
  }

  isFree(i) {
    return this.status[i] === 0 && this.levelOf[i] >= 0;
  }

  isSpace(i) {
    return this.shapes[i] === WHEELCHAIR;
  }

  /** A wheelchair's space or the seat beside one. */
  isForWheelchairs(i) {
    return [WHEELCHAIR, COMPANION].includes(this.shapes[i]);
  }

  state(i) {
    if (this.mine.has(i)) return "mine";
    if (this.isFree(i)) return "free";
    return this.status[i] === 2 || this.levelOf[i] < 0 ? "off" : "taken";
  }

  get total() {
    return [...this.mine].reduce((sum, i) => sum + this.price(i), 0);
  }

  /** Whether such a place is free: only then it shows its sign. */
  has(shape) {
    return this.shapes.some((it, i) => it === shape && this.isFree(i));
  }

  /** Take over a snapshot of the house; tells which ordinals changed and which of mine are gone. */
  update(bytes) {
    if (bytes.length !== this.geo.count) throw new Error("The status does not fit the layout");
    const changed = [];
    for (let i = 0; i < bytes.length; i++) if (bytes[i] !== this.status[i]) changed.push(i);
    this.status = bytes;
    const lost = this.dropLost();
    this.refresh(changed);
    this.sum();
    return { changed, lost };
  }

  dropLost() {
    const gone = [...this.mine].filter((i) => !this.isFree(i));
    for (const i of gone) {
      this.mine.delete(i);
      this.lost.add(i);
    }
    this.replaceStanding(gone);
    return gone.filter((i) => this.lost.has(i));
  }

  /** Standing places are all alike: a lost one is exchanged for a free one at the same price. */
  replaceStanding(lost) {
    for (const i of lost.filter((gone) => this.sectionOf(gone).standing)) {
      const [other] = this.places(this.sectionOf(i), this.price(i));
      if (other === undefined) continue;
      this.mine.add(other);
      this.lost.delete(i);
    }
  }

  sectionOf(i) {
    return rowOf(this.geo, i).section;
  }

  /** A free place of a standing section at a price, or []; from anywhere, so that two buyers rarely meet. */
  places({ first, count }, price) {
    const start = Math.floor(Math.random() * count);
    for (let k = 0; k < count; k++) {
      const i = first + ((start + k) % count);
      if (this.isFree(i) && !this.mine.has(i) && this.price(i) === price) return [i];
    }
    return [];
  }

  /** Choose a seat or give it back; its ordinal if it looks different now (mine is marked above the picture). */
  set(i, mine) {
    if (mine) this.mine.add(i);
    else this.mine.delete(i);
    this.lost.delete(i);
    return this.refresh([i]);
  }

  dim(positions) {
    this.dimmed = new Set(positions);
    for (let i = 0; i < this.looks.length; i++) this.looks[i] = this.look(i);
  }

  /** Which of these look different now. */
  refresh(ordinals) {
    return ordinals.filter((i) => this.looks[i] !== (this.looks[i] = this.look(i)));
  }

  /** Which picture a seat wears: see LOOK; free ones are FREE + (position, shape, dimmed) packed. */
  look(i) {
    if (this.lost.has(i)) return LOOK.LOST;
    if (this.status[i] === 2 || this.levelOf[i] < 0) return LOOK.OFF;
    const isOther = this.onlySpaces && !this.isForWheelchairs(i);
    if (this.status[i]) return isOther ? LOOK.FADED : LOOK.TAKEN;
    const { position } = this.level(i);
    return LOOK.FREE + ((position - 1) * 4 + this.shapes[i]) * 2 + (isOther || this.dimmed.has(position));
  }

  /** Per section: how many are left and offered, wheelchair spaces left, the least price, and free seats per price
   *  position; per position: how many are left and offered, and from which price to which. */
  sum() {
    const { status, levelOf, levels } = this;
    this.byPosition = Array.from({ length: 7 }, () => ({ left: 0, offered: 0, low: Infinity, high: 0 }));
    this.sums = this.geo.sections.map((section) => {
      const sum = { left: 0, spaces: 0, offered: 0, from: Infinity, byPosition: new Array(7).fill(0) };
      for (let i = section.first; i < section.first + section.count; i++) {
        if (status[i] > 1) continue;
        sum.offered++;
        if (levelOf[i] < 0) continue;
        const { position, minor } = levels[levelOf[i]];
        const all = this.byPosition[position];
        all.offered++;
        if (status[i]) continue;
        sum.left++;
        sum.byPosition[position]++;
        all.left++;
        if (minor < sum.from) sum.from = minor;
        if (minor < all.low) all.low = minor;
        if (minor > all.high) all.high = minor;
      }
      return sum;
    });
    for (const i of this.geo.flags.keys()) if (this.isSpace(i) && this.isFree(i)) this.sums[this.sectionOf(i).index].spaces++;
  }

  /** Whether nothing of a section is asked for. */
  isDim(section) {
    return this.dimmed.has(this.mainPosition(section)) || (this.onlySpaces && !this.sums[section.index].spaces);
  }

  /** The price position that most free seats of a section have, undimmed ones first; 0 when none is free. */
  mainPosition({ index }) {
    const counts = this.sums[index].byPosition;
    const rank = (p) => counts[p] * (this.dimmed.has(p) ? 1 : 1e6);
    return [1, 2, 3, 4, 5, 6].reduce((best, p) => (rank(p) > rank(best) ? p : best), 0);
  }
}

function unroll(classes, count) {
  const out = new Int16Array(count).fill(-1);
  let at = 0;
  for (const [level, run] of classes) {
    out.fill(level, at, at + run);
    at += run;
  }
  return out;
}
