"""For how long personal data is kept. Pure. Without a period it is kept until somebody erases it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ratings.errors import FieldError, InvalidInput, found, step
from ratings.times import DAY, Duration

SETTING = "retention"
"""Under which name the periods stand among the installation's settings."""

INBOUND_DAYS = 30
"""How long what platforms told is remembered, where nothing is set: a redelivery is recognised for so long."""

MAX_DAYS = 3_650

BOUNDS: Mapping[str, tuple[int, int]] = {
    # What is still asked, and may be answered, is not erased under the customer's hands.
    "personal_data_days": (30, MAX_DAYS),
    "comments_days": (1, MAX_DAYS),
    # Messengers send again for a day.
    "inbound_days": (2, 365),
    "audit_days": (30, MAX_DAYS),
}
"""The fewest and the most days of each period."""


@dataclass(frozen=True, slots=True)
class Retention:
    """Periods in days; None: for good.

    `personal_data_days` runs from the decision about a ticket, `comments_days` from when the customer wrote.
    """

    personal_data_days: int | None = None
    comments_days: int | None = None
    inbound_days: int | None = None
    audit_days: int | None = None

    def to_dict(self) -> dict[str, int | None]:
        """Write it as it is stored."""
        return asdict(self)

    @property
    def inbound(self) -> Duration:
        """How long what platforms told is remembered."""
        return (self.inbound_days or INBOUND_DAYS) * DAY


def change_retention(periods: Retention, changes: Any) -> Retention:
    """Return periods with those that `changes` names; the others stay. Raises InvalidInput as `read_retention` does."""
    return read_retention({**periods.to_dict(), **_object(changes)})


def read_retention(data: Any) -> Retention:
    """Read periods. None is none of them. Raises InvalidInput with every wrong field."""
    if data is None:
        return Retention()
    errors = [
        FieldError(step("", key), f"unknown key; expected {', '.join(BOUNDS)}")
        for key in _object(data)
        if key not in BOUNDS
    ]
    for name, (least, most) in BOUNDS.items():
        days = data.get(name)
        if days is not None and not (type(days) is int and least <= days <= most):
            errors.append(FieldError(f"/{name}", f"{found(days)}; expected whole days from {least} to {most}, or null"))
    if errors:
        raise InvalidInput(errors)
    return Retention(**{name: data.get(name) for name in BOUNDS})


def _object(data: Any) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise InvalidInput([FieldError("", f"{found(data)}; expected an object with {', '.join(BOUNDS)}")])
    return data
