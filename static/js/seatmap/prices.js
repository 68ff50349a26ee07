/** Prices of an open page stay those of the house: their file never changes, so another price is another file. */
const EVERY = 30000; // ms

/** Ask `url` which price file counts now, and give the map another one; until its signal aborts. */
export function followPrices(map, url, known) {
  const { signal } = map.stop;
  let timer;

  async function look() {
    clearTimeout(timer);
    if (signal.aborted || document.hidden) return;
    timer = setTimeout(tryIt, EVERY);
    const { prices } = await read(url);
    if (prices === known) return;
    map.onPrices(await read(prices));
    known = prices;
  }

  const tryIt = () => look().catch(() => {}); // a page without news keeps the prices it has
  document.addEventListener("visibilitychange", tryIt, { signal });
  timer = setTimeout(tryIt, EVERY);
}

async function read(url) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(20000) });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.json();
}
