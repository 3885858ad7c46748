"""Votes by link: is there a person behind the click? Pure; every rule names the evidence that it saw.

Programs that protect mailboxes open every link of a mail within seconds, some in a real browser that runs scripts, and some
press the buttons that they see. What tells them from people is what they do over time: they come at once, they visit several
values, they follow links that no person sees, they type nothing. So a hit is never a vote, an automatic vote waits, and a
vote of a person counts at once unless something speaks against it. Nothing is ever deleted.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from ratings.times import Duration, Instant
from ratings.votes import VoteSignal, VoteState, counts

TRAP = 0
"""The value of the link that nobody sees; no scale has it."""

MANY_VALUES = 3
"""So many different values in one sibling window are a program's: two are a change of mind."""

_AUTOMATIC_AGENTS = re.compile(
    r"headless|bot\b|crawl|spider|preview|scan|oneoutlook|curl/|wget/|python|java/|go-http-client|okhttp|libwww|phantom",
    re.IGNORECASE,
)


class LinkKind(StrEnum):
    """How a vote by link came about."""

    AUTO = "auto"  # the page's script, by itself: a scanner's browser runs scripts, too
    GESTURE = "gesture"  # the first trusted gesture on the page
    BUTTON = "button"  # the form's button
    COMMENT = "comment"  # the form with words in it: programs type nothing


class Evidence(StrEnum):
    """What speaks against a vote. The codes are stored and documented: they never change."""

    AUTOMATIC = "automatic"  # nobody touched the page
    TOO_EARLY = "too_early"  # sooner after the message was accepted than a person reads it
    SIBLINGS = "siblings"  # another value's link was opened, or another value posted, at about the same time
    MANY_VALUES = "many_values"  # three or more values were posted at about the same time
    MANY_LINKS = "many_links"  # the same program opened three or more values' links at about the same time
    TRAP = "trap"  # the link that no person sees was opened at about the same time
    AGENT = "agent"  # the program names itself as one
    PREFETCH = "prefetch"  # the browser fetched the page before anybody asked for it
    CONFIRMATION = "confirmation"  # the survey demands a confirming tap
    ANSWERED = "answered"  # a person has answered already, and an untouched page changes no mind


@dataclass(frozen=True, slots=True)
class Visit:
    """What a request tells of its sender: the User-Agent, and whether the browser says that it only prefetches.

    `page` is the value of the link that led to the page on which a vote was made (proven; None: no link did).
    """

    agent: str = ""
    prefetch: bool = False
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A link was opened (GET or HEAD); `value` None: the page without a value. Never a vote."""

    value: int | None
    at: Instant
    visit: Visit = Visit()


@dataclass(frozen=True, slots=True)
class LinkVote:
    """A vote by link; `id` orders votes of one instant."""

    id: int
    value: int
    at: Instant
    kind: LinkKind
    visit: Visit = Visit()
    state: VoteState | None = None


@dataclass(frozen=True, slots=True)
class Timings:
    """The `[votes]` settings that decide about links, in milliseconds."""

    min_age: Duration
    sibling_window: Duration
    settle: Duration


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a vote is worth now, and everything that spoke against it."""

    signal: VoteSignal
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """What is known around a vote: when the newest message with links was accepted (None: not yet told), all hits and votes.

    `confirmation`: the survey demands a touch. `answered`: a vote that somebody touched something for counts already.
    """

    accepted_at: Instant | None
    hits: Sequence[Hit]
    votes: Sequence[LinkVote]
    timings: Timings
    confirmation: bool = False
    answered: bool = False


def judge_at_once(vote: LinkVote, scene: Scene) -> Verdict:
    """Judge a vote when it comes: it counts, it has to wait, or it is a program's."""
    if _many_values(vote, scene):
        return Verdict(VoteSignal.ROBOT, (Evidence.MANY_VALUES,))
    against = [Evidence.AUTOMATIC] if vote.kind is LinkKind.AUTO else []
    if _too_early(vote, scene):
        against.append(Evidence.TOO_EARLY)
    if _sibling_hits(vote, scene, but=_own_values(vote, scene)):
        against.append(Evidence.SIBLINGS)
    if TRAP in _opened(vote, scene, scene.timings.sibling_window):
        against.append(Evidence.TRAP)
    return Verdict(VoteSignal.LINK if against else VoteSignal.HUMAN, tuple(against))


def judge_settled(vote: LinkVote, scene: Scene) -> Verdict:
    """Judge a vote that had to wait, once the time to settle is over."""
    against = [Evidence.MANY_VALUES] if _many_values(vote, scene) else []
    against += _against_automatic(vote, scene) if vote.kind is LinkKind.AUTO else _against_touched(vote, scene)
    return Verdict(VoteSignal.ROBOT if against else VoteSignal.SETTLED, tuple(against))


def swept(vote: LinkVote, scene: Scene) -> list[LinkVote]:
    """Return the earlier votes that fall with one that was the third value in its window: those around it that still stand."""
    standing = (VoteState.PROVISIONAL, VoteState.CONFIRMED)
    window = scene.timings.sibling_window
    now = replace(scene, votes=[*scene.votes, vote])
    return [
        each
        for each in scene.votes
        if each.id != vote.id
        and each.state in standing
        and abs(each.at - vote.at) <= window
        and _many_values(each, now)
    ]


