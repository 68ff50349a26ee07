"""Lists as Stripe gives them: a page at a time."""

from payments.simulator.checkout import shown
from payments.simulator.parameters import ApiError, whole_number

PAGE = ("limit", "starting_after")
CREATED = ("created[gte]", "created[lte]")


def paged(call, found, listed):
    """A page of what was created in the wanted time, the newest first."""
    limit = whole_number(found, "limit", most=100) if "limit" in found else 10
    since = whole_number(found, "created[gte]") if "created[gte]" in found else 0
    until = whole_number(found, "created[lte]") if "created[lte]" in found else call.now + 1
    listed = [one for one in listed if since <= one["created"] <= until]
    after = found.get("starting_after")
    if after:
        ids = [one["id"] for one in listed]
        if after not in ids:
            raise ApiError(400, f"No such object: '{after}'", param="starting_after")
        listed = listed[ids.index(after) + 1 :]
    return {
        "object": "list",
        "url": call.path,
        "has_more": len(listed) > limit,
        "data": [shown(one) for one in listed[:limit]],
    }
