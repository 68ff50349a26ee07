/**
 * Plays games of chance with the map's live client, in a time of its own: a house whose places change, a stream and
 * questions whose messages are lost, repeated, late and out of turn, a page that is hidden and shown. After every
 * step what the client shows is compared with the truth.
 */
const PLACES = 12;
const KEPT = 6; // changes that the server remembers
const LATE = 3000; // ms that a message of the stream is under way at most
const ANSWER = 400; // ms that a question and its answer take at most
const CACHED = 1000; // ms that an answer is given again
const BEAT = 5000; // ms after which a stream says that nothing has happened
const GATHER = 250; // ms from a change to the stream's look
const POLL = 5000; // ms between questions
const SILENCE = 8000; // ms after which a stream counts as dead
const START = 1_700_000_000_000;
const LENGTH = 120_000; // ms of a game in which things happen
const PEACE = 150_000; // ms after it in which nothing does

/** Numbers from 0 to 1 that depend on the seed only. */
function chance(seed) {
  let state = (seed + 1) * 2654435761;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

class Clock {
  now = 0;
  works = new Map();
  last = 0;

  after(wait, work) {
    this.works.set(++this.last, { at: this.now + Math.max(0, wait), work });
    return this.last;
  }

  cancel(id) {
    this.works.delete(id);
  }

  /** Does what is next; false when that is not before `end`. */
  async step(end) {
    let next = null;
    for (const [id, { at }] of this.works) if (next === null || at < this.works.get(next).at) next = id;
    if (next === null || this.works.get(next).at > end) return false;
    const { at, work } = this.works.get(next);
    this.works.delete(next);
    this.now = at;
    work();
    for (let k = 0; k < 25; k += 1) await null; // all that waits for promises
    return true;
  }
}

/** The places, and the versions in which they were looked at. */
class House {
  truth = new Uint8Array(PLACES);
  seen = new Map(); // version: bytes
  changes = [];
  answers = new Map();

  constructor(clock) {
    this.clock = clock;
    this.version = 0;
    this.look();
  }

  look() {
    const before = this.seen.get(this.version) ?? new Uint8Array(0);
    if (before.length === PLACES && before.every((state, k) => state === this.truth[k])) return;
    const version = Math.max(this.version + 1, START + Math.floor(this.clock.now));
    const places = [...this.truth].flatMap((state, k) => (state === before[k] ? [] : [[k, state]]));
    this.changes.push({ since: this.version, version, places });
    this.changes.splice(0, this.changes.length - KEPT);
    this.seen.set(version, this.truth.slice());
    this.version = version;
  }

  /** The changes that lead on from a version; null when none do. */
  following(version) {
    if (version > this.version) return null;
    const wanted = this.changes.filter((change) => change.version > version);
    return wanted.length && wanted[0].since > version ? null : wanted;
  }

  /** An answer made at most a second ago. */
  shared(url, make) {
    const known = this.answers.get(url);
    if (known && this.clock.now - known.at < CACHED) return known.answer;
    this.look();
    const answer = make();
    this.answers.set(url, { at: this.clock.now, answer });
    return answer;
  }

  answer(url) {
    const since = new URL(url).searchParams.get("since");
    if (since === null) return this.shared("status", () => reply(200, this.version, this.truth.slice()));
    return this.shared(since, () => {
      const wanted = this.following(Number(since));
      if (!wanted) return reply(410, null, new Uint8Array());
      if (!wanted.length) return reply(204, Number(since), new Uint8Array());
      const places = new Map(wanted.flatMap((change) => change.places));
      return reply(200, this.version, packed({ since: wanted[0].since, version: this.version, places: [...places] }));
    });
  }
}

function reply(status, version, bytes) {
  const headers = { get: () => (version === null ? null : `"${version}"`) };
  return { ok: status < 300, status, headers, arrayBuffer: async () => bytes.slice().buffer };
}

function packed({ since, version, places }) {
  const sorted = [...places].sort(([a], [b]) => a - b);
  const gaps = sorted.flatMap(([ordinal, state], k) => [ordinal - (k ? sorted[k - 1][0] : -1) - 1, state]);
  return new Uint8Array([since, version, ...gaps].flatMap(varint));
}

function varint(number) {
  const low = [];
  for (; number > 127; number = Math.floor(number / 128)) low.push((number % 128) + 128);
  return [...low, number];
}

/** A stream as a browser has it, over a network that loses, repeats and delays. */
class Source extends EventTarget {
  constructor(game, url) {
    super();
    const since = new URL(url, "http://map.test").searchParams.get("since");
    Object.assign(this, { game, isOpen: true, toldAt: game.clock.now });
    game.sources.push(this);
    game.clock.after(game.dice() * ANSWER, () => this.begin(since === null ? game.house.version : Number(since)));
  }

  close() {
    this.isOpen = false;
  }

  begin(version) {
    this.game.house.look();
    this.version = version;
    if (!this.game.house.following(version)) {
      this.version = this.game.house.version;
      return this.send("gone", String(this.version));
    }
    return this.tell(true);
  }

  /** What is new to this viewer, or, when he is to be told anyway, that nothing is. */
  tell(anyway) {
    if (!this.isOpen || this.version === undefined) return;
    const wanted = this.game.house.following(this.version);
    if (!wanted) return this.begin(this.version);
    const nothing = anyway ? [{ since: this.version, version: this.version, places: [] }] : [];
    for (const change of wanted.length ? wanted : nothing) {
      this.send("message", btoa(String.fromCharCode(...packed(change))));
      this.version = change.version;
    }
  }

  send(type, data) {
    const { clock, dice, odds } = this.game;
    this.toldAt = clock.now;
    for (let copies = dice() < odds.twice ? 2 : 1; copies; copies -= 1) {
      if (dice() < odds.lost) continue;
      const late = dice() < odds.late ? dice() * LATE : dice() * 50;
      clock.after(late, () => this.isOpen && this.dispatchEvent(new MessageEvent(type, { data })));
    }
  }
}

class Game {
  sources = [];
  wrongFrom = new Array(PLACES).fill(null);
  longest = 0;
  newest = 0; // version that was shown
  isHidden = false;

  constructor(Live, seed) {
    this.seed = seed;
    this.dice = chance(seed);
    this.clock = new Clock();
    this.house = new House(this.clock);
    const pick = (...values) => values[Math.floor(this.dice() * values.length)];
    const fails = pick(0, 0, 0, 0.5);
    this.odds = { lost: pick(0, 0.1, 0.5, 0.95), twice: pick(0, 0.3), late: pick(0, 0.3, 1), fails, breaks: pick(0, 0.02) };
    this.hasStream = this.dice() < 0.8;
    this.Live = Live;
  }

  /** How long a wrong place may be on the screen: a poll, after the last message that was under way. */
  get limit() {
    return (this.hasStream ? SILENCE + GATHER + LATE : POLL) + CACHED + 2 * ANSWER;
  }

  fetch(url) {
    return new Promise((resolve, reject) => {
      this.clock.after((this.dice() * ANSWER) / 2, () => {
        const answer = this.house.answer(String(url));
        const is_lost = this.clock.now < LENGTH && this.dice() < this.odds.fails;
        this.clock.after((this.dice() * ANSWER) / 2, () => (is_lost ? reject(new TypeError("lost")) : resolve(answer)));
      });
    });
  }

  async play() {
    this.begin();
    while (await this.clock.step(LENGTH + PEACE)) this.check();
    if (!this.isRight()) this.fail("is wrong when all has long been quiet");
    this.stop.abort();
    return this.longest;
  }

  begin() {
    this.stop = new AbortController();
    this.screen = this.house.truth.slice();
    const map = {
      stop: this.stop,
      onStatus: (bytes) => (this.screen = bytes ?? this.screen),
      onTrouble: () => {},
    };
    const urls = { status: "http://map.test/status", stream: this.hasStream ? "http://map.test/stream" : "" };
    play.game = this;
    this.live = new this.Live(map, urls, { content: this.house.truth.slice().buffer, version: this.house.version });
    this.often(3000, () => this.turnPlace());
    this.often(20_000, () => this.turnPage());
    this.often(100, () => this.beat(), LENGTH + PEACE);
  }

  /** Does something again and again, until `end`. */
  often(pause, work, end = LENGTH) {
    this.clock.after(pause * 2 * this.dice(), () => {
      if (this.clock.now > end) return;
      work();
      this.often(pause, work, end);
    });
  }

  turnPlace() {
    const place = Math.floor(this.dice() * PLACES);
    this.house.truth[place] = 1 - this.house.truth[place];
    this.clock.after(GATHER, () => {
      this.house.look();
      for (const source of this.sources) source.tell(false);
    });
  }

  turnPage() {
    this.isHidden = !this.isHidden && this.clock.now < LENGTH * 0.8;
    document.dispatchEvent(new Event("visibilitychange"));
  }

  beat() {
    if (this.isHidden && this.clock.now > LENGTH) this.turnPage();
    for (const source of this.sources) {
      if (this.clock.now - source.toldAt > BEAT) source.tell(true);
      if (source.isOpen && this.dice() < this.odds.breaks) source.dispatchEvent(new Event("error"));
    }
    this.sources = this.sources.filter((source) => source.isOpen);
  }

  isRight() {
    return this.screen.every((state, k) => state === this.house.truth[k]);
  }

  check() {
    const known = this.house.seen.get(this.live.version);
    if (!known) this.fail("has a version that never was");
    if (this.live.version < this.newest) this.fail("goes back to what was before");
    this.newest = this.live.version;
    if (!this.screen.every((state, k) => state === known[k])) this.fail("shows what its version was not");
    for (let k = 0; k < PLACES; k += 1) this.judge(k);
  }

  /** Nobody sees a hidden page; who finds no answer is not late. */
  judge(k) {
    if (this.screen[k] === this.house.truth[k] || this.isHidden) this.wrongFrom[k] = null;
    else this.wrongFrom[k] ??= this.clock.now;
    if (this.wrongFrom[k] === null || this.odds.fails) return;
    this.longest = Math.max(this.longest, this.clock.now - this.wrongFrom[k]);
    if (this.longest > this.limit) this.fail(`shows a wrong place for ${Math.round(this.longest)} ms`);
  }

  fail(words) {
    this.stop.abort();
    throw new Error(`game ${this.seed} at ${Math.round(this.clock.now)} ms: ${words}`);
  }
}

/** { played, failures: [words], longest: ms that a place was wrong } of games with these seeds. */
export async function play(Live, seeds) {
  takeOver();
  const failures = [];
  let longest = 0;
  for (const seed of seeds) {
    try {
      longest = Math.max(longest, await new Game(Live, seed).play());
    } catch (failure) {
      failures.push(failure.message);
    }
  }
  return { played: seeds.length, failures, longest };
}

/** From now on time, chance and the network are the game's. */
function takeOver() {
  window.setTimeout = (work, wait) => play.game.clock.after(wait, work);
  window.clearTimeout = (id) => play.game.clock.cancel(id);
  window.fetch = (url) => play.game.fetch(url);
  window.EventSource = class {
    constructor(url) {
      return new Source(play.game, url);
    }
  };
  performance.now = () => play.game.clock.now;
  Math.random = () => play.game.dice();
  AbortSignal.timeout = () => new AbortController().signal;
  Object.defineProperty(document, "hidden", { configurable: true, get: () => play.game.isHidden });
}
