"""Whether those whom a survey wants to be told of bad ratings can be told."""

from collections.abc import Container

from net.guard import ForbiddenUrl, Guard
from ratings.alerting import place_of


def cannot_tell(destination: str, accounts: Container[str], guard: Guard) -> str:
    """Return why nobody can be told there, "" where somebody can. Destinations are addresses of people: only accounts are named."""
    place = place_of(destination)
    if place is not None:
        return "" if place[0] in accounts else f"{place[0]}, which is not configured"
    try:
        guard.check(destination)
    except ForbiddenUrl as error:
        return f"a URL that nothing is posted to: {error}"
    return ""
