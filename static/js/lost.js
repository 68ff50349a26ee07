/**
 * A chosen seat went to somebody else: says which, for as long as it takes, and offers to ask for groups as good. That
 * is sent as the choice itself would have been, and is answered as a choice that was refused.
 */
const banner = document.getElementById("taken");
const [words, form] = [banner.querySelector("h2"), banner.querySelector("form")];
const basket = document.getElementById("basket");
const max = Number(document.getElementById("seatmap").dataset.max);
let [names, lost, wanted] = [[], [], 0];

const chosen = () => [...basket.querySelectorAll("input[name=seat]")].map(({ value }) => value);

document.addEventListener("seats:lost", ({ detail }) => {
  lost = [...lost, ...detail.ordinals];
  names = [...names, ...detail.names];
  wanted = chosen().length + lost.length;
  words.textContent = `Somebody else has just taken ${names.join("; ")}.`;
  banner.hidden = false;
});

/** Who has found others by himself needs no offer. */
document.addEventListener("seats:changed", ({ detail: { ordinals } }) => lost.length && ordinals.length >= wanted && close());

form.addEventListener("submit", () => {
  for (const old of form.querySelectorAll("input[name=seat]")) old.remove();
  for (const value of [...lost, ...chosen()].slice(0, max)) {
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "seat", value }));
  }
});

function close() {
  [names, lost] = [[], []];
  banner.hidden = true;
}

banner.querySelector("[type=button]").addEventListener("click", close);
