"""The dashboard's cards: a number, what it was in the period before, and where its rows are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot.charts.chart import Look, Rows, Step
from bot.charts.sparkline import Sparkline, sparkline
from bot.charts.theme import PAGE, tones
from bot.web.pages.speech import Speech
from ratings.reports.figures import Change, Counts, Dashboard, Days
from ratings.statistics import share


@dataclass(frozen=True, slots=True)
class Turn:
    """How a number changed: `way` is up, down or "" where nothing is sure."""

    way: str
    text: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """What share of the ratings has one value; `left` and `width` of a bar, in per cent."""

    step: Step
    told: str
    address: str
    left: float
    width: float
    colour: str


@dataclass(frozen=True, slots=True)
class Card:
    """One card. `figure` None: there is no data."""

    name: str
    title: str
    figure: str | None
    address: str = ""
    notes: tuple[str, ...] = ()
    turn: Turn | None = None
    line: Sparkline | None = None
    pieces: tuple[Piece, ...] = ()


def cards(figures: Dashboard, values: Sequence[Step], look: Look, speech: Speech) -> list[Card]:
    """Return the cards in the order of the page: what people think first, then who was asked. `values` are of the scale."""
    now, earlier, days, rows = figures.now, figures.earlier, figures.days, look.rows.on(figures.one_of_scales)
    say = speech.say

    def line(of: Callable[[Counts], float | None]) -> Sparkline | None:
        return sparkline([of(point.counts) for point in figures.trend])

    return [
        Card(
            "csat",
            "CSAT",
            None if now.csat is None else speech.percent(now.csat),
            rows.rated(days) if now.ratings else "",
            _csat_notes(figures, speech),
            _turn(figures.csat_change, now.csat, earlier.csat, speech),
            line(lambda counts: counts.csat),
        ),
        Card(
            "mean",
            say("Mean rating"),
            None if now.mean is None else speech.number(now.mean, 2),
            rows.rated(days) if now.ratings else "",
            _before(None if earlier.mean is None else speech.number(earlier.mean, 2), speech),
            line=line(lambda counts: counts.mean),
        ),
        Card(
            "response",
            say("Response rate"),
            None if now.response_rate is None else speech.percent(now.response_rate),
            rows.answered(days) if now.answered else "",
            (
                say("of those asked"),
                say("of all closed: %(share)s", share=speech.percent(now.answered_of_all_closed)),
            ),
            _turn(figures.response_change, now.response_rate, earlier.response_rate, speech),
            line(lambda counts: counts.response_rate),
        ),
        replace(
            _count(
                "ratings",
                say("Ratings"),
                now.ratings,
                earlier.ratings,
                rows.rated(days),
                line(lambda c: c.ratings),
                speech,
            ),
            pieces=_pieces(now, values, days, rows, speech),
        ),
        _count(
            "closed", say("Closed"), now.closed, earlier.closed, rows.closed(days), line(lambda c: c.closed), speech
        ),
        _count("asked", say("Asked"), now.asked, earlier.asked, rows.asked(days), line(lambda c: c.asked), speech),
        _count(
            "delivered",
            say("Delivered"),
            now.delivered,
            earlier.delivered,
            rows.delivered(days),
            line(lambda c: c.delivered),
            speech,
        ),
        _count(
            "answered",
            say("Answered"),
            now.answered,
            earlier.answered,
            rows.answered(days),
            line(lambda c: c.answered),
            speech,
        ),
    ]


def _count(
    name: str, title: str, many: int, earlier: int, address: str, line: Sparkline | None, speech: Speech
) -> Card:
    return Card(
        name,
        title,
        speech.number(many),
        address if many else "",
        _before(speech.number(earlier), speech),
        line=line if many else None,
    )


def _pieces(now: Counts, values: Sequence[Step], days: Days, rows: Rows, speech: Speech) -> tuple[Piece, ...]:
    """Return how the ratings are spread over the scale; () where there are none."""
    found: list[Piece] = []
    left = 0.0
    for step, colour in zip(values, tones(PAGE, len(values)), strict=True):
        part = share(now.by_value.get(step.value, 0), now.ratings)
        if part is None:
            return ()
        address = rows.rated(days, value=str(step.value)) if part else ""
        found.append(Piece(step, speech.percent(part), address, round(100 * left, 2), round(100 * part, 2), colour))
        left += part
    return tuple(found)


def _before(told: str | None, speech: Speech) -> tuple[str, ...]:
    return (speech.say("before: %(figure)s", figure=told if told is not None else speech.say("no data")),)


def _csat_notes(figures: Dashboard, speech: Speech) -> tuple[str, ...]:
    now = figures.now
    if now.csat is None:
        return ()
    notes = [speech.say("95%% interval: %(interval)s", interval=speech.interval(now.csat_interval))]
    if figures.bounds is not None:
        notes.append(speech.say("with the silent: %(interval)s", interval=speech.interval(figures.bounds)))
    return tuple(notes)


def _turn(change: Change | None, now: float | None, earlier: float | None, speech: Speech) -> Turn | None:
    """Say a change of a share in points; an arrow only where it is more than chance."""
    if change is None:
        return None if now is None else Turn("", speech.say("no data for the period before"))
    before = speech.percent(earlier)
    low, high = (speech.number(100 * end, 1) for end in change.interval)
    title = speech.say("The 95%% interval of the change: %(low)s to %(high)s points", low=low, high=high)
    if not change.sure:
        return Turn("", speech.say("no sure change (before: %(before)s)", before=before), title)
    points = speech.number(abs(100 * change.difference), 1)
    if change.difference > 0:
        return Turn("up", speech.say("%(points)s points up from %(before)s", points=points, before=before), title)
    return Turn("down", speech.say("%(points)s points down from %(before)s", points=points, before=before), title)


def scale_choices(figures: Dashboard) -> Sequence[str]:
    """Return the scales to switch between; none where there is nothing to switch."""
    known = (
        figures.scales if figures.scale is None or figures.scale in figures.scales else (figures.scale, *figures.scales)
    )
    return known if len(known) > 1 else ()
