"""What errors mean in plain words, and what to do about them; what kinds of jobs do; what accounts are called.

The one place for these words: every page that shows an error's code says it by this table.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.web.pages.speech import mark
from ratings.lifecycle import JobKind


@dataclass(frozen=True, slots=True)
class Words:
    """What an error means, and what to do."""

    means: str
    do: str


TROUBLES: Mapping[str, Words] = {
    "unreachable": Words(
        mark("It could not be reached: no connection, or it answered that it is out of order"),
        mark("Look whether it works for others. What waits is tried again by itself; what failed can be put back."),
    ),
    "throttled": Words(
        mark("It asked to wait: too many messages at once"),
        mark("Nothing: it goes on by itself. If it comes often, set a lower pace for the account."),
    ),
    "rejected": Words(
        mark("It will not take this as it is"),
        mark(
            "Read what it said. If it is about one message, leave it; if about all, mend the survey's text or the desk's settings."
        ),
    ),
    "not_editable": Words(
        mark("The message is gone, or can be edited no more"),
        mark("Nothing: the customer deleted it, or it is too old."),
    ),
    "tap_expired": Words(
        mark("The tap waits for no answer any more"),
        mark("Nothing: the rating counts."),
    ),
    "recipient_gone": Words(
        mark("The address takes no messages: blocked, deactivated, or the customer never wrote first"),
        mark("Nothing can be done from here. When the customer writes again, it works by itself."),
    ),
    "bounced": Words(
        mark("Messages to this address came back"),
        mark("Correct the address at the desk."),
    ),
    "opted_out": Words(
        mark("The customer wants no messages"),
        mark("Respect it. Only the customer can take it back."),
    ),
    "window_closed": Words(
        mark("The messenger takes such messages only for some time after the customer's last one, and it is over"),
        mark("Ask sooner after the closing: see the survey's timing."),
    ),
    "misconfigured": Words(
        mark("It cannot work as it is set up: a revoked token, or a right that is missing"),
        mark(
            "Check the account on the page Channels, correct its settings, restart the service, then put back what failed."
        ),
    ),
    "outcome_unknown": Words(
        mark("The request went out and no answer came: it may have been carried out or not"),
        mark("Nothing, unless you know that it did not arrive. Putting it back may bring it a second time."),
    ),
    "too_late": Words(
        mark("It waited too long to be of use"),
        mark("Nothing: a question about an old ticket is worse than none."),
    ),
    "internal": Words(
        mark("An error of Tapfive itself"),
        mark("See the service's log at that time, and tell us."),
    ),
    "expired": Words(
        mark("The time for an answer is over"),
        mark("Nothing."),
    ),
    "erased": Words(
        mark("What is known of the customer was erased"),
        mark("Nothing."),
    ),
}
"""By the code of an error: those of net/errors.py, and those that the outbox gives."""

OTHER = Words(
    mark("It was refused"),
    mark("Read what it said; if it can be mended there, mend it and put this back."),
)
"""Of what desks refuse in their own words."""

KINDS: Mapping[str, str] = {
    JobKind.PROMPT: mark("the question to a customer"),
    JobKind.REMINDER: mark("a reminder to a customer"),
    JobKind.ACKNOWLEDGE: mark("the answer to a tap"),
    JobKind.RENDER: mark("the message after a rating"),
    JobKind.NOTICE: mark("a message to a customer"),
    JobKind.DESK: mark("writing the rating to the ticket"),
    JobKind.ALERT: mark("an alert to staff"),
    JobKind.DIGEST: mark("a digest to staff"),
    JobKind.TEST: mark("a test message"),
    JobKind.LAPSE: mark("the end of an asking"),
    JobKind.SETTLE: mark("deciding about a vote"),
}
"""What a job does, by its kind."""


def trouble(code: str) -> Words:
    """Return the words of an error's code."""
    return TROUBLES.get(code, OTHER)
