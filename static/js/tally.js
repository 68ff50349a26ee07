/** Adds up the ticked seats of a section: how many, and what they cost with all fees. */
for (const form of document.querySelectorAll("[data-tally]")) {
  const words = form.querySelector("[data-tally-words]");
  const advice = words.textContent;
  const money = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: form.dataset.tally });
  const max = Number(form.dataset.max);

  const show = () => {
    const ticked = [...form.querySelectorAll("input[name=seat]:checked")];
    const total = ticked.reduce((sum, box) => sum + Number(box.dataset.price), 0);
    const seats = `${ticked.length} seat${ticked.length === 1 ? "" : "s"}, ${money.format(total)}, all fees in.`;
    const tooMany = ticked.length > max ? ` You can book ${max} at a time: untick ${ticked.length - max}.` : "";
    words.textContent = ticked.length ? seats + tooMany : advice;
  };
  form.addEventListener("change", show);
  show();
}
