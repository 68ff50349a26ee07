"""JSON and queries, read strictly: what is not known, missing or of another kind is an error.

`refuse` makes the exception, in the words of whose peer it is, from what is wrong (text, shape, unknown
or missing) and where.
"""

import json
from urllib.parse import parse_qs


def body(call, refuse):
    """The JSON of a Call's body, an empty one as {}."""
    try:
        return json.loads(call.text or "{}")
    except ValueError as error:
        raise refuse("text", "") from error


def fields(told, where, known, required=frozenset(), *, refuse):
    """The object `told` when it has only `known` fields and all that are `required`. Where `known` is
    a dict, it names the type of each."""
    if not isinstance(told, dict):
        raise refuse("shape", where)
    for name in sorted(set(told) - set(known)):
        raise refuse("unknown", f"{where}/{name}")
    for name in sorted(set(required) - set(told)):
        raise refuse("missing", f"{where}/{name}")
    if isinstance(known, dict):
        for name in sorted(told):
            if type(told[name]) is not known[name]:
                raise refuse("shape", f"{where}/{name}")
    return told


def query(call, known, refuse):
    """The query of a Call as {name: value}, of these names only."""
    found = {name: values[0] for name, values in parse_qs(call.text).items()}
    for name in sorted(set(found) - set(known)):
        raise refuse("unknown", name)
    return found
