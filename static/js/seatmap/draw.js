/**
 * Paints the seats on the canvas: only sections and rows in sight, nothing while sections are tinted. State is shape
 * as well as colour: free filled, taken hollow, lost crossed. (Mine is SVG: see house.js.)
 */
import { Dots, wordOf } from "./dots.js";
import { PITCH, seatAt, tableOf, within } from "./geometry.js";
import { LOOK, SHAPES } from "./state.js";

const DOTS_BELOW = 9; // px of pitch: too small for rings and glyphs
const LABELS_FROM = 17;
const LABEL_INSET = 12; // px
const LABEL_CLEAR = 8; // px from the edge of the window: nearer, a letter would be cut
const DIMMED = 0.16; // alpha
const MOST_RATIO = 2; // a canvas of ratio 3 costs more than it shows

export class Painter {
  constructor(canvas, geo, seats) {
    Object.assign(this, { canvas, geo, seats, context: canvas.getContext("2d") });
  }

  resize(width, height) {
    this.ratio = Math.min(devicePixelRatio, MOST_RATIO);
    this.canvas.width = Math.round(width * this.ratio);
    this.canvas.height = Math.round(height * this.ratio);
    this.pitch = undefined;
  }

  /** The whole picture. How many seats it has is kept in `load`. */
  draw(view, theme) {
    if (view.pitch !== this.pitch || theme !== this.theme) [this.pictures, this.dots] = [[]];
    Object.assign(this, { view, theme, pitch: view.pitch, load: 0 });
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (view.isTinted) return;
    if (view.pitch < DOTS_BELOW) this.dots ??= new Dots(this.context, view.pitch * this.ratio, (look) => dotOf(look, theme));
    const rows = this.rowsInSight();
    this.load = rows.reduce((sum, { count }) => sum + count, 0);
    if (view.pitch >= DOTS_BELOW) this.drawTables(rows);
    this.drawRuns(rows.map(({ first, count }) => [first, first + count]));
    if (view.pitch >= LABELS_FROM) this.drawLabels(rows);
  }

  rowsInSight() {
    const seated = this.geo.shown.filter(({ standing, box }) => !standing && this.view.sees(box));
    return seated.flatMap(({ rows }) => rows.filter(({ box }) => this.view.sees(box)));
  }

  drawTables(rows) {
    const { context: c, geo, view, ratio, theme } = this;
    Object.assign(c, { fillStyle: theme.paper, strokeStyle: theme.edge, lineWidth: 1.2 * ratio });
    for (const row of rows) {
      if (row.section.kind !== "TABLES" || !(row.table ??= tableOf(geo, row))) continue;
      const { x, y, rx, ry } = row.table;
      const [w, h] = [rx * view.k * ratio, ry * view.k * ratio];
      const isRound = Math.abs(rx - ry) < PITCH / 2;
      c.beginPath();
      c.roundRect(this.at(x, 0)[0] - w, this.at(0, y)[1] - h, 2 * w, 2 * h, isRound ? Math.min(w, h) : 0.2 * view.pitch * ratio);
      c.fill();
      c.stroke();
    }
  }

  at(x, y) {
    const { view, ratio } = this;
    return [(x * view.k + view.x) * ratio, (y * view.k + view.y) * ratio];
  }

  /** Runs are [from, to) pairs of ordinals. */
  drawRuns(runs) {
    if (this.dots) this.drawDots(runs);
    else for (const [from, to] of runs) for (let i = from; i < to; i++) this.drawSeat(i);
  }

  drawDots(runs) {
    const { geo, seats, dots } = this;
    for (const [from, to] of runs) for (let i = from; i < to; i++) dots.put(seats.looks[i], ...this.at(geo.xs[i], geo.ys[i]));
    dots.show();
  }

  /** Larger ones are copies of a picture per look, on whole device pixels so that they stay sharp. */
  drawSeat(i) {
    const look = this.seats.looks[i];
    const picture = (this.pictures[look] ??= pictureOf(look, this.theme, this.view.pitch * this.ratio));
    const [x, y] = this.at(this.geo.xs[i], this.geo.ys[i]);
    this.context.drawImage(picture, Math.round(x - picture.width / 2), Math.round(y - picture.width / 2));
  }

