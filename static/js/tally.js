/** Adds up the ticked seats of a section: how many, and what they cost with all fees. */
for (const form of document.querySelectorAll("[data-tally]")) {
  const [count, remark] = form.querySelector("[data-tally-words]").children;
  const advice = [count.textContent, remark.textContent];
  const money = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: form.dataset.tally });
  const max = Number(form.dataset.max);

  const show = () => {
    const ticked = [...form.querySelectorAll("input[name=seat]:checked")];
    const total = ticked.reduce((sum, box) => sum + Number(box.dataset.price), 0);
    const seats = `${ticked.length} seat${ticked.length === 1 ? "" : "s"}, ${money.format(total)}`;
    const over = ticked.length - max;
    const words = [seats, over > 0 ? `${ticked.length} chosen: take ${over} away.` : "All fees in"];
    [count.textContent, remark.textContent] = ticked.length ? words : advice;
    form.classList.toggle("is-over", over > 0);
  };
  form.addEventListener("change", show);
  show();
}
