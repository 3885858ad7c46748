"""What happened to a ticket, in plain words: acts, votes and what speaks against them."""

from collections.abc import Mapping

from bot.web.pages.speech import mark
from ratings.lifecycle import Delivery, JobKind
from ratings.links import Evidence, LinkKind

ACTS: Mapping[str, str] = {
    JobKind.PROMPT.value: mark("The question"),
    JobKind.REMINDER.value: mark("A reminder"),
    JobKind.LAPSE.value: mark("The end of the time for an answer"),
    JobKind.ACKNOWLEDGE.value: mark("An answer to the tap"),
    JobKind.RENDER.value: mark("A change of the message on the customer's screen"),
    JobKind.NOTICE.value: mark("A message to the customer"),
    JobKind.SETTLE.value: mark("The decision about a vote by link"),
    JobKind.DESK.value: mark("A write to the ticket on its desk"),
    JobKind.ALERT.value: mark("A message to the staff"),
    JobKind.DIGEST.value: mark("A digest"),
    JobKind.TEST.value: mark("A test message"),
}

DELIVERIES: Mapping[str, str] = {
    Delivery.DELIVERED.value: mark("It arrived."),
    Delivery.SEEN.value: mark("It was seen."),
    Delivery.UNKNOWN.value: mark("Nobody knows whether it arrived."),
    Delivery.BOUNCED.value: mark("It came back."),
}
NOT_ARRIVED = frozenset({Delivery.UNKNOWN.value, Delivery.BOUNCED.value})

ACT_STATES: Mapping[str, str] = {
    "due": mark("waits"),
    "leased": mark("is under way"),
    "done": mark("done"),
    "dropped": mark("not wanted any more"),
    "unknown": mark("nobody knows whether it was carried out"),
    "failed": mark("failed for good"),
}

QUIET = frozenset({JobKind.ACKNOWLEDGE.value, JobKind.RENDER.value, JobKind.SETTLE.value, JobKind.LAPSE.value})
"""Acts that say nothing while all goes well."""

SOURCES: Mapping[str, str] = {
    "tap": mark("tapped in the messenger"),
    "typed": mark("written in words or digits"),
    "link": mark("by a link"),
    "staff": mark("set by the staff"),
}

LINK_KINDS: Mapping[str, str] = {
    LinkKind.AUTO.value: mark("by a link; nobody touched the page"),
    LinkKind.GESTURE.value: mark("by a link, and a touch of the page"),
    LinkKind.BUTTON.value: mark("by the page's button"),
    LinkKind.COMMENT.value: mark("on the page, with words"),
}

EVIDENCE: Mapping[str, str] = {
    Evidence.AUTOMATIC.value: mark("nobody touched the page"),
    Evidence.TOO_EARLY.value: mark("it came sooner than a person reads a mail"),
    Evidence.SIBLINGS.value: mark("another value's link was opened at about the same time"),
    Evidence.MANY_VALUES.value: mark("three or more values came at about the same time"),
    Evidence.MANY_LINKS.value: mark("the same program opened the links of three or more values"),
    Evidence.TRAP.value: mark("a link that no person sees was opened"),
    Evidence.AGENT.value: mark("the program calls itself one"),
    Evidence.PREFETCH.value: mark("the browser fetched the page before anybody asked for it"),
    Evidence.CONFIRMATION.value: mark("the survey wants a confirming tap"),
    Evidence.ANSWERED.value: mark("a person had answered already"),
}
