"""A survey as a list of sentences. Pure: what stands here is all that a survey does, and no setting is without its sentence.

A rule that refuses nobody says nothing; everything else says what it does, whichever way it is set. Where a sentence holds a
value at `%(it)s`, the editor puts a field in its place: one reads what one sets.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bot.web.pages.speech import Speech, mark
from bot.web.pages.surveys.text_titles import TITLES
from bot.web.pages.surveys.words import (
    CLOSERS,
    THENS,
    WRITABLE,
    condition_said,
    hours_said,
    language_name,
    lasting,
    listed,
    opening_said,
    quoted,
    values_said,
)
from ratings.outcomes import then_of
from ratings.scale import Choice
from ratings.survey import Survey
from ratings.texts import OWN_KEYS, REACTION

GENERAL, SCALE, TEXTS, RULES, TIMING, OUTCOMES = "general", "scale", "texts", "rules", "timing", "outcomes"
"""The pages on which things are set."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing that a survey does. `page` is where it is set, `pointer` what of the survey it says."""

    page: str
    pointer: str
    text: str


LASTING = {
    "/rules/min_talk_s": mark("Only calls with at least %(it)s of talk are asked about."),
    "/rules/min_open_s": mark("What was closed sooner than %(it)s after it was opened is not asked about."),
    "/rules/max_open_s": mark("What was open for longer than %(it)s is not asked about."),
    "/rules/min_silence_s": mark("What was closed sooner than %(it)s after the last message is not asked about."),
    "/rules/max_silence_s": mark("What was closed later than %(it)s after the last message is not asked about."),
    "/rules/every_s": mark("No customer is asked more often than once in %(it)s, by any survey on any channel."),
    "/rules/again_after_s": mark(
        "A ticket that is closed again within %(it)s is asked about once more if nobody answered, and not if somebody did."
    ),
    "/timing/delay_s": mark(
        "The question comes %(it)s after the closing; a ticket reopened by then is not asked about."
    ),
    "/timing/lapse_after_s": mark("Without an answer it lapses %(it)s after it was asked last."),
    "/timing/expires_after_s": mark("An answer counts until %(it)s after the closing, also a late one."),
    "/timing/edit_window_s": mark("A rating can be changed for %(it)s."),
    "/timing/comment_window_s": mark("For %(it)s after a rating, the next words are its comment."),
    "/timing/max_age_s": mark("What was closed more than %(it)s before we hear of it is not asked about."),
}
"""The sentences around a duration."""

COUNTS = {
    "/rules/min_customer_messages": mark("Only what has at least %(it)s messages by the customer is asked about."),
    "/rules/min_agent_messages": mark("Only what has at least %(it)s messages by agents is asked about."),
}
"""The sentences around a number of messages."""

LISTS = {
    "/desks": mark("It is for tickets of the desks %(it)s."),
    "/forms": mark("It is for the forms, queues or lines %(it)s."),
    "/groups": mark("It is for the groups %(it)s."),
    "/channels": mark("It is for customers who are reached by %(it)s."),
    "/rules/only_subjects": mark("Only subjects that fit %(it)s are asked about."),
    "/rules/never_subjects": mark("Subjects that fit %(it)s are not asked about."),
    "/rules/only_tags": mark("Only tickets with a tag that fits %(it)s are asked about."),
    "/rules/never_tags": mark("Tickets with a tag that fits %(it)s are not asked about."),
    "/rules/staff": mark("Staff, which is %(it)s, is never asked."),
}
"""The sentences around a list of names or patterns."""

SHARE = mark("Of the tickets, %(it)s are asked about, always the same ones.")
CLOSED_BY = mark("Only what was closed by %(it)s is asked about.")
OPENING = mark("Only what was closed in opening hours is asked about: %(it)s.")
HOURS = mark("Questions and reminders go out %(it)s, by the customer's clock.")
TAG = mark("A rating below %(it)s puts the tag “%(tag)s” on the ticket.")
PER_HOUR = mark("Each of them gets at most %(it)s messages an hour; the rest is told together.")
TOLD_OF = mark("Ratings of %(it)s or worse are told to staff.")
FIRST_REMINDER = mark("It reminds %(it)s after the question.")
NEXT_REMINDER = mark("It reminds again %(it)s after the first reminder.")
LAST_REMINDER = mark("It reminds a last time %(it)s after the second reminder.")
RELEASED = mark(
    "Agents see what was said of them, once %(ratings)s ratings have gathered or one of them is %(days)s days old."
)

