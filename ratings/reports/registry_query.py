"""What the registry is asked for: which rows, in which order, read from an address. A row is an invitation with its rating."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from zoneinfo import ZoneInfo

from ratings.decisions import SkipReason
from ratings.errors import FieldError, InvalidInput
from ratings.reports.filters import INVITATION_STATES, STATES, Filters, parse_filters
from ratings.rights import Sight


class Show(StrEnum):
    """Which closings: the first three leave none out, and none is in two of them."""

    RATED = "rated"
    UNANSWERED = "unanswered"  # asked, and no vote counts
    NOT_ASKED = "not_asked"  # skipped, held, cancelled before, or not delivered
    ALL = "all"


SORTS: Mapping[Show, tuple[str, ...]] = {
    Show.RATED: ("rated", "value", "closed", "asked"),
    Show.UNANSWERED: ("asked", "closed", "decided"),
    Show.NOT_ASKED: ("closed", "decided"),
    Show.ALL: ("closed", "decided", "asked"),
}
"""By what each can be sorted; "-rated" is the newest first. Unless one is named it is the first, or the range that is asked about.

What may never have been asked is sorted by that only where a range of it is given: else it would be lost.
"""

REASONS = tuple(reason.value for reason in SkipReason)
DECISIONS = ("ask", "skip")
TIMES: Mapping[str, str] = {"has_first_response": "first_response_s", "has_handling": "handling_s"}
"""Each filter by whether the desk told how long something took, and the column that has it."""

OWN = ("show", "sort", "decision", "reason", "ticket", "delivered", *TIMES)
"""The parameters that the registry has beside the filters."""

MAX_TICKETS = 100
NAMES = tuple(dict.fromkeys(name for names in SORTS.values() for name in names))


@dataclass(frozen=True, slots=True)
class Sort:
    """By what the rows are sorted, and which way."""

    name: str = "rated"
    falling: bool = True

    def __str__(self) -> str:
        return f"-{self.name}" if self.falling else self.name


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows, in which order. `filters.states` are of votes where rated ones are shown, else of invitations."""

    filters: Filters = field(default_factory=Filters)
    show: Show = Show.RATED
    sort: Sort = Sort()
    reasons: tuple[str, ...] = ()
    tickets: tuple[str, ...] = ()
    delivered: bool | None = None
    decision: str | None = None
    has_times: Mapping[str, bool] = field(default_factory=dict)

    def seen_by(self, sight: Sight) -> "Wanted":
        """Return the same, over what somebody may see."""
        return replace(self, filters=self.filters.seen_by(sight))

    @property
    def about_answers(self) -> bool:
        """True when a filter is about what customers said: only what was rated can fit it."""
        filters = self.filters
        rated = filters.ranges.get("rated")
        return bool(
            filters.scales
            or filters.values
            or filters.value_max is not None
            or filters.has_comment is not None
            or filters.words
            or filters.weekly is not None
            or (rated is not None and (rated.start is not None or rated.end is not None))
        )

    @property
    def impossible(self) -> bool:
        """True when no row can fit: nobody rated what was not answered, and what was asked was not skipped."""
        if self.delivered is not None and self.show is Show.NOT_ASKED:
            return True
        if self.decision == "ask" and self.reasons:
            return True
        if self.show in {Show.UNANSWERED, Show.NOT_ASKED} and self.about_answers:
            return True
        return bool(self.reasons) and (self.show in {Show.RATED, Show.UNANSWERED} or self.about_answers)

    @property
    def by_ratings(self) -> bool:
        """True when the ratings drive the query."""
        if self.show is Show.RATED:
            return self.sort.name != "asked"
        return self.show is Show.ALL and self.about_answers and self.sort.name == "closed"

    @property
    def looks_at_invitations(self) -> bool:
        """True where ratings alone do not tell whether a row fits."""
        states = self.show is not Show.RATED and self.filters.states
        return bool(states or self.has_times) or self.delivered is not None or self.decision is not None

    @property
    def wants_ratings(self) -> bool:
        """True when only what is rated can fit."""
        return self.show is Show.RATED or self.about_answers


def parse_wanted(
    parameters: Mapping[str, Sequence[str]], zone: ZoneInfo, *, also: Sequence[str] = (), seen_by: Sight | None = None
) -> Wanted:
    """Read the filters and the registry's own parameters. Raises InvalidInput that lists every wrong one."""
    errors: list[FieldError] = []
    shown = _word(parameters, "show", tuple(Show), errors) or Show.RATED
    show = Show(shown)
    sort = _sort(parameters, show, errors)
    reasons = _reasons(parameters, errors)
    tickets = tuple(dict.fromkeys(parameters.get("ticket", ())))
    if "" in tickets or len(tickets) > MAX_TICKETS:
        errors.append(FieldError("/ticket", f"give 1 to {MAX_TICKETS} ids of tickets, each as a parameter of its own"))
    if any("\0" in ticket for ticket in tickets):
        errors.append(FieldError("/ticket", "it has a NUL character in it"))
    delivered = _truth(parameters, "delivered", errors)
    decision = _word(parameters, "decision", DECISIONS, errors)
    times = {name: _truth(parameters, name, errors) for name in TIMES}
    has_times = {name: given for name, given in times.items() if given is not None}
    filters = Filters()
    try:
        states = STATES if show is Show.RATED else INVITATION_STATES
        filters = parse_filters(parameters, zone, states=states, also=(*OWN, *also))
    except InvalidInput as error:
        errors.extend(error.errors)
    if errors:
        raise InvalidInput(tuple(errors))
    wanted = Wanted(filters, show, sort, reasons, tickets, delivered, decision, has_times)
    return wanted if seen_by is None else wanted.seen_by(seen_by)


def _word(
    parameters: Mapping[str, Sequence[str]], name: str, allowed: Sequence[str], errors: list[FieldError]
) -> str | None:
    found = parameters.get(name, ())
    if len(found) > 1:
        errors.append(FieldError(f"/{name}", "it is given more than once"))
    elif found and found[0] not in allowed:
        errors.append(FieldError(f"/{name}", f"{found[0][:40]!r} is none of {', '.join(allowed)}"))
    elif found:
        return found[0]
    return None


def _truth(parameters: Mapping[str, Sequence[str]], name: str, errors: list[FieldError]) -> bool | None:
    found = _word(parameters, name, ("true", "false"), errors)
    return None if found is None else found == "true"


def _sort(parameters: Mapping[str, Sequence[str]], show: Show, errors: list[FieldError]) -> Sort:
    ranged = [
        name for name in ("rated", "closed", "asked") if f"{name}_from" in parameters or f"{name}_to" in parameters
    ]
    names = [name for name in SORTS[show] if name != "asked" or show is Show.UNANSWERED or name in ranged]
    found = _word(parameters, "sort", [f"{sign}{name}" for name in names for sign in ("-", "")], errors)
    if found is None:
        # What is asked about is walked along: the rows of a month are next to each other in one order alone.
        return Sort(next((name for name in ranged if name in names), names[0]))
    return Sort(found.lstrip("-"), falling=found.startswith("-"))


def _reasons(parameters: Mapping[str, Sequence[str]], errors: list[FieldError]) -> tuple[str, ...]:
    found = tuple(word for text in parameters.get("reason", ()) for word in text.split(",") if word)
    wrong = [word for word in found if word not in REASONS]
    errors.extend(FieldError("/reason", f"{word[:40]!r} is none of {', '.join(REASONS)}") for word in wrong)
    if "reason" in parameters and not found:
        errors.append(FieldError("/reason", "it is empty; leave it out or give a value"))
    return tuple(dict.fromkeys(found))