  repaint(ordinals) {
    if (this.view?.isTinted !== false) return;
    const { xs, ys } = this.geo;
    const seated = ordinals.filter((i) => !this.seats.sectionOf(i).standing && this.isInSight(xs[i], ys[i]));
    if (!seated.length) return;
    if (this.dots) return this.draw(this.view, this.theme);
    this.erase(seated);
    this.drawRuns(seated.map((i) => [i, i + 1]));
  }

  erase(ordinals) {
    const { context: c, geo } = this;
    const radius = (this.view.pitch * this.ratio) / 2;
    c.globalCompositeOperation = "destination-out";
    c.beginPath();
    for (const i of ordinals) {
      const [x, y] = this.at(geo.xs[i], geo.ys[i]);
      c.moveTo(x + radius, y);
      c.arc(x, y, radius, 0, 7);
    }
    c.fill();
    c.globalCompositeOperation = "source-over";
  }

  drawLabels(rows) {
    const { context: c, view, ratio, theme } = this;
    c.font = `650 ${Math.min(14, view.pitch * 0.5) * ratio}px ${theme.font}`;
    Object.assign(c, { textAlign: "center", textBaseline: "middle", fillStyle: theme.grey, strokeStyle: theme.sunk, lineWidth: 5 * ratio });
    const taken = [];
    const isWhole = ([x, y]) => view.sees([x, y, x, y], -LABEL_CLEAR / view.k);
    for (const row of rows) {
      row.spots ??= labelSpots(this.geo, row);
      const seen = row.spots.filter(isWhole);
      for (const spot of seen.length || !row.spots.length ? seen : this.edgeSpot(row).filter(isWhole)) {
        if (taken.some((other) => distance(other, spot) < PITCH * 0.8)) continue;
        taken.push(spot);
        c.strokeText(row.label, ...this.at(...spot));
        c.fillText(row.label, ...this.at(...spot));
      }
    }
  }

  isInSight(x, y) {
    return this.view.sees([x, y, x, y], 0);
  }

  /** A long level row with both ends out of sight has its letter on the window's left edge. */
  edgeSpot({ first, count, box: [l, t, r, b] }) {
    const { xs, ys } = this.geo;
    const x = this.view.toPlan(LABEL_INSET, 0)[0];
    if (r - l < b - t) return [];
    let near = first;
    for (let i = first; i < first + count; i++) if (Math.abs(xs[i] - x) < Math.abs(xs[near] - x)) near = i;
    return Math.abs(xs[near] - x) < PITCH ? [[x, ys[near]]] : [];
  }
}

/** Where a row's letter can stand: beside both ends and in wide aisles, wherever no seat is in the way. */
function labelSpots(geo, row) {
  if (!row.label) return [];
  if (row.section.kind === "TABLES") return tableSpot(geo, row.box);
  const at = (nth) => [geo.xs[row.first + nth], geo.ys[row.first + nth]];
  const last = row.count - 1;
  const ends = last ? [beyond(at(1), at(0)), beyond(at(last - 1), at(last))] : [];
  const aisles = row.blocks
    .filter((start) => start && distance(at(start - 1), at(start)) > PITCH * 1.7)
    .map((start) => [(at(start - 1)[0] + at(start)[0]) / 2, (at(start - 1)[1] + at(start)[1]) / 2]);
  return [...ends, ...aisles].filter((spot) => seatAt(geo, ...spot, PITCH * 0.72) < 0);
}

/** The middle of a table, unless the drawing says there which it is. */
function tableSpot({ shapes }, [l, t, r, b]) {
  const [x, y] = [(l + r) / 2, (t + b) / 2];
  return shapes.some(({ label, box }) => label && within(box, x, y)) ? [] : [[x, y]];
}

const distance = ([ax, ay], [bx, by]) => Math.hypot(bx - ax, by - ay);

function beyond(a, b) {
  const far = (PITCH * 1.15) / distance(a, b);
  return [b[0] + (b[0] - a[0]) * far, b[1] + (b[1] - a[1]) * far];
}

