/** What the buttons of the page do, by the name in their `data-act`; keys use the same names. */
import { seatsOf } from "./drawing.js";
import * as edits from "./edits.js";

const ZOOM_STEP = 1.4;

export function actsOf(editor) {
  const { history, selection, view, drawing, corners, tracing } = editor;
  const something = (work) => () => !selection.isEmpty && editor.isEditable && work();
  const drawn = (work) => () => editor.isEditable && work();
  return {
    undo: () => history.undo(),
    redo: () => history.redo(),
    save: () => editor.saver.save(),
    check: () => editor.check(),
    publish: () => editor.publish(),
    closer: () => editor.zoom(ZOOM_STEP),
    farther: () => editor.zoom(1 / ZOOM_STEP),
    fit: () => (view.fit(drawing.box()), editor.repaint()),
    all: () => editor.select(drawing.sections.flatMap(seatsOf), { shapes: drawing.shapes }),
    none: () => editor.select([]),
    "longer-left": () => editor.lengthen(true),
    "longer-right": () => editor.lengthen(false),
    rows: () => editor.takeRows(),
    sections: () => editor.takeSections(),
    finish: () => editor.tool.finish(),
    remove: something(() => (corners.point ? corners.remove() : edits.remove(history, selection))),
    duplicate: something(() => edits.duplicate(history, selection)),
    "mirror-across": something(() => edits.mirror(history, selection, 0)),
    "mirror-down": something(() => edits.mirror(history, selection, 1)),
    "turn-left": something(() => edits.turnBy(history, selection, -5)),
    "turn-right": something(() => edits.turnBy(history, selection, 5)),
    "align-left": something(() => edits.align(history, selection, "left")),
    "align-middle": something(() => edits.align(history, selection, "middle")),
    "align-right": something(() => edits.align(history, selection, "right")),
    "corner-next": drawn(() => corners.step(1)),
    "corner-before": drawn(() => corners.step(-1)),
    "corner-add": drawn(() => corners.add()),
    "corner-remove": drawn(() => corners.remove()),
    "fit-outline": () => edits.fitOutline(history, selection.sections()[0]),
    "no-outline": () => editor.dropOutline(selection.sections()[0]),
    "no-focal": () => edits.setFocal(history, editor.panel.options("focal").zone, null),
    "choose-tracing": () => tracing.choose(() => view.sight()),
    "tracing-fit": () => tracing.layInto(view.sight()),
    "no-tracing": () => tracing.remove(),
    "keep-copy": () => editor.saver.keepCopy(),
    "open-theirs": () => ((editor.saver.isChanged = false), location.reload()),
  };
}
