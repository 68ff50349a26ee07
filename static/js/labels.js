/** A label under a heading that says its kind: "Section B" is "B", "Stalls" stays as it is. (As venues/labels.py.) */
export const bare = (label, kind) => label.replace(new RegExp(`^${kind}\\s+(?=\\S)`, "i"), "");

/** A label in a sentence: "F" is "row F"; "Row F", "Table 4" and "Quay entrance" name themselves. */
export const named = (label, kind) => (/\S\s+\S/.test(label) ? label : `${kind} ${label}`);
