"""Who counts as one person wherever it is counted what somebody has had: by his mailbox, however he
writes it. The database has the same rule in `customers_person`, for `Customer.person`."""

DOTLESS = ("gmail.com", "googlemail.com")  # one mailbox, dots or not, under either name


def person_of(email):
    """The mailbox of an e-mail as it is compared: NOOR+sale@post.example is noor@post.example, and
    n.oor@googlemail.com is noor@gmail.com. Empty without an e-mail."""
    local, _, host = email.strip().lower().rpartition("@")
    if not local:
        return ""
    name = local[0] + local[1:].partition("+")[0]
    if host in DOTLESS:
        return f"{name.replace('.', '')}@{DOTLESS[0]}"
    return f"{name}@{host}"
