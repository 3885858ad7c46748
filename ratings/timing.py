"""When a survey asks, reminds and stops. Durations are ms inside and whole seconds in JSON."""

from dataclasses import dataclass, fields, replace

from ratings import reading
from ratings.errors import FieldError, found, step
from ratings.hours import Hours, hours_to_dict, read_hours
from ratings.times import DAY, HOUR, MINUTE, SECOND, Duration

MAX_REMINDERS = 3
MAX_DURATION_S = 366 * DAY // SECOND


@dataclass(frozen=True, slots=True)
class Timing:
    """When: the prompt after the closing, reminders after the prompt or the one before, and what ends when.

    `expires_after` counts from the closing, `lapse_after` from the last asking, `edit_window` and `comment_window` from
    the rating. A closing older than `max_age` when it is reported is not asked about. Prompts and reminders go out within
    `hours` of the customer's day (None: at any time).
    """

    delay: Duration = 0
    reminders: tuple[Duration, ...] = ()
    lapse_after: Duration = 7 * DAY
    expires_after: Duration = 30 * DAY
    edit_window: Duration = DAY
    comment_window: Duration = 15 * MINUTE
    max_age: Duration = 72 * HOUR
    hours: Hours | None = None


_KEYS = {one.name if one.name == "hours" else f"{one.name}_s": one.name for one in fields(Timing)}
_POSITIVE = frozenset({"reminders", "lapse_after", "expires_after", "max_age"})  # none of these makes sense as 0


def timing_to_dict(timing: Timing) -> dict[str, object]:
    """Write a timing as the JSON data that `read_timing` reads back to an equal one."""
    return {
        "delay_s": timing.delay // SECOND,
        "reminders_s": [reminder // SECOND for reminder in timing.reminders],
        "lapse_after_s": timing.lapse_after // SECOND,
        "expires_after_s": timing.expires_after // SECOND,
        "edit_window_s": timing.edit_window // SECOND,
        "comment_window_s": timing.comment_window // SECOND,
        "max_age_s": timing.max_age // SECOND,
        "hours": None if timing.hours is None else hours_to_dict(timing.hours),
    }


def read_timing(errors: reading.Errors, value: object, start: Timing, pointer: str) -> Timing:
    """Read a timing over that of `start`: what is not named stays, null goes back to the default."""
    if value is None:
        return Timing()
    read: dict[str, object] = {}
    defaults = Timing()
    for name, given, at in reading.changes(errors, value, pointer, _KEYS, read, defaults):
        if name == "hours":
            read[name] = read_hours(errors, given, at)
        elif name != "reminders":
            read[name] = _duration(errors, given, at, least=int(name in _POSITIVE))
        elif not isinstance(given, list) or len(given) > MAX_REMINDERS:
            errors.append(FieldError(at, f"{found(given)}; expected a list of at most {MAX_REMINDERS} durations"))
        else:
            read[name] = tuple(_duration(errors, one, step(at, index), least=1) for index, one in enumerate(given))
    return replace(start, **read)  # type: ignore[arg-type]  # the names come from Timing itself


def _duration(errors: reading.Errors, value: object, pointer: str, *, least: int) -> Duration:
    if type(value) is int and least <= value <= MAX_DURATION_S:
        return value * SECOND
    detail = f"{found(value)}; expected whole seconds from {least} to {MAX_DURATION_S}"
    errors.append(FieldError(pointer, detail))
    return SECOND
