"""Instants as the wall clocks of the installation's zone show them, many at once."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from ratings.times import SECOND, Instant

_DAY = 86_400
_EPOCH = date(1970, 1, 1)
_MOST = 20_000
"""Days that are remembered: of fifty years."""


_FEW_DAYS = 60
_HOUR_AND_MINUTE = tuple(f"{hour:02d}:{minute:02d}:" for hour in range(24) for minute in range(60))
_SECONDS = tuple(f"{second:02d}" for second in range(60))


class _Days(dict[int, str]):
    """Days since 1970, as they are written before a time."""

    def __init__(self, between: str) -> None:
        super().__init__()
        self._between = between

    def __missing__(self, day: int) -> str:
        if len(self) >= _MOST:
            self.clear()
        self[day] = written = f"{(_EPOCH + timedelta(days=day)).isoformat()}{self._between}"
        return written


class Clocks:
    """The wall clocks of a zone: what a day is called and how far it is from UTC is found out once a day of the zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._offsets: dict[int, int] = {}
        self._days: dict[str, _Days] = {}

    def plain(self, instants: Sequence[Instant | None]) -> list[str]:
        """Write `2026-01-31 09:00:00`, as spreadsheets read it; nothing for no time."""
        return self._written(instants, " ", exact=False)

    def exact(self, instants: Sequence[Instant | None]) -> list[str]:
        """Write RFC 3339 with the zone's offset, to the second, as programs read it; nothing for no time."""
        return self._written(instants, "T", exact=True)

    def _written(self, instants: Sequence[Instant | None], between: str, *, exact: bool) -> list[str]:
        """Write each by three look-ups in small tables: a million rows have four million times."""
        days = self._days.setdefault(between, _Days(between))
        day, hour, minute = _DAY, _HOUR_AND_MINUTE, _SECONDS  # what is local is found faster
        offset = self._one_offset(instants)
        if offset is not None:
            end = _sign(offset) if exact else ""
            local = [None if at is None else at // 1000 + offset for at in instants]
            return [
                "" if at is None else f"{days[at // day]}{hour[at % day // 60]}{minute[at % 60]}{end}" for at in local
            ]
        written: list[str] = []
        for at in instants:
            if at is None:
                written.append("")
                continue
            own = self._offset(at // SECOND)
            wall = at // SECOND + own
            end = _sign(own) if exact else ""
            written.append(f"{days[wall // day]}{hour[wall % day // 60]}{minute[wall % 60]}{end}")
        return written

    def _one_offset(self, instants: Sequence[Instant | None]) -> int | None:
        """Return the offset of all of them; None where clocks changed meanwhile, or may have."""
        known = [at for at in instants if at is not None]
        if not known:
            return 0
        first, last = min(known) // SECOND // _DAY, max(known) // SECOND // _DAY
        if last - first > _FEW_DAYS:
            return None
        found = {
            self._offset(second) for day in range(first, last + 1) for second in (day * _DAY, day * _DAY + _DAY - 1)
        }
        return found.pop() if len(found) == 1 else None

    def moments(self, instants: Sequence[Instant | None]) -> list[datetime | None]:
        """Return dates and times without a zone, as spreadsheets store them, to the second."""
        begin = datetime(1970, 1, 1)  # noqa: DTZ001 - the offset is in the seconds
        return [
            None if at is None else begin + timedelta(seconds=at // SECOND + self._offset(at // SECOND))
            for at in instants
        ]

    def _offset(self, second: int) -> int:
        """Return by how many seconds the clocks are before UTC. They change on few days a year."""
        day = second // _DAY
        known = self._offsets.get(day)
        if known is not None:
            return known
        begin, end = self._read(day * _DAY), self._read((day + 1) * _DAY - 1)
        if begin != end:
            return self._read(second)
        if len(self._offsets) >= _MOST:
            self._offsets.clear()
        self._offsets[day] = begin
        return begin

    def _read(self, second: int) -> int:
        offset = datetime.fromtimestamp(second, UTC).astimezone(self._zone).utcoffset()
        assert offset is not None
        return int(offset.total_seconds())


@cache
def _sign(offset: int) -> str:
    """Return an offset as RFC 3339 writes it."""
    minutes = abs(offset) // 60
    return f"{'-' if offset < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"
