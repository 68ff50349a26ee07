/** How labels of a house are read, as in venues/labels.py: with their kind word, but with it once. */

/** Under a heading that says the kind: "Section B" is "B", "Quay entrance" is "Quay", "Stalls" stays as it is. */
export const bare = (label, kind) => label.replace(new RegExp(`^${kind}\\s+(?=\\S)|\\s+${kind}$`, "i"), "");

/** In a sentence: "F" is "row F"; "Row F", "Table 4" and "Stairs" name themselves. */
export const named = (label, kind) => (/^\S{1,3}$/.test(label) ? `${kind} ${label}` : label);
