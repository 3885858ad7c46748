"""How much each survey asked lately, and how many of those asked have answered: for the list of surveys."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from ratings.reports.figures import Days
from ratings.reports.filters import Filters
from ratings.reports.tallied import TICKETS, Tallies


@dataclass(frozen=True, slots=True)
class Lately:
    """How many were asked in some days, and how many of these have answered."""

    asked: int
    answered: int


def asked_by_survey(connection: Connection, days: Days, zone: ZoneInfo) -> dict[str, Lately]:
    """Return how many each survey asked in some days, by its id; none where it asked nobody."""
    found = Tallies(connection, Filters(), zone).read(days, ("survey",), kinds=frozenset({TICKETS}))
    counted = {
        group[0]: Lately(tallied.tickets.get("asked", 0), tallied.tickets.get("answered", 0))
        for (group, _), tallied in found.items()
    }
    return {survey: lately for survey, lately in counted.items() if lately.asked}
