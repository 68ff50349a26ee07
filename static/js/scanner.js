/**
 * The gate: reads codes from camera, reader or keyboard, asks the server and shows its verdict over the whole screen.
 * One state at a time stands in body[data-state]: signed-out, ready, checking, unchecked, or the server's verdict.
 */
import { Camera } from "./scanner/camera.js";
import { Checks, Refused, Unanswered } from "./scanner/checks.js";
import { Signals } from "./scanner/signals.js";
import { bare, named } from "./labels.js";

const DEVICE = "gate device";
const TALLY = "gate tally";
const NONE = { admitted: 0, refused: 0, elsewhere: 0 };
const QUIET = "gate quiet";
const PATIENCE = 150; // ms without an answer before "Checking" is shown
const HOLD = 1200; // ms that a verdict stands before the camera may replace it
const IN_VIEW = 2500; // ms after which a code out of the camera's view counts as shown anew
const RETRIES = [1000, 2000, 4000, 8000, 15000]; // ms

const SIGNALS = {
  admitted: "admitted", duplicate: "duplicate", wrong_gate: "elsewhere", wrong_event: "elsewhere",
  not_valid: "refused", unknown: "refused", unchecked: "unchecked",
};
const KINDS = { WHEELCHAIR: "Wheelchair space", COMPANION: "Companion seat", VIP: "VIP" };
const WITHOUT_CAMERA = "Scan with the reader, or type the ticket number";
const CAMERA_REFUSED = "The camera is not allowed. Scan with the reader, or type the number";

const $ = (id) => document.getElementById(id);
const page = document.body;
const checks = new Checks(page.dataset);
const signals = new Signals(!localStorage.getItem(QUIET));
const camera = new Camera($("video"), { jsqr: page.dataset.jsqr, found: onSeen });
const tally = { ...NONE, ...JSON.parse(sessionStorage.getItem(TALLY) ?? "{}") };
const lastSeen = new Map();
let device = JSON.parse(localStorage.getItem(DEVICE) ?? "null");
let duty; // the last word of the server on { gate, event }
let round = 0; // which scan the screen is about; an answer to another one is not shown
let shownAt = 0;

// --- scanning ----------------------------------------------------------------------------------

async function check(code) {
  const mine = ++round;
  const slow = setTimeout(() => mine === round && show("checking"), PATIENCE);
  for (let attempt = 0; mine === round; attempt++) {
    try {
      const reply = await checks.ask(device, code);
      clearTimeout(slow);
      if (mine === round) judge(code, reply);
      return;
    } catch (error) {
      clearTimeout(slow);
      if (mine !== round) return;
      if (error instanceof Refused) return signOut(error.message);
      if (!(error instanceof Unanswered)) throw error;
      leaveUnchecked(error.message, attempt);
      await pause(RETRIES[Math.min(attempt, RETRIES.length - 1)]);
    }
  }
}

function judge(code, reply) {
  checks.seen(code);
  const verdict = reply.verdict in SIGNALS ? reply.verdict : "not_valid"; // a newer server may know more reasons
  tally[{ admitted: "admitted", wrong_gate: "elsewhere" }[verdict] ?? "refused"] += 1;
  sessionStorage.setItem(TALLY, JSON.stringify(tally));
  if (reply.event) showDuty(reply);
  show(verdict, { why: reason(reply), ...whom(reply) });
}

function leaveUnchecked(why, attempt) {
  const facts = { why, need: attempt < RETRIES.length ? "Do not let in yet. Trying again" : "Do not let in. Still trying" };
  show("unchecked", facts, { silent: attempt > 0 });
}

/** What stands under the word: where to go, when it was used, or the server's own sentence. */
function reason({ verdict, message, ticket, first_admission: first }) {
  if (verdict === "duplicate" && first) return `At ${clock(first.at)}, ${first.gate}`;
  if (verdict === "wrong_gate" && ticket?.entrance) return `Go to ${named(ticket.entrance, "entrance")}`;
  if (verdict === "admitted") return (ticket?.entrance && named(ticket.entrance, "Entrance")) || message;
  return message;
}

function whom({ verdict, ticket, guest }) {
  const names = [guest?.name, KINDS[ticket?.kind]].filter(Boolean);
  const needs = (guest?.needs ?? []).map((need) => need[0].toUpperCase() + need.slice(1));
  if (verdict === "wrong_gate") needs.push("The ticket is good. Give it back");
  return { seat: ticket, who: names.join(" · "), need: needs.join(" · ") };
}

