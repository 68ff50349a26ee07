/** One seat map on a page: puts the parts together and passes what the buyer does between them. */
import { PITCH, lookAt, rowOf, seatAt, seatLabel, sectionAt } from "./geometry.js";
import { Seats } from "./state.js";
import { gaps } from "./gaps.js";
import { Camera, MOST, View } from "./view.js";
import { Painter } from "./draw.js";
import { House } from "./house.js";
import { Gestures } from "./gestures.js";
import { Grid, neighbour } from "./keyboard.js";
import { Basket, Note, Parts, Sheet, Tip, bar, make, paintKey, press } from "./page.js";
import { WORDS, speak } from "./words.js";
import { bare } from "../labels.js";

const STEP = 1.7; // of a zoom button
const TIPS_FROM = 12; // px of pitch: smaller seats are told by section
const REACH = PITCH * 0.7; // of a tap, around the middle of a seat

export class SeatMap {
  /** mount: the element; geo, prices: decoded files; bytes: how the house stands. */
  constructor(mount, geo, prices, bytes) {
    const { max, locale, currency } = mount.dataset;
    this.words = speak({ locale, currency: currency ?? prices.currency });
    Object.assign(this, { mount, geo, max: Number(max ?? 10), stop: new AbortController() });
    this.seats = new Seats(geo, prices, this.words.minor);
    this.seats.update(bytes);
    this.view = new View(geo.box);
    this.build();
    this.listen();
    this.dim();
    this.camera.resize();
    this.restore();
  }

  build() {
    const { geo, seats, words, mount, view } = this;
    const canvas = make("canvas", { "aria-hidden": "true" });
    this.painter = new Painter(canvas, geo, seats);
    this.house = new House(geo, seats, words, ({ index }) => mount.dataset.sectionUrl.replace("{n}", index));
    this.grid = this.makeGrid();
    this.sheet = this.makeSheet();
    this.basket = new Basket(mount, seats, words, {
      remove: (ordinals) => this.choose(ordinals, false), describe: (i) => this.describe(i), gap: () => this.gap(),
    });
    this.tip = new Tip();
    this.note = new Note();
    this.key = make("ul", { class: "seatmap__key" });
    this.bar = bar({
      zoomIn: () => this.camera.fly(view.zoomed(STEP)),
      zoomOut: () => this.camera.fly(view.zoomed(1 / STEP)),
      whole: () => this.camera.fly(view.fitted()),
    });
    this.parts = ["floor", "zone"].map((kind) => new Parts(geo, kind, (at) => this.goTo(at)));
    this.onlySpaces = seats.has(1) && Object.assign(press(WORDS.spaces, () => this.dimOthers()), { ariaPressed: false });
    this.about = make("p", { class: "seatmap__about" });
    const layer = make("div", { class: "seatmap__layer" }, canvas, this.house.svg, this.grid.element);
    this.stage = make("div", { class: "seatmap__stage" }, layer, this.tip.element, this.sheet.element, this.note.element);
    this.place();
    const parts = { host: mount, stage: this.stage, layer, view, painter: this.painter, house: this.house, drawn: () => this.drawn() };
    this.camera = new Camera(parts, this.stop.signal);
  }

  place() {
    const [l, t, r, b] = this.geo.box;
    this.stage.style.setProperty("--plan-ratio", (r - l) / (b - t));
    this.mount.replaceChildren(
      make("a", { class: "seatmap__skip", href: "#seatmap-end" }, WORDS.skip),
      make("div", { class: "seatmap__box" }, this.bar.element, make("div", { class: "seatmap__narrow" }, this.onlySpaces, ...this.parts.map(({ element }) => element)), this.stage, this.geo.sections.some(placed) && this.about),
      this.key,
      make("span", { id: "seatmap-end", tabindex: -1 }),
    );
    this.mount.classList.add("seatmap", "is-ready");
    this.mount.tabIndex = -1;
  }

  makeGrid() {
    const { geo, seats, words } = this;
    return new Grid(geo, seats, words, {
      name: (i) => `${words.section(seats.sectionOf(i))}, ${this.nameInSection(i)}` + (seats.state(i) === "free" ? `, ${WORDS.free}` : ""),
      toggle: (i) => this.toggle(i),
      follow: (i) => this.follow(i),
      leave: (section) => this.leave(section),
    });
  }

