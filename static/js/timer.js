/**
 * Counts down how long the seats are held, from the server's seconds, and says so at five minutes and
 * at one. When the time is over the page is asked for again. Without it the page shows the clock time.
 */
const SAID_AT = [300, 60];

function run(timer) {
  const [words, figure] = timer.children;
  const end = Date.now() + Number(timer.dataset.seconds) * 1000;
  let before = 0;
  words.textContent = "Held";

  const tick = () => {
    const left = Math.max(Math.ceil((end - Date.now()) / 1000), 0);
    figure.textContent = clockOf(left);
    if (left < 60) timer.dataset.left = "1";
    else if (left < 300) timer.dataset.left = "5";
    if (SAID_AT.some((moment) => left <= moment && before > moment)) say(left);
    before = left;
    if (left) return;
    clearInterval(clock);
    location.replace(timer.dataset.then);
  };
  const clock = setInterval(tick, 1000);
  tick();
}

/** 9:05, and 23:09:05 where there are hours. */
function clockOf(seconds) {
  const hours = Math.floor(seconds / 3600);
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60].map((part) => String(part).padStart(2, "0"));
  return hours ? [hours, ...parts].join(":") : parts.join(":").replace(/^0/, "");
}

function say(left) {
  const minutes = Math.ceil(left / 60);
  const held = `They are held for you for ${minutes} more minute${minutes === 1 ? "" : "s"}.`;
  document.querySelector("[data-timer-says]").textContent = held;
}

/** "20:00 Paris time" to a reader whose clock says otherwise: "20:00 Paris time, 19:00 yours". */
function complete(time) {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const mine = format.format(new Date(time.dateTime));
  if (!time.textContent.trim().startsWith(mine)) time.append(`, ${mine} yours`);
}

document.querySelectorAll("time[data-zoned]").forEach(complete);
document.querySelectorAll("[data-seconds]").forEach(run);
