"""Words that go by a number."""


def many(count, one, more=""):
    """1 seat, 1,200 seats; 1 place is, 2 places are. Without `more` the plural has an s."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"