/** A moment on the venue's clock, whatever the device's says; with the day unless it is today there. */
function clock(moment) {
  const shown = (at, form) => new Intl.DateTimeFormat("en-GB", { timeZone: duty?.event.time_zone, ...form }).format(at);
  const [time, day] = [{ hour: "2-digit", minute: "2-digit" }, { weekday: "short", day: "numeric", month: "short" }];
  const at = new Date(moment);
  const isToday = shown(at, { dateStyle: "short" }) === shown(new Date(), { dateStyle: "short" });
  return isToday ? shown(at, time) : `${shown(at, time)} on ${shown(at, day)}`;
}

// --- showing -----------------------------------------------------------------------------------

function show(state, { why = "", seat = null, who = "", need = "" } = {}, { silent = false } = {}) {
  page.dataset.state = state;
  page.toggleAttribute("data-judged", state !== "ready" && state !== "signed-out");
  page.removeAttribute("data-typing");
  if (state in SIGNALS || state === "checking") $("mark").setAttribute("href", `#mark-${state}`);
  $("why").textContent = why;
  showSeat(seat);
  $("who").textContent = who;
  $("need").querySelector("span").textContent = need;
  $("go").textContent = state === "ready" ? "Check" : "Next scan";
  showCounts();
  focusEntry();
  shownAt = performance.now();
  if (silent || !(state in SIGNALS)) return;
  signals.give(SIGNALS[state]);
  speak(why, who, need);
}

function showSeat(seat) {
  const cells = cellsOf(seat);
  $("seat").replaceChildren(...cells.map(([name, value]) => {
    const [cell, term, description] = ["div", "dt", "dd"].map((tag) => document.createElement(tag));
    term.textContent = name;
    description.textContent = value;
    cell.append(term, description);
    return cell;
  }));
  const letters = cells.map(([, value]) => value).join(" ").length;
  $("seat").dataset.length = letters <= 9 ? "figures" : letters <= 15 ? "words" : "long";
}

function cellsOf(seat) {
  if (!seat) return [];
  if (seat.kind === "STANDING") return [["Standing", bare(seat.section, "Section")]];
  const cells = [["Section", seat.section], ["Row", seat.row], ["Seat", seat.seat]];
  return cells.filter(([, label]) => label).map(([kind, label]) => [kind, bare(label, kind)]);
}

/** Where this device stands, from any answer of the server: { gate, event }. */
function showDuty(reply) {
  duty = reply;
  $("gate").textContent = reply.gate;
  $("event").textContent = reply.event.title;
}

function showCounts() {
  for (const name of Object.keys(NONE)) $(name).textContent = $(`menu-${name}`).textContent = tally[name];
  $("elsewhere-words").hidden = !tally.elsewhere;
  const open = checks.unanswered;
  $("menu-unanswered").textContent = open;
  $("unanswered").textContent = open ? `${open} without an answer` : "All scans answered";
}

/** Its parts one after the other; the server's own sentences have their full stop already. */
function sentences(parts) {
  return parts.filter(Boolean).map((part) => String(part).replace(/\.$/, "")).join(". ");
}

/** Read out as one sentence; emptied first, so that the same verdict twice is said twice. */
function speak(...parts) {
  const word = $("word").querySelector(`[data-for="${page.dataset.state}"]`).textContent;
  const seat = [...$("seat").children].map((cell) => [...cell.children].map((part) => part.textContent).join(" "));
  $("spoken").textContent = "";
  requestAnimationFrame(() => { $("spoken").textContent = sentences([word, ...parts.slice(0, 1), ...seat, ...parts.slice(1)]); });
}

function focusEntry() {
  if ($("device").open || page.dataset.state === "signed-out") return;
  (page.hasAttribute("data-judged") ? $("go") : $("code")).focus({ preventScroll: true });
}

// --- reader and keyboard -----------------------------------------------------------------------

/** A reader types wherever the focus is: its letters always end up in the field. */
addEventListener("keydown", (event) => {
  if (page.dataset.state === "signed-out" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && !$("device").open) return next();
  if (event.key.length !== 1 || event.key === " " || event.target === $("code")) return;
  $("device").close();
  page.toggleAttribute("data-typing", true);
  $("code").focus({ preventScroll: true });
});

// The keyboard on the screen opens only for whoever touches the field.
$("code").addEventListener("pointerdown", () => { $("code").inputMode = "text"; });
$("code").addEventListener("blur", () => { $("code").inputMode = "none"; });

