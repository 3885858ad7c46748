"""A closing's life as lines, one after another: what happened when, whether it went well, and what can be done about it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.exporting.words import REASONS, STATE_REASONS
from bot.web.pages.registry_filters import tone_of
from bot.web.pages.speech import Speech, mark
from bot.web.pages.ticket_details import details_said
from bot.web.pages.ticket_words import ACT_STATES, ACTS, DELIVERIES, EVIDENCE, LINK_KINDS, NOT_ARRIVED, QUIET, SOURCES
from ratings.reports.lives import Act, ClosingLife
from ratings.scale import Scale
from ratings.times import Instant, parse_instant

GOOD, BAD = "good", "bad"
_GONE = frozenset({"failed", "unknown"})
_WAITING = frozenset({"due", "leased"})


@dataclass(frozen=True, slots=True)
class Said:
    """A value as it is shown: its digit, symbol, tone and words."""

    value: int
    symbol: str
    tone: int
    label: str


@dataclass(frozen=True, slots=True)
class Line:
    """Something that happened. `small` is more about it; `job` the id of what can be put back."""

    at: Instant
    text: str
    tone: str = ""
    value: Said | None = None
    small: tuple[str, ...] = ()
    job: int | None = None
    twice: bool = False


def said_value(scale: Scale | None, counted: int | None, language: str) -> Said | None:
    """Return a counted value as it is shown."""
    if counted is None:
        return None
    choice = None if scale is None else scale.get(scale.counted(counted))
    if scale is None or choice is None:
        return Said(counted, "", 3, "")
    tone = tone_of(scale.values.index(counted), len(scale.values))
    return Said(counted, choice.symbol, tone, choice.label(language))


def lines_of(life: ClosingLife, speech: Speech) -> list[Line]:
    """Return the lines of a closing, the oldest first."""
    found = [
        *_beginning(life, speech),
        *_asking(life, speech),
        *_acts(life, speech),
        *_votes(life, speech),
        *_rest(life, speech),
    ]
    return sorted(found, key=lambda line: line.at)


def _beginning(life: ClosingLife, speech: Speech) -> Iterator[Line]:
    say, row = speech.say, life.row
    yield Line(row.closed_at, say("The ticket was closed."))
    chosen = (say("the survey was chosen by: %(names)s", names=", ".join(life.chosen_by)),) if life.chosen_by else ()
    if row.decision == "skip":
        reason = row.reason or ""
        why = say(REASONS.get(reason, reason))
        decided = say("Decided not to ask.")
        yield Line(row.decided_at, f"{decided} {why}", small=(*chosen, *details_said(row.detail or {}, speech)))
        return
    share = life.inclusion is not None and life.inclusion < 1
    small = (
        (say("one of the %(share)s of tickets that are asked about", share=speech.percent(life.inclusion)),)
        if share
        else ()
    )
    if life.recovery_of is not None:
        small = (*small, say("after a bad rating and a new closing"))
    yield Line(
        row.decided_at, say("Decided to ask at %(time)s.", time=speech.moment(row.due_at)), small=(*chosen, *small)
    )


def _asking(life: ClosingLife, speech: Speech) -> Iterator[Line]:
    """Say when the customer was asked, also when the job that did it is long forgotten; and whether it arrived."""
    row = life.row
    if row.asked_at is None:
        return
    told = DELIVERIES.get(row.delivery or "", "")
    tone = BAD if row.delivery in NOT_ARRIVED else GOOD
    yield Line(row.asked_at, speech.say("The customer was asked."), tone, small=(speech.say(told),) if told else ())


def _acts(life: ClosingLife, speech: Speech) -> Iterator[Line]:
    say = speech.say
    for act in life.acts:
        if act.kind in QUIET and act.state not in _GONE:
            if act.kind == "lapse" and act.state == "done" and life.row.state == "lapsed":
                yield Line(act.finished_at or act.due_at, say("No answer came in time."))
            continue
        text = f"{say(ACTS.get(act.kind, act.kind))}: {say(ACT_STATES.get(act.state, act.state))}"
        if act.account and not act.account.startswith(":"):
            text = f"{text} ({act.account.removeprefix('desk:')})"
        yield Line(
            _when(act),
            text,
            GOOD if act.state == "done" else BAD if act.state in _GONE else "",
            small=tuple(_tries(act, speech)),
            job=act.id if act.state in _GONE else None,
            twice=act.state == "unknown" and act.kind != "desk",
        )


def _when(act: Act) -> Instant:
    return act.due_at if act.state in _WAITING else act.finished_at or act.due_at


def _tries(act: Act, speech: Speech) -> Iterator[str]:
    say = speech.say
    if act.error:
        yield say(STATE_REASONS.get(act.error, act.error))
    for number, tried in enumerate(act.tries, start=1):
        if tried.result == "done" and len(act.tries) == 1:
            continue
        result = say("went well") if tried.result == "done" else tried.text or tried.result or say("no answer came")
        code = f" ({tried.platform_code})" if tried.platform_code else ""
        yield say(
            "try %(number)s, %(time)s: %(result)s",
            number=number,
            time=speech.exact(tried.started_at),
            result=f"{result}{code}",
        )


def _votes(life: ClosingLife, speech: Speech) -> Iterator[Line]:
    say = speech.say
    for vote in life.votes:
        counted = vote["value"] if life.scale is None else life.scale.counted(vote["value"])
        kind = LINK_KINDS.get(vote["kind"] or "") or SOURCES.get(vote["source"], vote["source"])
        small = [say(EVIDENCE[each]) for each in vote["evidence"] if each in EVIDENCE]
        if vote["agent"]:
            small.append(vote["agent"])
        tone = {"confirmed": GOOD, "quarantined": BAD}.get(vote["state"], "")
        words = VOTES.get(vote["state"], vote["state"])
        begin = say("A vote")
        yield Line(
            parse_instant(vote["at"]),
            f"{begin}, {say(kind)}: {say(words)}",
            tone,
            said_value(life.scale, counted, speech.language),
            tuple(small),
        )
    for hit in life.hits:
        text = (
            say("A link was opened (no vote).")
            if hit["value"] is None
            else say("The link of %(value)s was opened (no vote).", value=hit["value"])
        )
        yield Line(parse_instant(hit["at"]), text, small=tuple(filter(None, (hit["agent"],))))


VOTES = {
    "confirmed": mark("it counts"),
    "provisional": mark("it waits to be proven"),
    "quarantined": mark("it does not count, for it looks like a program's"),
    "withdrawn": mark("it was taken back"),
}


def _rest(life: ClosingLife, speech: Speech) -> Iterator[Line]:
    say = speech.say
    for at in life.words_at:
        yield Line(at, say("The customer wrote."))
    for line in life.history:
        yield Line(parse_instant(line["at"]), *_changed(line, life.scale, speech))
    for alert in life.alerts:
        told = (
            say("The staff was told: %(whom)s", whom=alert.destination)
            if alert.said_at
            else say("The staff is to be told: %(whom)s", whom=alert.destination)
        )
        yield Line(alert.said_at or alert.at, told)
    result = life.desk_result
    if result and result["written_at"]:
        parts = [f"{verb['verb'] or say('all of it')}: {verb['text']}" for verb in result["refused"]]
        yield Line(
            parse_instant(result["written_at"]),
            say("The ticket on its desk says what is true now."),
            BAD if parts else GOOD,
            small=tuple(say("the desk refused %(what)s", what=part) for part in parts),
        )


def _changed(line: Mapping[str, Any], scale: Scale | None, speech: Speech) -> tuple[str, str, None, tuple[str, ...]]:
    """Say what changed, by whom and why."""
    say = speech.say

    def _value(text: str | None) -> str:
        """Write a value with its symbol."""
        said = said_value(scale, int(text), speech.language) if text and text.isdecimal() else None
        return text or "—" if said is None else f"{said.symbol}\u00a0{said.value}".strip()

    if line["what"] == "value":
        text = say("The rating changed from %(old)s to %(new)s.", old=_value(line["old"]), new=_value(line["new"]))
    elif line["what"] == "overruled":
        text = say("The staff overruled the evidence.")
    elif line["what"] == "comment":
        text = (
            say("The comment was: %(words)s", words=line["new"]) if line["new"] else say("The comment was taken away.")
        )
    else:
        text = f"{line['what']}: {line['old'] or '—'} → {line['new'] or '—'}"
    by = "" if line["by"] in {"", "customer"} else say("by %(name)s", name=line["by"].removeprefix("user:"))
    why = line["why"] or ""
    return text, "", None, tuple(part for part in (by, why) if part)
