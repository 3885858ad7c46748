"""Instants as the wall clocks of the installation's zone show them, many at once."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ratings.times import MINUTE, SECOND, Instant

_KEPT = 100_000
"""Minutes that are remembered: rows come nearly in order, so that few are asked for again later."""

_SECONDS = tuple(f"{second:02d}" for second in range(60))


class Clocks:
    """The wall clocks of a zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._minutes: dict[int, datetime] = {}
        self._written: dict[int, tuple[str, str]] = {}

    def plain(self, instants: Sequence[Instant | None]) -> list[str | None]:
        """Write `2026-01-31 09:00:00`, as spreadsheets read it."""
        return [
            None if at is None else f"{self._parts(at // MINUTE)[0]}{_SECONDS[at // SECOND % 60]}" for at in instants
        ]

    def exact(self, instants: Sequence[Instant | None]) -> list[str | None]:
        """Write RFC 3339 with the zone's offset, to the second, as programs read it."""
        written: list[str | None] = []
        for at in instants:
            if at is None:
                written.append(None)
                continue
            begin, offset = self._parts(at // MINUTE)
            written.append(f"{begin[:10]}T{begin[11:]}{_SECONDS[at // SECOND % 60]}{offset}")
        return written

    def moments(self, instants: Sequence[Instant | None]) -> list[datetime | None]:
        """Return dates and times without a zone, as spreadsheets store them, to the second."""
        return [
            None
            if at is None
            else self._minute(at // MINUTE).replace(tzinfo=None) + timedelta(seconds=at // SECOND % 60)
            for at in instants
        ]

    def _parts(self, minute: int) -> tuple[str, str]:
        if minute not in self._written:
            if len(self._written) >= _KEPT:
                self._written.clear()
            moment = self._minute(minute)
            self._written[minute] = f"{moment:%Y-%m-%d %H:%M}:", _offset(moment)
        return self._written[minute]

    def _minute(self, minute: int) -> datetime:
        if minute not in self._minutes:
            if len(self._minutes) >= _KEPT:
                self._minutes.clear()
            self._minutes[minute] = datetime.fromtimestamp(minute * 60, UTC).astimezone(self._zone)
        return self._minutes[minute]


def _offset(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")[16:]