def trapped(hit: Hit, scene: Scene) -> list[LinkVote]:
    """Return the votes that fall because their own program opened the link that no person sees, right after them.

    Programs type nothing: words keep their vote.
    """
    if hit.value != TRAP or hit.visit.prefetch:
        return []
    return [
        each
        for each in scene.votes
        if each.state in (VoteState.PROVISIONAL, VoteState.CONFIRMED)
        and each.kind is not LinkKind.COMMENT
        and each.visit.agent == hit.visit.agent
        and abs(each.at - hit.at) <= scene.timings.sibling_window
    ]


def counting(votes: Iterable[tuple[Instant, int, VoteState]]) -> int | None:
    """Return the index of the vote that counts: the newest confirmed one, by (at, id). Votes are (at, id, state)."""
    confirmed = [(at, number, index) for index, (at, number, state) in enumerate(votes) if counts(state)]
    return max(confirmed)[2] if confirmed else None


def _many_values(vote: LinkVote, scene: Scene) -> bool:
    """True when this vote is one of three or more values that were posted within one window."""
    window = scene.timings.sibling_window
    near = [each for each in (*scene.votes, vote) if abs(each.at - vote.at) <= window]
    runs = (
        [each for each in near if start.at <= each.at <= start.at + window]
        for start in near
        if start.at <= vote.at <= start.at + window
    )
    return any(_storms(run, vote) for run in runs)


def _storms(run: Sequence[LinkVote], vote: LinkVote) -> bool:
    """True when the votes of one window are a program's, and this one, too.

    A gateway goes through the links while the customer reads the mail: a touch by another program than the one that posts
    many values is no part of it. Programs that change their names are as many as there are values.
    """
    if vote.kind is LinkKind.AUTO:
        return len({each.value for each in run}) >= MANY_VALUES
    by_program: dict[str, set[int]] = {}
    for each in run:
        by_program.setdefault(each.visit.agent, set()).add(each.value)
    if len(by_program[vote.visit.agent]) >= MANY_VALUES:
        return True
    others = [values for values in by_program.values() if len(values) < MANY_VALUES]
    return len(others) >= MANY_VALUES and len(set().union(*others)) >= MANY_VALUES


def _too_early(vote: LinkVote, scene: Scene) -> bool:
    return scene.accepted_at is None or vote.at - scene.accepted_at < scene.timings.min_age


def _near_hits(vote: LinkVote, scene: Scene) -> list[Hit]:
    return [hit for hit in scene.hits if abs(hit.at - vote.at) <= scene.timings.sibling_window]


def _sibling_hits(vote: LinkVote, scene: Scene, *, but: Iterable[int] = ()) -> bool:
    harmless = {None, TRAP, vote.value, *but}
    return any(hit.value not in harmless for hit in _near_hits(vote, scene))


def _own_values(vote: LinkVote, scene: Scene) -> set[int]:
    """Return the values whose links whoever votes now opened on the way to this vote: the page's own, and those answered before.

    Somebody who follows 4 and picks 2 on the page has 2 at once; who taps 1 by mistake and corrects it to 5 has 5 at once:
    what a 1 does must not run meanwhile.
    """
    if vote.kind is LinkKind.AUTO:
        return set()
    own = (each for each in scene.votes if each.visit.agent == vote.visit.agent and each.kind is not LinkKind.AUTO)
    answered = {each.value for each in own if each.state is VoteState.CONFIRMED}
    return answered if vote.visit.page is None else answered | {vote.visit.page}


def _opened(vote: LinkVote, scene: Scene, within: Duration) -> set[int | None]:
    """Return the links that the vote's own program opened around it; what a browser fetched in advance, nobody opened."""
    return {
        hit.value
        for hit in scene.hits
        if hit.visit.agent == vote.visit.agent and not hit.visit.prefetch and abs(hit.at - vote.at) <= within
    }


def _many_links(vote: LinkVote, opened: set[int | None]) -> bool:
    return len({vote.value, *opened} - {None, TRAP}) >= MANY_VALUES


def _sibling_votes(vote: LinkVote, scene: Scene) -> bool:
    window = scene.timings.sibling_window
    return any(each.value != vote.value and abs(each.at - vote.at) <= window for each in scene.votes)


def _against_automatic(vote: LinkVote, scene: Scene) -> list[Evidence]:
    """Nobody touched the page: anything unusual speaks against it."""
    near = _near_hits(vote, scene)
    rules = (
        (Evidence.CONFIRMATION, scene.confirmation),
        (Evidence.ANSWERED, scene.answered),
        (Evidence.TOO_EARLY, _too_early(vote, scene)),
        (Evidence.SIBLINGS, _sibling_hits(vote, scene) or _sibling_votes(vote, scene)),
        # A program may take minutes for each link. It had as long as the vote had to wait.
        (Evidence.MANY_LINKS, _many_links(vote, _opened(vote, scene, scene.timings.settle))),
        (Evidence.TRAP, any(hit.value == TRAP for hit in near)),
        (Evidence.AGENT, bool(_AUTOMATIC_AGENTS.search(vote.visit.agent))),
        (Evidence.PREFETCH, vote.visit.prefetch),
    )
    return [evidence for evidence, holds in rules if holds]


def _against_touched(vote: LinkVote, scene: Scene) -> list[Evidence]:
    """Somebody touched the page: a program does so on many links. What a gateway opened before them, the customer did not."""
    opened = _opened(vote, scene, scene.timings.sibling_window)
    rules = ((Evidence.MANY_LINKS, _many_links(vote, opened)), (Evidence.TRAP, TRAP in opened))
    return [evidence for evidence, holds in rules if holds]
