/**
 * Keeps the map as the house is: by the page's stream where it has one that works, else by asking every few seconds;
 * only while somebody can see it. What comes twice, late or out of turn does no harm: docs/live.md.
 */
const EVERY = 5000; // ms between two questions
const SLOWEST = 60000;
const PATIENCE = 20000;
const SILENCE = 8000; // ms after which a stream, which speaks every 5 s, counts as dead
const PRICES_EVERY = 30000;
const STEP = 2000; // versions to which questions are rounded, so that a shared cache can answer them

/** { content, version } of a file; the version, if it has one, is a number. */
export async function load(url, method, options) {
  const answer = await fetch(url, { ...options, signal: AbortSignal.timeout(PATIENCE) });
  if (!answer.ok) throw Object.assign(new Error(`${url}: ${answer.status}`), { status: answer.status });
  const version = answer.headers.get("ETag")?.match(/^(?:W\/)?"(\d+)"$/)?.[1];
  return { content: await answer[method](), version: +(version ?? NaN) };
}

/** What changed: { since, version, places: [[ordinal, state], …] } from its bytes. */
export function unpack(bytes) {
  const numbers = [];
  let number = 0;
  let unit = 1;
  for (const byte of bytes) {
    number += (byte % 128) * unit; // versions are larger than what shifts can do
    unit *= 128;
    if (byte > 127) continue;
    numbers.push(number);
    [number, unit] = [0, 1];
  }
  const places = [];
  for (let k = 2, ordinal = -1; k < numbers.length; k += 2) places.push([(ordinal += numbers[k] + 1), numbers[k + 1]]);
  return { since: numbers[0], version: numbers[1], places };
}

export class Live {
  wait = EVERY;
  heardAt = -Infinity;
  openAt = 0;
  turnAt = Infinity;
  pause = EVERY;

  /** map: { stop, onStatus(bytes, if changed), onTrouble }; urls: { status, stream }; house: a loaded status. */
  constructor(map, { status, stream }, { content, version }) {
    const changes = new URL("changes", new URL(status, location));
    Object.assign(this, { map, status, stream, changes, version, bytes: new Uint8Array(content).slice() });
    const { signal } = map.stop;
    document.addEventListener("visibilitychange", () => this.look(), { signal });
    addEventListener("online", () => this.look(), { signal });
    signal.addEventListener("abort", () => this.rest());
    this.open();
    this.again();
  }

  get isIdle() {
    return this.map.stop.signal.aborted || document.hidden;
  }

  /** Somebody looks again, or not any more. */
  look() {
    this.rest();
    [this.heardAt, this.openAt] = [-Infinity, 0];
    return this.turn();
  }

  rest() {
    clearTimeout(this.timer);
    this.source?.close();
  }

  /** Nothing was heard for a while. */
  async turn() {
    if (this.isIdle) return;
    this.open();
    await this.ask();
    this.again();
  }

  again(wait = this.wait) {
    clearTimeout(this.timer);
    this.turnAt = performance.now() + wait;
    if (!this.isIdle) this.timer = setTimeout(() => this.turn(), wait);
  }

  /* ---------- by asking ---------- */

  async ask() {
    if (this.isIdle || this.isAsking) return;
    this.isAsking = true;
    try {
      await (this.version ? this.fetchChanges() : this.fetchAll());
      this.wait = EVERY;
    } catch {
      this.wait = Math.min(this.wait * 2, SLOWEST);
      this.map.onTrouble();
    }
    this.isAsking = false;
  }

  async fetchChanges() {
    this.changes.search = `since=${this.version - (this.version % STEP)}`;
    const { content } = await load(this.changes, "arrayBuffer").catch((error) => {
      if (error.status === 410) return {};
      throw error;
    });
    if (!content) return this.fetchAll();
    return content.byteLength ? this.hear(new Uint8Array(content)) : this.map.onStatus();
  }

  async fetchAll() {
    const { content, version } = await load(this.status, "arrayBuffer", { cache: "no-cache" }).catch((error) => {
      if (error.status === 410) location.reload(); // the house was redrawn
      throw error;
    });
    if (version < this.version) return this.map.onStatus(); // a message that was faster said more
    Object.assign(this, { version, bytes: new Uint8Array(content) });
    this.map.onStatus(this.bytes.slice());
  }

  /* ---------- by being told ---------- */

  /** Replaces a stream that does not speak, after a longer pause each time. */
  open() {
    const now = performance.now();
    if (!this.stream || this.isIdle || now < this.openAt || now - this.heardAt < SILENCE) return;
    this.source?.close();
    this.openAt = now + this.pause * (0.5 + Math.random());
    this.pause = Math.min(this.pause * 2, SLOWEST);
    this.source = new EventSource(this.version ? `${this.stream}?since=${this.version}` : this.stream);
    this.source.addEventListener("message", ({ data }) => this.told(data));
    this.source.addEventListener("gone", () => this.fetchAll().catch(() => this.map.onTrouble()));
    this.source.addEventListener("error", () => this.lost());
  }

  told(text) {
    [this.heardAt, this.openAt, this.pause] = [performance.now(), 0, EVERY];
    this.hear(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));
    this.again(SILENCE);
  }

  /** All others may have lost it, too: they do not come back at one moment. Losing it again puts nothing off. */
  lost() {
    this.heardAt = -Infinity;
    const wait = Math.random() * EVERY;
    if (performance.now() + wait < this.turnAt) this.again(wait);
  }

  /** Changes are taken over when they lead on from what is known; before a gap the rest is asked for. */
  hear(content) {
    const { since, version, places } = unpack(content);
    if (!(since <= this.version)) return this.ask();
    const isNew = version > this.version && places.length;
    if (version > this.version) this.version = version;
    if (!isNew) return this.map.onStatus();
    for (const [ordinal, state] of places) this.bytes[ordinal] = state;
    return this.map.onStatus(this.bytes.slice());
  }
}

/**
 * Ask `url` which price file counts now, as one never changes, and give the map another; until its signal aborts.
 * Prices of another house than that of `geo` are not for this map, which is about to be told so.
 */
export function followPrices(map, url, known, geo) {
  const { signal } = map.stop;

  async function look() {
    clearTimeout(timer);
    if (signal.aborted || document.hidden) return;
    timer = setTimeout(tryIt, PRICES_EVERY);
    const { prices } = (await load(url, "json")).content;
    if (prices === known) return;
    const { content } = await load(prices, "json");
    if (!geo.includes(content.layout)) return;
    map.onPrices(content);
    known = prices;
  }

  const tryIt = () => look().catch(() => {}); // a page without news keeps the prices it has
  document.addEventListener("visibilitychange", tryIt, { signal });
  let timer = setTimeout(tryIt, PRICES_EVERY);
}
