/**
 * Runs before the page: notes when the map is on screen, then measures it on demand. `measured.all()` gives
 * milliseconds, nodes and bytes.
 */
(() => {
  const measured = (window.measured = {});
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const frames = async (n = 2) => {
    for (let i = 0; i < n; i++) await frame();
    return performance.now();
  };
  const rest = () => new Promise((done) => setTimeout(done, 500));

  measured.visible = new Promise((seen) => {
    const look = async (_, observer) => {
      if (!document.querySelector("#seatmap.is-ready")) return;
      observer.disconnect();
      seen(await frames());
    };
    new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["class"] });
  });

  /** The page's own map: it is caught as it draws. */
  async function findMap() {
    const module = [...document.querySelectorAll("link[rel=modulepreload]")].find(({ href }) => /seatmap\/map[.\w]*\.js/.test(href));
    const { SeatMap } = await import(module.href);
    const { drawn } = SeatMap.prototype;
    return new Promise((found) => {
      SeatMap.prototype.drawn = function () {
        found(this);
        return drawn.call(this);
      };
      document.querySelector(".seatmap__buttons button:nth-of-type(2)").click();
    });
  }

  /** Frame intervals, p50 and p95, while the picture is dragged about at this pitch. */
  async function pan(map, pitch) {
    const { view, camera } = map;
    const section = map.geo.sections.find(({ standing }) => !standing);
    const place = map.placeOf(section.first + (section.count >> 1));
    map.glide(view.centred(...place, Math.max(pitch / 20, view.least)));
    camera.draw();
    await rest();
    const gaps = [];
    let before = await frame();
    for (let i = 0; i < 90; i++) {
      map.glide(view.moved(i % 60 < 30 ? 6 : -6, i % 40 < 20 ? 3 : -3));
      const now = await frame();
      gaps.push(now - before);
      before = now;
    }
    camera.draw();
    await rest();
    gaps.sort((a, b) => a - b);
    return [gaps[gaps.length >> 1], gaps[Math.floor(gaps.length * 0.95)]];
  }

  /** A press on a free seat, to the frame that shows it as mine. */
  async function click(map) {
    const { view, camera, seats, geo } = map;
    const seat = geo.sections.filter(({ standing }) => !standing).map((section) => map.grid.startOf(section)).find((i) => seats.isFree(i));
    map.glide(view.centred(...map.placeOf(seat), 1.4));
    camera.draw();
    await rest();
    const { left, top } = map.stage.getBoundingClientRect();
    const [x, y] = view.toScreen(...map.placeOf(seat));
    const begun = performance.now();
    map.stage.dispatchEvent(new MouseEvent("click", { bubbles: true, detail: 1, clientX: left + x, clientY: top + y }));
    if (!seats.mine.has(seat)) throw new Error("The click chose nothing");
    return (await frames()) - begun;
  }

  /** One place in a hundred changes hands, to the frame that shows it. */
  async function delta(map) {
    const bytes = map.seats.status.slice();
    for (let i = 50; i < bytes.length; i += 100) if (bytes[i] < 2) bytes[i] = 1 - bytes[i];
    await rest();
    const begun = performance.now();
    map.onStatus(bytes);
    return (await frames()) - begun;
  }

  const bytesOf = (part) => performance.getEntriesByType("resource").find(({ name }) => part.test(name))?.encodedBodySize ?? 0;

  measured.all = async () => {
    const visible = await measured.visible;
    const map = await findMap();
    map.stage.scrollIntoView({ block: "center", behavior: "instant" });
    await rest();
    return {
      visible,
      page: performance.getEntriesByType("navigation")[0].responseEnd,
      files: Math.max(...performance.getEntriesByType("resource").filter(({ name }) => /\.geo$|status|prices\/\w+\.json$/.test(name)).map(({ responseEnd }) => responseEnd)),
      far: await pan(map, 3.2),
      middle: await pan(map, 8),
      near: await pan(map, 27),
      click: await click(map),
      delta: await delta(map),
      nodes: map.mount.querySelectorAll("*").length,
      layout: bytesOf(/\.geo$/),
      prices: bytesOf(/prices\/\w+\.json$/),
      status: bytesOf(/\/status(\?|$)/),
    };
  };
})();