$("entry").addEventListener("submit", (event) => {
  event.preventDefault();
  const code = $("code").value.trim();
  $("code").value = "";
  if (code) check(code);
  else if (page.dataset.state !== "ready") next();
});

function next() {
  round += 1;
  $("code").value = "";
  show("ready");
}

// --- camera ------------------------------------------------------------------------------------

function onSeen(code) {
  const now = performance.now();
  const before = lastSeen.get(code) ?? -IN_VIEW;
  lastSeen.set(code, now);
  if (now - before < IN_VIEW || $("device").open) return;
  const busy = page.dataset.state === "checking" || (page.hasAttribute("data-judged") && now - shownAt < HOLD);
  if (busy) lastSeen.delete(code);
  else check(code);
}

async function startCamera() {
  try {
    await camera.start();
  } catch (error) {
    $("hint").textContent = error.name === "NotAllowedError" ? CAMERA_REFUSED : WITHOUT_CAMERA;
  }
  showCamera();
}

function showCamera() {
  $("video").classList.toggle("is-on", camera.isOn);
  $("camera").hidden = camera.isOn || !navigator.mediaDevices;
  $("camera-off").hidden = !camera.isOn;
  $("torch").hidden = !camera.hasTorch;
  $("torch").setAttribute("aria-pressed", "false");
  if (camera.isOn) $("hint").textContent = "Hold the code in the frame";
}

$("camera").addEventListener("click", startCamera);
$("camera-off").addEventListener("click", () => {
  camera.stop();
  $("hint").textContent = WITHOUT_CAMERA;
  showCamera();
});
$("torch").addEventListener("click", async () => {
  const on = $("torch").getAttribute("aria-pressed") !== "true";
  await camera.light(on);
  $("torch").setAttribute("aria-pressed", on);
});

// --- this device -------------------------------------------------------------------------------

$("signin").addEventListener("submit", async (event) => {
  event.preventDefault();
  const asked = { key: $("key").value.trim(), gate: $("gate-name").value.trim() };
  let found;
  try {
    found = await checks.greet(asked);
  } catch (error) {
    if (error instanceof Refused || error instanceof Unanswered) return complain(`${error.message}.`.replace("..", "."));
    throw error;
  }
  device = asked;
  localStorage.setItem(DEVICE, JSON.stringify(device));
  showDuty(found);
  goOnDuty();
});

function goOnDuty() {
  $("key").value = "";
  $("key-end").textContent = `…${device.key.slice(-4)}`;
  if (device.gate) $("gate").textContent = device.gate;
  complain("");
  show("ready");
  startCamera();
  stayAwake();
}

function complain(message) {
  $("signin-error").textContent = message;
  $("signin-error").hidden = !message;
}

function signOut(message = "") {
  round += 1;
  device = null;
  for (const store of [localStorage, sessionStorage]) for (const name of [DEVICE, TALLY]) store.removeItem(name);
  Object.assign(tally, NONE);
  checks.forget();
  camera.stop();
  $("device").close();
  show("signed-out");
  complain(message);
  $("key").focus();
}

/** Asks where we stand and what the whole gate has answered; without an answer the page keeps what it knows. */
async function askDuty() {
  $("at-gate").hidden = true;
  try {
    const here = await checks.greet(device);
    showDuty(here);
    const { admitted, refused, other_entrance: elsewhere } = here.counts;
    $("gate-counts").textContent = `${admitted} in, ${refused} refused, ${elsewhere} other entrance`;
    $("at-gate").hidden = false;
  } catch (error) {
    if (error instanceof Refused) signOut(error.message);
    else if (!(error instanceof Unanswered)) throw error;
  }
}

$("menu").addEventListener("click", () => {
  $("device").showModal();
  askDuty();
});
$("close").addEventListener("click", () => $("device").close());
$("device").addEventListener("close", focusEntry);
$("signout").addEventListener("click", () => signOut());
$("loud").checked = signals.isLoud;
$("loud").addEventListener("change", () => {
  signals.isLoud = $("loud").checked;
  if (signals.isLoud) localStorage.removeItem(QUIET);
  else localStorage.setItem(QUIET, "yes");
});

/** The screen stays on while the page is in sight. */
async function stayAwake() {
  if (document.visibilityState === "visible" && device) await navigator.wakeLock?.request("screen").catch(() => {});
}
document.addEventListener("visibilitychange", stayAwake);

function pause(length) {
  return new Promise((done) => setTimeout(done, length));
}

if (device) {
  goOnDuty();
  askDuty();
} else $("key").focus();