  makeSheet() {
    const { seats, words } = this;
    const mineIn = (section) => [...seats.mine].filter((i) => seats.sectionOf(i) === section);
    return new Sheet(words, {
      countOf: (section) => mineIn(section).length,
      sumOf: ({ index }) => seats.sums[index],
      change: (section, by) => (by > 0 ? this.add(seats.places(section, seats.sums[section.index].from)) : this.choose(mineIn(section).slice(-1), false)),
      closed: (section) => this.house.linkOf(section).focus({ preventScroll: true }),
    });
  }

  listen() {
    const { stage, camera, mount } = this;
    const { signal } = this.stop;
    const on = (target, name, act) => target?.addEventListener(name, act, { signal });
    this.gestures = new Gestures(stage, this.view, { go: (state) => this.glide(state), rest: () => camera.draw() }, signal);
    on(stage, "click", (event) => this.click(event));
    on(stage, "focusin", (event) => this.focus(event));
    on(stage, "keydown", (event) => this.press(event));
    on(stage, "pointermove", (event) => this.hover(event));
    on(stage, "pointerleave", () => this.tip.hide());
    on(document, "change", ({ target }) => target.matches("input[data-level]") && this.dim());
    on(document, "keydown", ({ key }) => key === "Escape" && this.tip.hide());
    on(document.querySelector(mount.dataset.form), "submit", () => this.submitted());
  }

  /* ---------- looking ---------- */

  glide(state) {
    this.tip.hide();
    this.camera.follow(state);
  }

  /** After each new picture: the heading, and what buttons and fingers can do at this scale. */
  drawn() {
    const { view, bar: parts, stage, camera } = this;
    if (this.keyTheme !== camera.theme) paintKey(this.key, this.seats, (this.keyTheme = camera.theme));
    this.grid.place(view);
    if (this.grid.isFocused) this.showTip(this.grid.at);
    parts.whole.hidden = view.isFit;
    parts.zoomOut.disabled = view.isFit;
    parts.zoomIn.disabled = view.k >= MOST * 0.999;
    stage.classList.toggle("is-near", !view.isFit);
    stage.classList.toggle("is-tappable", view.isTappable);
    this.head();
  }

  head() {
    const { view, geo, words, bar: { title, fresh } } = this;
    const section = view.isFit ? undefined : (this.grid.section ?? sectionAt(geo, ...view.toPlan(view.width / 2, view.height / 2)));
    this.house.outline(section);
    const left = section ? `${words.sentence(words.left(this.seats.sums[section.index], section))} · ` : "";
    title.textContent = section ? words.section(section) : words.part(geo);
    this.about.textContent = section ? words.about(section) : WORDS.hint;
    fresh.textContent = left + (this.isStale ? WORDS.stale : WORDS.live);
    fresh.classList.toggle("is-stale", Boolean(this.isStale));
  }

  /** To a { floor, zone } of the house, or to all of it. */
  goTo(at) {
    const { geo, view } = this;
    view.box = lookAt(geo, at).box;
    this.grid.close();
    this.sheet.close();
    for (const part of this.parts) part.refresh();
    this.house.k = undefined; // other names are seen
    this.house.refresh(view);
    this.house.showMine();
    this.camera.fly(view.fitted());
    this.look();
  }

  look() {
    this.tell("seats:looking", { ...this.geo, spaces: this.seats.onlySpaces });
  }

  approach(section, point) {
    this.tip.hide();
    if (!this.geo.shown.includes(section)) this.goTo(this.geo.isStacked ? { floor: section.floor } : {});
    this.camera.fly(this.view.framing(section.box, point));
  }

  placeOf(i) {
    return [this.geo.xs[i], this.geo.ys[i]];
  }

  /* ---------- pointing ---------- */

  stagePoint(event) {
    const { x, y } = this.gestures.point(event);
    return [x, y];
  }

