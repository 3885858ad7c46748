"""Instants as the wall clocks of the installation's zone show them, many at once."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from ratings.times import SECOND, Instant

_HOUR = 3_600
_DAY = 86_400
_EPOCH = date(1970, 1, 1)
_MOST = 20_000
"""Days whose offsets are remembered: of fifty years; and hours whose names are: of two."""

_FEW_DAYS = 60


class _Hours(dict[int, str]):
    """Hours since 1970, as a time in them begins: `2026-01-31T09:`."""

    def __init__(self, between: str) -> None:
        super().__init__()
        self._between = between

    def __missing__(self, hour: int) -> str:
        if len(self) >= _MOST:
            self.clear()
        day, of_day = divmod(hour, 24)
        self[hour] = written = f"{(_EPOCH + timedelta(days=day)).isoformat()}{self._between}{of_day:02d}:"
        return written


@lru_cache(maxsize=64)
def _seconds(end: str) -> tuple[str, ...]:
    """Return for each second of an hour how a time goes on: `00:00+03:00`."""
    return tuple(f"{minute:02d}:{second:02d}{end}" for minute in range(60) for second in range(60))


class Clocks:
    """The wall clocks of a zone: what a day is called and how far it is from UTC is found out once a day of the zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._offsets: dict[int, int] = {}
        self._hours = {between: _Hours(between) for between in (" ", "T")}

    def plain(self, instants: Sequence[Instant | None]) -> list[str]:
        """Write `2026-01-31 09:00:00`, as spreadsheets read it; nothing for no time."""
        return self._written(instants, " ", exact=False)

    def exact(self, instants: Sequence[Instant | None]) -> list[str]:
        """Write RFC 3339 with the zone's offset, to the second, as programs read it; nothing for no time."""
        return self._written(instants, "T", exact=True)

    def _written(self, instants: Sequence[Instant | None], between: str, *, exact: bool) -> list[str]:
        """Write each by two look-ups in small tables: a million rows have four million times."""
        hours = self._hours[between]
        offset = self._one_offset(instants)
        if offset is not None:
            shift = offset * SECOND
            seconds = _seconds(_sign(offset) if exact else "")
            walls = [None if at is None else (at + shift) // SECOND for at in instants]
            return ["" if wall is None else hours[wall // _HOUR] + seconds[wall % _HOUR] for wall in walls]
        written: list[str] = []
        for at in instants:
            if at is None:
                written.append("")
                continue
            own = self._offset(at // SECOND)
            wall = at // SECOND + own
            written.append(hours[wall // _HOUR] + _seconds(_sign(own) if exact else "")[wall % _HOUR])
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
