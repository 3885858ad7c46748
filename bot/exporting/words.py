"""What the codes of a row mean, in plain English: for files and pages, which say it in the reader's language.

The translations are those of the pages.
"""

from collections.abc import Mapping

from ratings.decisions import SkipReason
from ratings.lifecycle import State, Trigger
from ratings.votes import VoteState


def mark(text: str) -> str:
    """Mark a text for translation where it is only kept; it is translated where it is said."""
    return text


STATES: Mapping[str, str] = {
    State.SKIPPED.value: mark("not asked"),
    State.SCHEDULED.value: mark("to be asked"),
    State.ASKED.value: mark("asked"),
    State.ANSWERED.value: mark("answered"),
    State.LAPSED.value: mark("no answer in time"),
    State.CANCELLED.value: mark("called off"),
    State.UNDELIVERABLE.value: mark("not delivered"),
}

VOTE_STATES: Mapping[str, str] = {
    VoteState.CONFIRMED.value: mark("counts"),
    VoteState.PROVISIONAL.value: mark("waits to be proven"),
    VoteState.QUARANTINED.value: mark("looks like a program's"),
    VoteState.WITHDRAWN.value: mark("taken back"),
}

REASONS: Mapping[str, str] = {
    SkipReason.NO_SURVEY.value: mark("No survey covers the ticket's form."),
    SkipReason.SURVEY_OFF.value: mark("The survey was switched off."),
    SkipReason.ASK_FALSE.value: mark("The agent said not to ask."),
    SkipReason.NO_ADDRESS.value: mark("The ticket has no address to ask at."),
    SkipReason.CHANNEL_UNKNOWN.value: mark("The ticket's channel is not set up here."),
    SkipReason.OPTED_OUT.value: mark("The customer wants no messages."),
    SkipReason.UNREACHABLE.value: mark("The customer's address takes no messages."),
    SkipReason.ALREADY_ASKED.value: mark("A later closing of the ticket was asked about."),
    SkipReason.RESTING.value: mark("The customer wants to be asked less often."),
    SkipReason.REOPENED.value: mark("The ticket had been opened again before its closing was reported."),
    SkipReason.TOO_OLD.value: mark("It had been closed too long before it was reported."),
    SkipReason.CONDITION_NOT_MET.value: mark("The survey's “ask only when” was not met."),
    SkipReason.CONDITION_EXCLUDES.value: mark("The survey's “do not ask when” was met."),
    SkipReason.STAFF.value: mark("The customer is one of the staff."),
    SkipReason.TALK_TOO_SHORT.value: mark("The talk was too short."),
    SkipReason.TOO_FEW_MESSAGES.value: mark("Too few messages were written."),
    SkipReason.ONE_SIDED.value: mark("Only one side wrote."),
    SkipReason.CLOSED_BY.value: mark("The survey leaves out tickets that were closed in this way."),
    SkipReason.OPEN_TIME.value: mark("The ticket was open too short or too long."),
    SkipReason.SILENCE.value: mark("Too little or too much time passed between the last message and the closing."),
    SkipReason.OUTSIDE_HOURS.value: mark("It was closed outside the opening hours."),
    SkipReason.SUBJECT.value: mark("The survey leaves out tickets with such a subject."),
    SkipReason.TAGS.value: mark("The survey leaves out tickets with such a tag."),
    SkipReason.RECLOSED.value: mark("The ticket was asked about or rated not long before."),
    SkipReason.NOT_SAMPLED.value: mark("Only a share of tickets is asked about, and this one was not drawn."),
    SkipReason.ASKED_RECENTLY.value: mark("The customer was asked not long before."),
    SkipReason.WINDOW_CLOSED.value: mark("The messenger took no more messages of ours by then."),
    SkipReason.EXPIRED.value: mark("The first moment to write came after the time for an answer."),
}
"""Why nobody is asked: of decisions."""

STATE_REASONS: Mapping[str, str] = {
    "survey_off": mark("The survey is switched off; the question waits."),
    "quiet_hours": mark("It waits for the end of the quiet hours."),
    Trigger.NEXT_ADDRESS.value: mark("It goes to the ticket's next address, since the first took no message."),
    Trigger.REOPENED.value: mark("The ticket was opened again."),
    Trigger.OPTED_OUT.value: mark("The customer wants no messages."),
    Trigger.WITHDRAWN.value: mark("The customer took the rating back."),
    Trigger.PAUSED.value: mark("The survey was switched off, and cancels what it would have asked."),
    Trigger.VOTE_GONE.value: mark("The only vote was a program's."),
    Trigger.ERASED.value: mark("What is known of the customer was erased."),
    "unreachable": mark("The channel could not be reached for too long."),
    "recipient_gone": mark("The address takes no messages any more."),
    "rejected": mark("The channel refused the message."),
    "misconfigured": mark("The channel's account cannot send as it is set up."),
    "outcome_unknown": mark("Nobody knows whether the message went out, and it is never sent twice."),
    "throttled": mark("The channel asked us to wait for too long."),
    "window_closed": mark("The messenger takes no more messages of ours."),
    "bounced": mark("The mail came back."),
}
"""Why an asking is held, called off or not delivered: of states."""

OUTCOMES: Mapping[str, str] = {
    "leave": mark("left as it is"),
    "close": mark("closed"),
    "reopen": mark("opened again"),
}


def why_of(reason: str | None, state_reason: str | None) -> str:
    """Return the words for why a closing is not asked about, or where its asking stands: "" for no reason, else a code's own name."""
    if reason:
        return REASONS.get(reason, reason)
    return STATE_REASONS.get(state_reason, state_reason) if state_reason else ""