  /** A section's link was followed by key, or the picture tapped: a seat, a section, or nothing. */
  click(event) {
    if (event.target.closest("[data-own-pointer]") || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (event.detail && this.gestures.wasDrag) return;
    const section = this.house.sectionOf(event.target);
    if (section && !event.detail) this.enter(section);
    else this.tap(this.view.toPlan(...this.stagePoint(event)));
  }

  tap(point) {
    const { view, geo, seats } = this;
    const section = sectionAt(geo, ...point);
    if (section?.standing) return this.sheet.open(section);
    this.sheet.close();
    const seat = seatAt(geo, ...point, REACH);
    if (seat >= 0 && view.isTappable) return this.pick(seat);
    const target = section ?? (seat >= 0 && seats.sectionOf(seat));
    if (target && !view.isTappable) this.approach(target, point);
    return undefined;
  }

  pick(seat) {
    this.grid.close();
    this.toggle(seat);
    this.showTip(seat);
  }

  hover(event) {
    if (event.pointerType === "touch" || event.buttons || event.target.closest("[data-own-pointer]")) return;
    const { view, geo } = this;
    const point = view.toPlan(...this.stagePoint(event));
    const seat = view.pitch >= TIPS_FROM ? seatAt(geo, ...point, REACH) : -1;
    const section = sectionAt(geo, ...point);
    if (seat >= 0) this.showTip(seat);
    else if (section && (section.standing || !view.isTappable)) {
      this.tip.show([this.words.summary(section, this.seats.sums[section.index]), section.view_note].filter(Boolean).join(". "), ...this.stagePoint(event), 14, view.width);
    } else this.tip.hide();
  }

  showTip(i) {
    const { view } = this;
    this.tip.show(this.words.sentence(this.nameInSection(i)), ...view.toScreen(...this.placeOf(i)), view.pitch * 0.6 + 4, view.width);
  }

  /* ---------- keyboard ---------- */

  /** From a link, by Enter or by an assistive tool: into the section. */
  enter(section) {
    if (section.standing) return this.sheet.open(section);
    const start = this.grid.startOf(section);
    this.approach(section, this.placeOf(start));
    this.grid.open(section, start);
    return this.note.say(WORDS.keys, { seen: true });
  }

  leave(section) {
    this.grid.close();
    this.house.linkOf(section).focus({ preventScroll: true });
    this.camera.fly(this.view.fitted());
  }

  focus({ target }) {
    const section = this.house.sectionOf(target);
    if (section && target.matches(":focus-visible") && !this.view.sees(section.box, 0)) this.camera.fly(this.view.fitted());
  }

  press(event) {
    const from = this.house.sectionOf(event.target);
    const to = from && neighbour(this.geo.shown, from, event.key);
    if (!to) return;
    event.preventDefault();
    this.house.linkOf(to).focus({ preventScroll: true });
  }

  follow(i) {
    const { view, camera } = this;
    const [x, y] = view.toScreen(...this.placeOf(i));
    const margin = 40;
    const isOut = x < margin || y < margin || x > view.width - margin || y > view.height - margin;
    if (isOut && view.isTappable) camera.fly(view.centred(...this.placeOf(i), view.k));
    this.showTip(i);
  }

  /* ---------- choosing ---------- */

  describe(i) {
    const row = rowOf(this.geo, i);
    const { section } = row;
    const seat = seatLabel(row, i);
    const place = section.standing ? { row: "", seat: "" } : { row: bare(row.label, "Row"), seat: bare(seat, "Seat") };
    const name = `${this.words.section(section)}, ${section.standing ? WORDS.standing : this.words.seat(row, seat)}`;
    return { section: bare(section.label, "Section"), ...place, isStanding: section.standing, name, about: this.warnings(i).join(", ") };
  }

  /** What is to be known of a seat before it is bought: ["restricted view", "pillar to the left"]. */
  warnings(i) {
    const { flags, disclosures } = this.geo;
    return [...(flags.get(i) ?? []).map((flag) => WORDS.flags[flag]), disclosures.get(i)].filter(Boolean);
  }

  /** "row F, seat 9, €64.80, restricted view" */
  nameInSection(i) {
    const { seats, words, geo } = this;
    const row = rowOf(geo, i);
    const state = seats.state(i);
    const price = state === "free" || state === "mine" ? words.money(seats.price(i)) : "";
    return [words.seat(row, seatLabel(row, i)), price, ...this.warnings(i), state === "free" ? "" : WORDS[state]].filter(Boolean).join(", ");
  }

  toggle(i) {
    if (this.seats.mine.has(i)) this.choose([i], false);
    else if (this.seats.isFree(i)) this.add([i]);
    else this.note.say(this.words.sentence(this.nameInSection(i)));
  }

  add(ordinals) {
    if (this.seats.mine.size >= this.max) this.note.say(this.words.max(this.max), { seen: true });
    else if (ordinals.length) this.choose(ordinals, true);
  }

  choose(ordinals, isMine) {
    const { seats, words } = this;
    this.wasSubmitted = false;
    const other = ordinals.flatMap((i) => seats.set(i, isMine));
    this.note.say(words.changed(this.describe(ordinals[0]).name, isMine, seats.mine.size, seats.total));
    this.painter.repaint(other);
    this.changed(ordinals.map((i) => seats.sectionOf(i)));
  }

  tell(name, detail) {
    this.mount.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
  }

  /** The choice is another one, in these sections or anywhere: show it everywhere and tell the page. */
  changed(sections) {
    const { seats, words } = this;
    this.house.showMine();
    this.basket.keep();
    this.shown(sections);
    this.tell("seats:changed", { ordinals: [...seats.mine] });
  }

  /** Places in these sections or anywhere are other ones than before. */
  shown(sections) {
    this.house.refresh(this.view, sections);
    this.grid.refresh();
    this.sheet.refresh();
    this.basket.showSoon();
  }

  gap() {
    const names = gaps(this.geo, this.seats, this.mount.dataset).map((i) => this.describe(i).name);
    return names.length ? this.words.gap(names) : "";
  }

  /** Take over another choice, as far as it is free; returns what is not. */
  take(ordinals) {
    const { seats } = this;
    seats.mine = new Set(ordinals.filter((i) => seats.isFree(i)).slice(0, this.max));
    this.changed();
    return ordinals.filter((i) => !seats.isFree(i));
  }

  restore() {
    this.counted();
    this.tellLost(this.take(this.basket.remembered()));
    for (const i of [...this.seats.mine].slice(0, 1)) this.approach(this.seats.sectionOf(i), this.placeOf(i));
  }

  submitted() {
    this.basket.forget();
    this.wasSubmitted = true;
  }

  /* ---------- the house changes ---------- */

  dim() {
    const boxes = [...document.querySelectorAll("input[data-level]:not(:checked)")];
    this.seats.dim(boxes.map((box) => Number(box.dataset.level)));
    if (!this.camera.theme) return;
    this.house.refresh(this.view);
    this.camera.draw();
  }

  /** Places of wheelchairs and of their company stand out, or no more. */
  dimOthers() {
    const { seats, words } = this;
    this.onlySpaces.ariaPressed = seats.onlySpaces = !seats.onlySpaces;
    this.dim();
    this.look();
    this.note.say(seats.onlySpaces ? words.spaces(seats.sums) : "", { seen: true });
  }

  /** Counts and prices are others: the page beside the map has them too. */
  counted() {
    this.tell("seats:counted", this);
  }

  /** bytes: the house as it is now, or nothing when it has not changed. */
  onStatus(bytes) {
    if (!this.mount.isConnected) return this.stop.abort();
    this.isStale = false;
    if (bytes && !this.wasSubmitted) this.update(bytes);
    return this.head();
  }

  update(bytes) {
    const { seats } = this;
    const before = String([...seats.mine]);
    const { changed, lost } = seats.update(bytes);
    this.painter.repaint([...changed, ...lost]);
    this.counted();
    if (String([...seats.mine]) !== before) this.changed();
    else if (changed.length) this.shown(new Set(changed.map((i) => seats.sectionOf(i))));
    this.tellLost(lost);
  }

  /** Prices are others now: what is mine stays mine, at what it costs now. */
  onPrices(prices) {
    const before = this.seats.total;
    const lost = this.seats.reprice(prices);
    this.keyTheme = undefined;
    this.camera.draw();
    this.house.refresh(this.view);
    this.counted();
    this.changed();
    if (this.seats.total !== before && !lost.length) this.note.say(this.words.repriced(this.seats.total), { seen: true });
    this.tellLost(lost);
  }

  onTrouble() {
    this.isStale = true;
    this.head();
  }

  tellLost(ordinals) {
    if (!ordinals.length) return;
    this.tip.hide();
    this.keyTheme = undefined; // what is lost has a sign of its own
    this.drawn();
    this.tell("seats:lost", { ordinals, names: ordinals.map((i) => this.describe(i).name) });
  }

  /** The page came back from the browser's memory: what was sent is now held, so ask the server for the page. */
  wake() {
    if (this.wasSubmitted) return location.reload();
    this.camera.draw();
    return this.live.look();
  }
}

const placed = ({ zone, entrance, view_note: view }) => zone || entrance || view;
