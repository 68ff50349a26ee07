/** Best seats near the one that was chosen first on the map: keeps the box of the form at its place. */
const boxes = document.querySelectorAll("[data-near]");

document.addEventListener("seats:changed", ({ detail: { ordinals } }) => {
  for (const box of boxes) {
    box.value = ordinals[0] ?? "";
    box.checked &&= ordinals.length > 0;
  }
});
