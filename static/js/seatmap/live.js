/** Keeps the house's state fresh: one byte a seat, asked for while somebody looks. */
const EVERY = 5000; // ms
const SLOWEST = 60000;
const PATIENCE = 10000;

/** A snapshot: { bytes, version }. The browser revalidates by ETag, so an unchanged house costs a few bytes. */
export async function fetchStatus(url) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return { bytes: new Uint8Array(await answer.arrayBuffer()), version: answer.headers.get("ETag") };
}

/**
 * Poll until the signal aborts: every 5 s while visible, slower after each failure. onStatus gets the bytes, or nothing
 * when they are those of `version`; it may throw. Returns poll(), to ask at once.
 */
export function watch(url, { version, onStatus, onTrouble }, signal) {
  let wait = EVERY;
  let timer;

  async function poll() {
    clearTimeout(timer);
    if (signal.aborted || document.hidden) return;
    timer = setTimeout(poll, SLOWEST);
    try {
      const latest = await fetchStatus(url);
      onStatus(latest.version && latest.version === version ? undefined : latest.bytes);
      version = latest.version;
      wait = EVERY;
    } catch {
      wait = Math.min(wait * 2, SLOWEST);
      onTrouble();
    }
    clearTimeout(timer);
    timer = setTimeout(poll, wait);
  }

  document.addEventListener("visibilitychange", poll, { signal });
  addEventListener("online", poll, { signal });
  timer = setTimeout(poll, wait);
  return poll;
}
