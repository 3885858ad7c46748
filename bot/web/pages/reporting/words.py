"""What digests are called; and why nobody was asked, in as few words as the axis of a chart has room for; `bot.exporting.words` says it in sentences."""

from collections.abc import Mapping

from bot.web.pages.speech import mark
from ratings.decisions import SkipReason
from ratings.digests import DAILY, WEEKLY

DIGEST_TITLES: Mapping[str, str] = {DAILY: mark("Ratings of the day"), WEEKLY: mark("Ratings of the week")}

SHORT_REASONS: Mapping[str, str] = {
    SkipReason.NO_SURVEY.value: mark("no survey is for it"),
    SkipReason.SURVEY_OFF.value: mark("the survey was off"),
    SkipReason.ASK_FALSE.value: mark("the agent did not want it"),
    SkipReason.NO_ADDRESS.value: mark("no address"),
    SkipReason.CHANNEL_UNKNOWN.value: mark("a channel that is not set up"),
    SkipReason.OPTED_OUT.value: mark("the customer does not want to be asked"),
    SkipReason.UNREACHABLE.value: mark("the address takes no messages"),
    SkipReason.ALREADY_ASKED.value: mark("asked already"),
    SkipReason.RESTING.value: mark("the customer wants to be asked less"),
    SkipReason.REOPENED.value: mark("reopened"),
    SkipReason.TOO_OLD.value: mark("closed too long ago"),
    SkipReason.CONDITION_NOT_MET.value: mark("a condition is not met"),
    SkipReason.CONDITION_EXCLUDES.value: mark("a condition leaves it out"),
    SkipReason.STAFF.value: mark("one of our own"),
    SkipReason.TALK_TOO_SHORT.value: mark("the talk was too short"),
    SkipReason.TOO_FEW_MESSAGES.value: mark("too few messages"),
    SkipReason.ONE_SIDED.value: mark("only one side wrote"),
    SkipReason.CLOSED_BY.value: mark("who closed it"),
    SkipReason.OPEN_TIME.value: mark("open too short or too long"),
    SkipReason.SILENCE.value: mark("silence before the closing"),
    SkipReason.OUTSIDE_HOURS.value: mark("closed outside opening hours"),
    SkipReason.SUBJECT.value: mark("its subject"),
    SkipReason.TAGS.value: mark("its tags"),
    SkipReason.RECLOSED.value: mark("closed again soon"),
    SkipReason.NOT_SAMPLED.value: mark("not in the share that is asked"),
    SkipReason.ASKED_RECENTLY.value: mark("the customer was asked recently"),
    SkipReason.WINDOW_CLOSED.value: mark("the messenger takes no message any more"),
    SkipReason.EXPIRED.value: mark("too late for an answer"),
}
