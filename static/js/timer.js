// Counts the held time down and speaks only at five and one minutes, and when it is over.
const timer = document.querySelector(".timer[data-seconds]");
const words = document.querySelector("[data-timer-words]");
const end = performance.now() + Number(timer.dataset.seconds) * 1000;
const figure = timer.querySelector("[data-timer]");
const label = timer.querySelector("span");
let spoken = Infinity;

function say(minutes) {
  if (spoken <= minutes) return;
  spoken = minutes;
  words.textContent = minutes ? `${minutes} minute${minutes > 1 ? "s" : ""} left to pay.` : "The time to pay is over.";
}

function tick() {
  const left = Math.max(0, Math.round((end - performance.now()) / 1000));
  label.textContent = "Held";
  figure.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  if (left <= 300) timer.dataset.left = left <= 60 ? "1" : "5";
  if (left <= 300 && left > 60) say(5);
  if (left <= 60 && left > 0) say(1);
  if (left > 0) return;
  clearInterval(beat);
  say(0);
  location.reload();
}

const beat = setInterval(tick, 1000);
tick();
// A page kept by the browser's back button would show an old time.
addEventListener("pageshow", (event) => event.persisted && location.reload());
