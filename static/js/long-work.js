/**
 * Says that long work is under way: a form with `data-working` shows that sentence and a moving bar from
 * when it is sent until the answer comes, and cannot be sent twice. Without it the browser's own sign
 * of waiting is all there is.
 */
for (const form of document.querySelectorAll("form[data-working]")) {
  form.addEventListener("submit", (sent) => {
    if (form.ariaBusy === "true") sent.preventDefault();
    else if (sent.submitter?.dataset.working !== "no") show(form);
  });
}

// Who comes back by the browser's Back finds the page as he left it: ready once more.
addEventListener("pageshow", (shown) => {
  if (shown.persisted) document.querySelectorAll("form[data-working]").forEach(hide);
});

function show(form) {
  form.ariaBusy = "true";
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
