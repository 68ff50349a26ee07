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
    """The label in a sentence: F is "row F"; Row F, Table 4 and Quay entrance name themselves."""
    return label if " " in label.strip() else f"{kind} {label}"


def bare(label, kind):
    """The label under a heading that says its kind: "Section B" is "B", Stalls stays as it is."""
    word, _, rest = label.strip().partition(" ")
    return rest.strip() if rest and word.casefold() == kind.casefold() else label
