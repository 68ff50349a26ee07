/**
 * Buyer's seat map. Mounts on every element with data-geo, over the page that works without it, and stays clear of
 * that page until everything needed is there. docs/seat-map.md names the attributes and events.
 */
import { decode } from "./geometry.js";
import { Live, followPrices, load } from "./live.js";
import { SeatMap } from "./map.js";
import { make, press } from "./page.js";
import { WORDS } from "./words.js";

const maps = new WeakMap();

/** Put a map on an element; on failure its fallback stays, with a way to try again. */
async function mount(element) {
  if (maps.has(element)) return;
  maps.set(element, undefined);
  const { geo, prices, status } = element.dataset;
  try {
    const files = await Promise.all([load(geo, "arrayBuffer"), load(prices, "json"), load(status, "arrayBuffer")]);
    const [layout, priced, now] = files.map(({ content }) => content);
    const map = new SeatMap(element, decode(layout), priced, new Uint8Array(now));
    map.live = new Live(map, element.dataset, files[2]);
    followPrices(map, element.dataset.pricesNow, prices, geo);
    maps.set(element, map);
  } catch (error) {
    offerAgain(element);
    throw error;
  }
}

function offerAgain(element) {
  const again = press(WORDS.again, () => {
    alert.remove();
    maps.delete(element);
    mount(element);
  });
  const alert = make("p", { class: "seatmap__failed", role: "alert" }, `${WORDS.failed} `, again);
  element.prepend(alert);
}

const each = (act) => document.querySelectorAll("[data-geo]").forEach(act);

// The browser's memory keeps a live map; a copy of the page's markup (htmx history) needs a new one.
addEventListener("pageshow", ({ persisted }) => persisted && each((element) => maps.get(element)?.wake()));
for (const event of ["htmx:historyRestore", "htmx:afterSettle"]) document.addEventListener(event, () => each(mount));
each(mount);
