/** Prices of an open page stay those of the house: their file never changes, so another price is another file. */
import { load } from "./live.js";

const EVERY = 30000; // ms

/** Ask `url` which price file counts now, and give the map another one; until its signal aborts. */
export function followPrices(map, url, known) {
  const { signal } = map.stop;
  let timer;

  async function look() {
    clearTimeout(timer);
    if (signal.aborted || document.hidden) return;
    timer = setTimeout(tryIt, EVERY);
    const { prices } = (await load(url, "json")).content;
    if (prices === known) return;
    map.onPrices((await load(prices, "json")).content);
    known = prices;
  }

  const tryIt = () => look().catch(() => {}); // a page without news keeps the prices it has
  document.addEventListener("visibilitychange", tryIt, { signal });
  timer = setTimeout(tryIt, EVERY);
}
