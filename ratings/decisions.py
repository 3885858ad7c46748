"""What is decided about a closing: ask, or skip with a reason. Exactly one is stored for every closing and never changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ratings.times import Duration, Instant


class SkipReason(StrEnum):
    """Why nobody is asked. The codes are stored, counted and documented: they never change."""

    NO_SURVEY = "no_survey"
    SURVEY_OFF = "survey_off"
    ASK_FALSE = "ask_false"
    NO_ADDRESS = "no_address"
    CHANNEL_UNKNOWN = "channel_unknown"
    OPTED_OUT = "opted_out"
    UNREACHABLE = "unreachable"
    ALREADY_ASKED = "already_asked"
    RESTING = "resting"  # the customer asked to be asked less
    REOPENED = "reopened"  # the reopen was reported before this closing was
    TOO_OLD = "too_old"
    CONDITION_NOT_MET = "condition_not_met"  # "ask only when" is false
    CONDITION_EXCLUDES = "condition_excludes"  # "do not ask when" is true
    STAFF = "staff"  # the address or the customer is one of ours
    TALK_TOO_SHORT = "talk_too_short"
    TOO_FEW_MESSAGES = "too_few_messages"
    ONE_SIDED = "one_sided"  # only one side wrote
    CLOSED_BY = "closed_by"
    OPEN_TIME = "open_time"  # closed too soon after it was opened, or too late
    SILENCE = "silence"  # too little or too much time between the last message and the closing
    OUTSIDE_HOURS = "outside_hours"  # closed outside the opening hours
    SUBJECT = "subject"
    TAGS = "tags"
    RECLOSED = "reclosed"  # the ticket was asked about, or rated, not long ago
    NOT_SAMPLED = "not_sampled"
    ASKED_RECENTLY = "asked_recently"  # this customer was
    WINDOW_CLOSED = "window_closed"  # the messenger takes no message that long after the customer's own
    EXPIRED = "expired"  # the first moment at which we may write comes after the time for an answer


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask at this instant, on this account (`channel`), at this address; `further` ones may follow if it takes no prompt.

    `timezone` is the customer's where it is known; `window_until` when the messenger stops taking our messages;
    `inclusion` the probability with which such a ticket is asked about; `recovery_of` the invitation whose bad rating
    this one asks about once more.
    """

    at: Instant
    channel: str
    address: str
    further: tuple[tuple[str, str], ...] = ()
    timezone: str | None = None
    window_until: Instant | None = None
    inclusion: float = 1.0
    recovery_of: int | None = None


@dataclass(frozen=True, slots=True)
class Skip:
    """Do not ask. `detail` is the rule and what it saw, JSON-able, without addresses and words."""

    reason: SkipReason
    detail: Mapping[str, object] = field(default_factory=dict)


Decision = Ask | Skip

WINDOW_MARGIN: Duration = 10 * 60_000
"""How long before a messenger's window closes a prompt is sent at the latest: it may wait for the pace, or for a retry."""
