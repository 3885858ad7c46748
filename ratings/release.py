"""Release: whether agents see what was said of them, and when. Pure.

An agent who sees each rating as it comes can tell whose it was. So ratings are let out together: once `after_ratings` of
them have gathered, or once one is `after_days` old. Whole numbers inside and in JSON.
"""

from dataclasses import dataclass, fields

from ratings import reading
from ratings.errors import FieldError, found

MIN_RATINGS = 3
"""Of fewer, each could be told by when it came out."""

MAX_RATINGS = 100
MAX_DAYS = 366


@dataclass(frozen=True, slots=True)
class Release:
    """`to_agents` off: agents see nothing of this survey. Else each sees their own after so many ratings, or so many days."""

    to_agents: bool = False
    after_ratings: int = 5
    after_days: int = 14


NO_RELEASE = Release()


# --- JSON ---------------------------------------------------------------------------------------------------------

_KEYS = tuple(one.name for one in fields(Release))
_NAMES = dict(zip(_KEYS, _KEYS, strict=True))
_LIMITS = {"after_ratings": (MIN_RATINGS, MAX_RATINGS), "after_days": (1, MAX_DAYS)}


def release_to_dict(release: Release) -> dict[str, object]:
    """Write a release as the JSON data that `read_release` reads back to an equal one."""
    return {key: getattr(release, key) for key in _KEYS}


def read_release(errors: reading.Errors, value: object, start: Release, pointer: str) -> Release:
    """Read a release over that of `start`: what is not named stays, null goes back to the default."""
    if value is None:
        return NO_RELEASE
    read = {key: getattr(start, key) for key in _KEYS}
    for key, given, at in reading.changes(errors, value, pointer, _NAMES, read, NO_RELEASE):
        if key in _LIMITS:
            read[key] = reading.whole(errors, given, at, *_LIMITS[key])
        else:
            if not isinstance(given, bool):
                errors.append(FieldError(at, f"{found(given)}; expected true or false"))
            read[key] = given is True
    return Release(**read)
