/**
 * Buyer's seat map. Mounts on every element with data-geo, over the page that works without it, and stays clear of
 * that page until everything needed is there. docs/seat-map.md names the attributes and events.
 */
import { decode } from "./geometry.js";
import { SeatMap } from "./map.js";
import { make } from "./page.js";
import { WORDS } from "./words.js";

const EVERY = 5000; // ms between two looks at the house
const SLOWEST = 60000;
const PATIENCE = 20000;
const maps = new WeakMap();

/** { content, version } of a file. The browser revalidates by ETag: a house that has not changed costs few bytes. */
async function load(url, method) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return { content: await answer[method](), version: answer.headers.get("ETag") };
}

/** Put a map on an element; on failure its fallback stays, with a way to try again. */
async function mount(element) {
  if (maps.has(element)) return;
  maps.set(element, undefined);
  const { geo, prices, status } = element.dataset;
  try {
    const files = await Promise.all([load(geo, "arrayBuffer"), load(prices, "json"), load(status, "arrayBuffer")]);
    const [layout, priced, now] = files.map(({ content }) => content);
    const map = new SeatMap(element, decode(layout), priced, new Uint8Array(now));
    map.poll = watch(map, status, files[2].version);
    maps.set(element, map);
  } catch (error) {
    offerAgain(element);
    throw error;
  }
}

function offerAgain(element) {
  const again = make("button", { type: "button", class: "seatmap__btn" }, WORDS.again);
  const alert = make("p", { class: "seatmap__failed", role: "alert" }, `${WORDS.failed} `, again);
  again.addEventListener("click", () => {
    alert.remove();
    maps.delete(element);
    mount(element);
  });
  element.prepend(alert);
}

/**
 * Tell the map how the house stands: every 5 s while visible, slower after each failure, until its signal aborts.
 * Returns poll(), to ask at once.
 */
function watch(map, url, version) {
  const { signal } = map.stop;
  let wait = EVERY;
  let timer;

  async function poll() {
    clearTimeout(timer);
    if (signal.aborted || document.hidden) return;
    const latest = await load(url, "arrayBuffer").catch(() => undefined);
    clearTimeout(timer);
    wait = latest ? EVERY : Math.min(wait * 2, SLOWEST);
    timer = setTimeout(poll, wait);
    if (!latest) map.onTrouble();
    else map.onStatus(latest.version && latest.version === version ? undefined : new Uint8Array(latest.content));
    version = latest?.version ?? version;
  }

  document.addEventListener("visibilitychange", poll, { signal });
  addEventListener("online", poll, { signal });
  timer = setTimeout(poll, wait);
  return poll;
}

const each = (act) => document.querySelectorAll("[data-geo]").forEach(act);

// The browser's memory keeps a live map; a copy of the page's markup (htmx history) needs a new one.
addEventListener("pageshow", ({ persisted }) => persisted && each((element) => maps.get(element)?.wake()));
for (const event of ["htmx:historyRestore", "htmx:afterSettle"]) document.addEventListener(event, () => each(mount));
each(mount);
