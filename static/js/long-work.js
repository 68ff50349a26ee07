/**
 * Says that long work is under way: a form with `data-working` cannot be sent twice, and shows that
 * sentence and a moving bar when the answer takes longer than a second. For work of some seconds whose
 * end nobody can tell; what takes longer is left to a worker with a page that says how far it is.
 */

const PATIENCE = 1000; // milliseconds

for (const form of document.querySelectorAll("form[data-working]")) {
  form.addEventListener("submit", (sent) => {
    if (form.ariaBusy === "true") sent.preventDefault();
    else if (sent.submitter?.dataset.working !== "no") begin(form);
  });
}

// Who comes back by the browser's Back finds the page as he left it: ready once more.
addEventListener("pageshow", (shown) => {
  if (shown.persisted) document.querySelectorAll("form[data-working]").forEach(hide);
});

function begin(form) {
  form.ariaBusy = "true";
  setTimeout(() => form.ariaBusy === "true" && show(form), PATIENCE);
}

function show(form) {
  const bar = document.createElement("progress");
  bar.className = "progress";
  bar.ariaLabel = "Under way";
  const said = document.createElement("p");
  said.className = "note";
  said.role = "status";
  said.append(form.dataset.working, bar);
  form.append(said);
}

function hide(form) {
  form.ariaBusy = null;
  form.querySelector(":scope > [role=status]")?.remove();
}