SWITCHES = {
    "/reverse": (
        mark("Choices are shown from the largest value to the smallest."),
        mark("Choices are shown from the smallest value to the largest."),
    ),
    "/greeting": (
        mark("The first message to an address begins with a greeting that says who asks."),
        mark("The first message to an address has no greeting."),
    ),
    "/fallback": (
        mark("When one address takes no message, the ticket's next address is asked."),
        mark("When an address takes no message, no other one is asked."),
    ),
    "/confirm_links": (
        mark("A link counts only after a touch of its page."),
        mark("A link counts also when nobody touched its page, once nothing speaks against it."),
    ),
    "/rules/both_sides": (mark("Only where both sides have written is asked."), ""),
    "/rules/recovery": (
        mark("After a bad rating, a reopening and a new closing it asks once more."),
        mark("After a bad rating, a reopening and a new closing it does not ask again."),
    ),
    "/outcomes/clear_assignee": (
        mark("A reopened ticket goes back to the queue."),
        mark("A reopened ticket stays with its agent."),
    ),
    "/outcomes/note": (
        mark("Each rating becomes a note for staff on the ticket."),
        mark("Ratings leave no note on the ticket."),
    ),
    "/outcomes/close_lapsed": (
        mark("A ticket that nobody rated in time is closed without a rating."),
        mark("A ticket that nobody rated in time stays as it is."),
    ),
}
"""What a switch says when it is on, and when it is off ("": nothing)."""

WORDS = {
    "/opt_out": {
        "channel": mark("A customer's “never” is for that channel."),
        "everywhere": mark("A customer's “never” is for every channel."),
    },
    "/when_paused": {
        "hold": mark("When it is switched off, scheduled questions wait until it is on again."),
        "cancel": mark("When it is switched off, scheduled questions are cancelled."),
    },
}
"""What each word of a choice says."""


def sentences(survey: Survey, speech: Speech, *, short: bool = True) -> list[Sentence]:
    """Return all that a survey does. With `short` long lists are cut; without, nothing is left out."""
    teller = _Teller(survey, speech, short)
    return [Sentence(page, pointer, text) for page, part in teller.parts() for pointer, text in part() if text]