/* ---------- a seat: units are pitches, about the origin ---------- */

const isFree = (look) => look >= LOOK.FREE;
const alphaOf = (look) => (look > LOOK.LOST && look & 1 ? DIMMED : 1);
const shapeOf = (look) => SHAPES[((look - LOOK.FREE) >> 1) % SHAPES.length];
const colourOf = (look, theme) => theme[`p${Math.floor((look - LOOK.FREE) / (2 * SHAPES.length)) + 1}`];

/** Hollow when taken, as in venues/picture.py. */
function dotOf(look, theme) {
  const as = (name, radius, hole) => ({ colour: wordOf(name), alpha: alphaOf(look), radius, hole });
  if (isFree(look)) return as(colourOf(look, theme), 0.37);
  if (look === LOOK.OFF) return as(theme.line, 0.2);
  return look === LOOK.LOST ? as(theme.bad, 0.4) : as(theme.edge, 0.32, 0.23);
}

/** A canvas with one seat on it, for a pitch in device pixels. */
export function pictureOf(look, theme, pitch) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.ceil(pitch) + 2;
  const c = canvas.getContext("2d");
  c.translate(canvas.width / 2, canvas.width / 2);
  c.scale(pitch, pitch);
  c.globalAlpha = alphaOf(look);
  c.lineCap = c.lineJoin = "round";
  if (isFree(look)) PAINT[shapeOf(look)](c, colourOf(look, theme), theme);
  else [paintOff, paintTaken, paintLost, paintTaken][look](c, theme, pitch);
  return canvas;
}

function disc(c, radius, colour, x = 0, y = 0) {
  c.beginPath();
  c.arc(x, y, radius, 0, 7);
  c.fillStyle = colour;
  c.fill();
}

function square(c, half, colour) {
  c.beginPath();
  c.roundRect(-half, -half, 2 * half, 2 * half, half * 0.3);
  c.fillStyle = colour;
  c.fill();
}

function stroke(c, path, colour, width) {
  Object.assign(c, { strokeStyle: colour, lineWidth: width });
  c.stroke(new Path2D(path));
}

const circle = (r) => `M${r} 0A${r} ${r} 0 1 1 ${-r} 0A${r} ${r} 0 1 1 ${r} 0`;

const paintOff = (c, theme) => disc(c, 0.1, theme.edge);
const paintTaken = (c, theme, pitch) => stroke(c, circle(0.29), theme.edge, Math.max(0.055, 1.2 / pitch));
const paintLost = (c, theme) => stroke(c, `${circle(0.34)}M-.15-.15 .15 .15M-.15 .15 .15-.15`, theme.bad, 0.08);

const PAINT = {
  circle: (c, colour) => disc(c, 0.355, colour),
  companion: (c, colour) => square(c, 0.34, colour),
  restricted(c, colour, theme) {
    disc(c, 0.355, colour);
    stroke(c, "M-.2 .2 .2-.2", theme.sunk, 0.11);
  },
  wheelchair(c, colour, theme) {
    square(c, 0.38, colour);
    disc(c, 0.055, theme.paper, -0.06, -0.24);
    stroke(c, "M-.06-.13V.05H.1L.18 .22M-.17-.01A.16 .16 0 1 0 .05 .22", theme.paper, 0.065);
  },
};

const NAMES = ["p1", "p2", "p3", "p4", "p5", "p6", "grey", "edge", "line", "paper", "sunk", "bad"];

/** The page's colours and type as a canvas understands them: a probe resolves light-dark() and var(). */
export function readTheme(host) {
  const probe = host.appendChild(document.createElement("i"));
  const style = getComputedStyle(probe);
  const theme = {};
  for (const name of NAMES) {
    probe.style.color = `var(--${name})`;
    theme[name] = style.color;
  }
  probe.style.fontFamily = "var(--seat)";
  theme.font = style.fontFamily;
  probe.remove();
  return theme;
}

export function onThemeChange(changed, signal) {
  for (const query of ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"]) {
    matchMedia(query).addEventListener("change", changed, { signal });
  }
}
