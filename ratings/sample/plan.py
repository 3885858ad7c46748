"""What a sample is asked to be, and when things happen in it: days, weekdays and hours, a bad week, a survey that was off. Pure."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

from ratings.times import DAY, HOUR, Duration, Instant

MAX_ROWS, MAX_DAYS = 100_000_000, 3_660

GROWTH = 0.5
"""By how much more is closed at the end of the history than at its beginning."""

_WEEKDAYS = (1.25, 1.12, 1.05, 1.0, 0.95, 0.45, 0.35)
_NIGHT, _MORNING = (0.05, 0.02, 0.02, 0.02, 0.02, 0.05), (0.12, 0.3, 0.7, 1.2, 1.5, 1.5)
_AFTERNOON, _EVENING = (1.3, 1.25, 1.4, 1.4, 1.3, 1.15), (0.95, 0.7, 0.5, 0.35, 0.2, 0.1)
_HOURS = (*_NIGHT, *_MORNING, *_AFTERNOON, *_EVENING)

TREND = 0.06
"""How much CSAT grows from the first day to the last."""

BAD_WEEKDAY, BAD_HOURS, BAD_DROP = 4, (17, 18, 19, 20), 0.16
"""Friday evenings are worse, in the zone of the installation."""

INCIDENT_DROP = 0.30
"""How much worse one form is in the week of the incident."""

_INCIDENT_FROM, _OFF_FROM = 0.6, 0.35
_OFF_FOR: Duration = 30 * HOUR


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of what: so many closings within so many days that end at `until`. `zone` is the installation's.

    The same plan is the same history. A history of less than a fortnight has no incident. `agents` None: as many as suit the rows.
    """

    rows: int
    seed: int
    until: Instant
    days: int = 365
    zone: str = "UTC"
    agents: int | None = None

    @property
    def start(self) -> Instant:
        """When it begins."""
        return (self.until - self.days * DAY) // HOUR * HOUR

    @property
    def incident(self) -> tuple[Instant, Instant] | None:
        """The week in which one form did badly, half-open."""
        if self.days < 14:  # noqa: PLR2004 - a week of it would be all there is
            return None
        first = self.start + round(self.days * _INCIDENT_FROM) * DAY
        return first, min(first + 7 * DAY, self.until)

    @property
    def switched_off(self) -> tuple[Instant, Instant]:
        """When the survey was off, half-open."""
        first = self.start + round(self.days * _OFF_FROM) * DAY + 8 * HOUR
        return first, min(first + _OFF_FOR, self.until)


@dataclass(frozen=True, slots=True)
class Slot:
    """An hour of the history: when it begins and how long it is; how much CSAT differs in it; whether the incident is on."""

    start: Instant
    length: Duration
    weight: float
    shift: float
    incident: bool


class Calendar:
    """The hours of a history, the busy ones with more weight."""

    def __init__(self, plan: Plan) -> None:
        self.slots = _slots(plan)
        self._ends = list(accumulate(slot.weight for slot in self.slots))

    def at(self, share: float) -> tuple[Instant, Slot]:
        """Return the moment before which this share (0 to 1) of all closings happened, to the second, and its hour."""
        wanted = share * self._ends[-1]
        index = min(bisect_right(self._ends, wanted), len(self.slots) - 1)
        slot = self.slots[index]
        part = 1 - (self._ends[index] - wanted) / slot.weight
        return slot.start + int(part * slot.length) // 1000 * 1000, slot

    @property
    def mean_shift(self) -> float:
        """By how much the hours move CSAT on the whole."""
        return sum(slot.weight * slot.shift for slot in self.slots) / self._ends[-1]

    @property
    def incident_share(self) -> float:
        """The share of all closings within the incident's week."""
        return sum(slot.weight for slot in self.slots if slot.incident) / self._ends[-1]


def _slots(plan: Plan) -> list[Slot]:
    zone = ZoneInfo(plan.zone)
    chance = Random(f"{plan.seed}:days")  # noqa: S311 - a seeded random is what a sample wants
    span = plan.until - plan.start
    incident = plan.incident
    slots: list[Slot] = []
    busy = 1.0
    day = -1
    for start in range(plan.start, plan.until, HOUR):
        local = datetime.fromtimestamp(start // 1000, zone)
        if local.toordinal() != day:
            day = local.toordinal()
            busy = chance.lognormvariate(0, 0.08)  # no day is like another
        progress = (start - plan.start) / span
        length = min(HOUR, plan.until - start)
        weight = _WEEKDAYS[local.weekday()] * _HOURS[local.hour] * busy * (1 + GROWTH * progress) * length / HOUR
        bad = local.weekday() == BAD_WEEKDAY and local.hour in BAD_HOURS
        shift = TREND * (progress - 0.5) - (BAD_DROP if bad else 0.0)
        within = incident is not None and incident[0] <= start < incident[1]
        slots.append(Slot(start, length, weight, shift, within))
    return slots