class _Teller:
    """Tells one survey."""

    def __init__(self, survey: Survey, speech: Speech, short: bool) -> None:
        self._survey = survey
        self._speech = speech
        self.say = speech.say
        self._short = short

    def parts(self) -> list[tuple[str, Callable[[], Iterator[tuple[str, str]]]]]:
        """Return each page's part, in the order in which they are read."""
        return [
            (GENERAL, self._general),
            (SCALE, self._scale),
            (RULES, self._rules),
            (TIMING, self._timing),
            (OUTCOMES, self._outcomes),
            (OUTCOMES, self._alerts),
            (OUTCOMES, self._release),
            (TEXTS, self._texts),
        ]

    def _general(self) -> Iterator[tuple[str, str]]:
        survey, say = self._survey, self.say
        yield "/name", say("Its name is “%(name)s”.", name=survey.name)
        yield "/enabled", say("It is on.") if survey.enabled else say("It is off: nobody is asked.")
        if not survey.bound:
            yield "/forms", say("It is for every closed ticket.")
        for kind in survey.bound:
            yield f"/{kind}", say(LISTS[f"/{kind}"], it=quoted(self._speech, getattr(survey, kind), short=self._short))
        if survey.position:
            yield "/position", say("Of surveys that fit as well, it is number %(it)s.", it=survey.position)
        yield (
            "/company",
            say("The company is called “%(it)s”.", it=survey.company)
            if survey.company
            else say("Texts do not name the company."),
        )
        language = language_name(self._speech, survey.language)
        yield "/language", say("Customers whose language is not known are asked in %(it)s.", it=language)
        yield (
            "/timezone",
            say("Where a customer's own time is not known, the clock of %(it)s counts.", it=survey.timezone)
            if survey.timezone
            else say("Where a customer's own time is not known, the installation's clock counts."),
        )
        yield from (self._switch(pointer) for pointer in ("/greeting", "/fallback", "/confirm_links"))
        yield from ((f"/{name}", say(WORDS[f"/{name}"][getattr(survey, name)])) for name in ("opt_out", "when_paused"))

    def _scale(self) -> Iterator[tuple[str, str]]:
        survey, say = self._survey, self.say
        scale = survey.scale
        choices = ", ".join(choice_said(choice, survey.language) for choice in scale.choices)
        yield "/scale", say("The scale “%(name)s”: %(choices)s.", name=scale.name, choices=choices)
        satisfied = values_said(choice.value for choice in scale.choices if choice.satisfied)
        yield (
            "/scale",
            say("Satisfied is: %(values)s.", values=satisfied) if satisfied else say("No value counts as satisfied."),
        )
        if not self._short:
            for choice in scale.choices:
                for tag, label in choice.labels.items():
                    if tag != survey.language:
                        yield (
                            "/scale",
                            say(
                                "%(value)s is called “%(label)s” in %(language)s.",
                                value=choice.value,
                                label=label,
                                language=tag,
                            ),
                        )
        if scale.one_is_best:
            yield "/scale", say("The smallest value is the best one; it is counted as the largest.")
        yield self._switch("/reverse")

    def _texts(self) -> Iterator[tuple[str, str]]:
        texts = self._survey.texts
        if not texts:
            yield "/texts", self.say("All its words are the built-in ones.")
        for tag, words in texts.items():
            order = {key: place for place, key in enumerate(OWN_KEYS)}
            for key in sorted(words, key=lambda each: (order.get(each, len(order)), each)):
                yield f"/texts/{tag}/{key}", self._text_said(tag, key, words[key])

    def _text_said(self, tag: str, key: str, words: str) -> str:
        say = self.say
        reacts = key.startswith(REACTION)
        named = say("After a rating of %(value)s", value=key.removeprefix(REACTION)) if reacts else say(TITLES[key])
        if not words:
            return say("%(text_of)s (%(language)s): nothing is said.", language=tag, text_of=named)
        return say("%(text_of)s (%(language)s): “%(words)s”", language=tag, text_of=named, words=words)

    def _rules(self) -> Iterator[tuple[str, str]]:
        rules = self._survey.rules
        refusing = [(pointer, text) for pointer, text in self._rules_that_refuse() if text]
        yield from refusing or [("/rules", self.say("No rule refuses a ticket."))]
        if rules.every:
            yield self._lasting("/rules/every_s", rules.every)
        if rules.again_after:
            yield self._lasting("/rules/again_after_s", rules.again_after)
        yield self._switch("/rules/recovery", rules.recovery)

    def _rules_that_refuse(self) -> Iterator[tuple[str, str]]:
        survey, speech, say, rules = self._survey, self._speech, self.say, self._survey.rules
        if survey.ask_when is not None:
            said = condition_said(speech, survey.ask_when)
            yield "/ask_when", say("It asks only when %(condition)s.", condition=said)
        if survey.skip_when is not None:
            said = condition_said(speech, survey.skip_when)
            yield "/skip_when", say("It does not ask when %(condition)s.", condition=said)
        for name in ("min_talk", "min_open", "max_open", "min_silence", "max_silence"):
            if getattr(rules, name):
                yield self._lasting(f"/rules/{name}_s", getattr(rules, name))
        for name in ("min_customer_messages", "min_agent_messages"):
            if getattr(rules, name):
                yield f"/rules/{name}", say(COUNTS[f"/rules/{name}"], it=speech.number(getattr(rules, name)))
        yield self._switch("/rules/both_sides", rules.both_sides)
        if rules.closed_by:
            closers = listed(speech, (say(CLOSERS.get(one, one)) for one in rules.closed_by), one_of=True)
            yield "/rules/closed_by", say(CLOSED_BY, it=closers)
        if rules.opening is not None:
            yield "/rules/opening", say(OPENING, it=opening_said(speech, rules.opening))
        for name in ("only_subjects", "never_subjects", "only_tags", "never_tags", "staff"):
            if found := getattr(rules, name):
                said = quoted(speech, found, short=self._short, one_of=name != "staff")
                yield f"/rules/{name}", say(LISTS[f"/rules/{name}"], it=said)
        if rules.share < 1:
            yield "/rules/share", say(SHARE, it=share_said(speech, rules.share))

    def _timing(self) -> Iterator[tuple[str, str]]:
        speech, say, timing = self._speech, self.say, self._survey.timing
        if timing.delay:
            yield self._lasting("/timing/delay_s", timing.delay)
        else:
            yield "/timing/delay_s", say("The question comes as soon as the ticket is closed.")
        if not timing.reminders:
            yield "/timing/reminders_s", say("It does not remind.")
        for text, wait in zip((FIRST_REMINDER, NEXT_REMINDER, LAST_REMINDER), timing.reminders, strict=False):
            yield "/timing/reminders_s", say(text, it=lasting(speech, wait))
        yield self._lasting("/timing/lapse_after_s", timing.lapse_after)
        yield self._lasting("/timing/expires_after_s", timing.expires_after)
        if timing.edit_window:
            yield self._lasting("/timing/edit_window_s", timing.edit_window)
        else:
            yield "/timing/edit_window_s", say("A rating cannot be changed.")
        if timing.comment_window:
            yield self._lasting("/timing/comment_window_s", timing.comment_window)
        else:
            yield "/timing/comment_window_s", say("Only an answer to the question itself becomes a comment.")
        yield self._lasting("/timing/max_age_s", timing.max_age)
        said = say("at any time") if timing.hours is None else hours_said(speech, timing.hours)
        yield "/timing/hours", say(HOURS, it=said)

    def _outcomes(self) -> Iterator[tuple[str, str]]:
        survey, say, outcomes = self._survey, self.say, self._survey.outcomes
        by_then: dict[str, list[int]] = {}
        for value in survey.scale.values:
            by_then.setdefault(THENS[then_of(outcomes, survey.scale, value)], []).append(value)
        if outcomes.enabled:
            for then, values in by_then.items():
                text = say("A rating of %(values)s %(does)s.", values=values_said(values), does=say(then))
                yield "/outcomes/levels", text
        else:
            yield "/outcomes/enabled", say("Ratings neither close nor reopen tickets.")
        yield self._switch("/outcomes/clear_assignee", outcomes.clear_assignee)
        if outcomes.tag_below is None:
            yield "/outcomes/tag_below", say("No rating puts a tag on the ticket.")
        else:
            yield "/outcomes/tag_below", say(TAG, it=outcomes.tag_below, tag=outcomes.tag)
        if outcomes.write:
            written = listed(self._speech, (say(WRITABLE.get(one, one)) for one in outcomes.write))
            yield "/outcomes/write", say("Into the desk's own fields go %(it)s.", it=written)
        else:
            yield "/outcomes/write", say("Nothing goes into the desk's own fields.")
        yield self._switch("/outcomes/note", outcomes.note)
        yield self._switch("/outcomes/close_lapsed", outcomes.close_lapsed)

    def _alerts(self) -> Iterator[tuple[str, str]]:
        speech, say, alerts = self._speech, self.say, self._survey.alerts
        if alerts.value_max is not None:
            yield "/alerts/value_max", say(TOLD_OF, it=alerts.value_max)
        if alerts.words:
            said = quoted(speech, alerts.words, short=self._short, one_of=True)
            yield "/alerts/words", say("Comments with a word that begins with %(it)s are told to staff.", it=said)
        if not alerts.to:
            yield "/alerts/to", say("Nobody is told of bad ratings.")
            return
        yield "/alerts/to", say("Whom they are told: %(it)s.", it=listed(speech, alerts.to, short=self._short))
        yield "/alerts/per_hour", say(PER_HOUR, it=speech.number(alerts.per_hour))
        hours = say("at any time") if alerts.hours is None else hours_said(speech, alerts.hours)
        yield "/alerts/hours", say("They are told %(it)s, by the survey's clock.", it=hours)

    def _release(self) -> Iterator[tuple[str, str]]:
        release, number = self._survey.release, self._speech.number
        if release.to_agents:
            ratings, days = number(release.after_ratings), number(release.after_days)
            yield "/release", self.say(RELEASED, ratings=ratings, days=days)
        else:
            yield "/release", self.say("Agents do not see what was said of them.")

    def _lasting(self, pointer: str, duration: int) -> tuple[str, str]:
        return pointer, self.say(LASTING[pointer], it=lasting(self._speech, duration))

    def _switch(self, pointer: str, on: bool | None = None) -> tuple[str, str]:
        told = getattr(self._survey, pointer[1:]) if on is None else on
        text = SWITCHES[pointer][0 if told else 1]
        return pointer, self.say(text) if text else ""


def share_said(speech: Speech, share: float) -> str:
    """Write a share to the last digit that it has: 12.5 %."""
    digits = next((digits for digits in range(4) if abs(round(share * 100, digits) - share * 100) < 1e-9), 4)  # noqa: PLR2004 - what a float leaves over
    return speech.percent(share, digits)


def choice_said(choice: Choice, language: str) -> str:
    """Write a choice: 😡 1 Very bad. A symbol that is the value itself is not said twice."""
    parts = [choice.symbol] if choice.symbol != str(choice.value) else []
    label = choice.label(language)
    return " ".join([*parts, str(choice.value), *([label] if label != choice.symbol else [])])
