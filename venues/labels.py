"""How the labels of a house are read: with their kind word, but with it once.

Houses print some labels bare ("112", "F") and others with their word ("Section B", "Entrance 2",
"Quay entrance"); a reader meets each of them exactly once.
"""

LONGEST_NUMBER = 3


def section_name(label):
    """112 and A are read as "Section 112" and "Section A", Stalls stays as it is."""
    is_number = len(label) <= LONGEST_NUMBER or label[:1].isdigit()
    return f"Section {label}" if is_number else label


def named(label, kind):
    """The label in a sentence: F is "row F"; Row F, Table 4 and Stairs name themselves."""
    is_number = len(label) <= LONGEST_NUMBER and " " not in label
    return f"{kind} {label}" if is_number else label


def bare(label, kind):
    """The label under a heading that says its kind: "Section B" is "B", "Quay entrance" is "Quay",
    Stalls stays as it is."""
    words = label.split()
    if len(words) < 2:
        return label
    if words[0].casefold() == kind.casefold():
        return " ".join(words[1:])
    return " ".join(words[:-1]) if words[-1].casefold() == kind.casefold() else label
