"""Hours in a form: two times of the day and a tick for each weekday. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.web.pages.surveys.fields import Problems, Ticks, Typed, name_of

WEEKDAYS = tuple(map(str, range(1, 8)))


@dataclass(frozen=True, slots=True)
class HoursField:
    """Hours: quiet from, quiet to, weekdays. `any_time` is what “at any time” is in the survey."""

    pointer: str
    any_time: Mapping[str, object] | None = None

    @property
    def _name(self) -> str:
        return name_of(self.pointer)

    @property
    def _days(self) -> Ticks:
        return Ticks(f"{self.pointer}/weekdays", WEEKDAYS, int)

    def owns(self, name: str) -> bool:
        """See Field."""
        return name in {f"{self._name}.quiet.from", f"{self._name}.quiet.to"} or self._days.owns(name)

    def fill(self, value: Any) -> Typed:
        """See Field."""
        quiet = (value or {}).get("quiet") or {}
        ends = {f"{self._name}.quiet.{end}": quiet.get(end, "") for end in ("from", "to")}
        return ends | self._days.fill((value or {}).get("weekdays"))

    def read(self, typed: Typed, problems: Problems) -> Any:
        """See Field."""
        first, last = (typed.get(f"{self._name}.quiet.{end}", "").strip() for end in ("from", "to"))
        days = self._days.read(typed, problems)
        if not first and not last and not days:
            return self.any_time
        quiet = {end: text for end, text in (("from", first), ("to", last)) if text}
        return {"quiet": quiet or None, "weekdays": days}


@dataclass(frozen=True, slots=True)
class OpeningField:
    """A desk's opening hours: from, to, weekdays; nothing typed is none."""

    pointer: str

    @property
    def _days(self) -> Ticks:
        return Ticks(f"{self.pointer}/weekdays", WEEKDAYS, int)

    def owns(self, name: str) -> bool:
        """See Field."""
        return name in {f"{name_of(self.pointer)}.from", f"{name_of(self.pointer)}.to"} or self._days.owns(name)

    def fill(self, value: Any) -> Typed:
        """See Field."""
        ends = {f"{name_of(self.pointer)}.{end}": (value or {}).get(end, "") for end in ("from", "to")}
        return ends | self._days.fill((value or {}).get("weekdays"))

    def read(self, typed: Typed, problems: Problems) -> Any:
        """See Field."""
        first, last = (typed.get(f"{name_of(self.pointer)}.{end}", "").strip() for end in ("from", "to"))
        days = self._days.read(typed, problems)
        if not first and not last and not days:
            return None
        return {**{end: text for end, text in (("from", first), ("to", last)) if text}, "weekdays": days}
