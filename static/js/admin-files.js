// Unfold writes the name of a chosen file into a text field that its own widget has around it. Our forms
// have none there, or one for something else: only its widget is left to it.
Object.defineProperty(HTMLInputElement.prototype, "hasChangeListener", {
  get() {
    return Boolean(this.isHeard) || !this.closest("label")?.querySelector("input[type=text][disabled]");
  },
  set(isHeard) {
    this.isHeard = isHeard;
  },
});
