"""What a digest says: the cards of its days against those before, and pictures where the channel takes them.

Staff read it outside the pages, so it holds numbers alone: no customer, no comment, no agent.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import structlog

from bot.charts.chart import Chart, Look, Rows, Step, steps
from bot.charts.distribution import distribution
from bot.charts.painter import CannotDraw
from bot.charts.rendering import Drawing, picture_request
from bot.charts.theme import LIGHT
from bot.charts.trend import csat_trend
from bot.web.pages.reporting.cards import cards
from bot.web.pages.reporting.report import scale_named
from bot.web.pages.reporting.words import DIGEST_TITLES
from bot.web.pages.speech import LANGUAGES, Speech
from channels.base import Capabilities, Message, Picture
from ratings.reports.dashboard import dashboard
from ratings.reports.figures import Dashboard, Days
from ratings.reports.filters import Filters
from ratings.scale import Scale
from ratings.store.claims import Claimed
from ratings.store.digests import DigestJob, digest_of
from ratings.store.store import Store
from ratings.store.surveys import load_surveys
from ratings.times import Instant

TREND_DAYS = 30
_log = structlog.get_logger("tapfive.digests")


class Digests:
    """Makes the messages of digests."""

    def __init__(
        self, store: Store, drawing: Drawing, timezone: str, public_url: str, clock: Callable[[], Instant]
    ) -> None:
        self._store = store
        self._drawing = drawing
        self._zone = ZoneInfo(timezone)
        self._public_url = public_url
        self._clock = clock

    async def tell(self, job: Claimed, capabilities: Capabilities) -> Message:
        """Return the message of a digest's job. What cannot be drawn is left out: the numbers are there."""
        told = digest_of(job.detail)
        read = await read_digest(self._store, told, self._zone, self._clock())
        language = told.digest.language if told.digest.language in LANGUAGES else "en"
        speech = Speech(language, self._zone)
        look = Look(speech, Rows(f"{self._public_url}/ratings"), symbols=False)
        text = digest_text(told, read, look, speech, self._public_url)
        pictures = await self._pictures(digest_charts(read, look, speech), language, capabilities.pictures)
        key = f"digest:{job.job_id}:{job.created_at}"
        return Message(text[: capabilities.max_text], key=key, client=job.client, pictures=pictures)

    async def _pictures(self, charts: list[tuple[Chart, str]], language: str, most: int) -> tuple[Picture, ...]:
        made: list[Picture] = []
        for chart, of_what in charts[:most]:
            try:
                content = await self._drawing.picture(picture_request(chart, LIGHT, language, "png", of_what=of_what))
            except CannotDraw as error:
                _log.error("a digest goes out without a picture", chart=chart.name, problem=str(error))
            else:
                made.append(Picture(chart.name, content, chart.description))
        return tuple(made)


@dataclass(frozen=True, slots=True)
class Read:
    """What a digest tells of: its days, and the days that its trend shows."""

    figures: Dashboard
    trend: Dashboard
    scale: Scale | None


async def read_digest(store: Store, told: DigestJob, zone: ZoneInfo, now: Instant) -> Read:
    """Read the figures of a digest."""
    filters = Filters(equal=dict(told.digest.filters))
    days = told.days
    length = days.last - days.first + timedelta(days=1)
    before = Days(days.first - length, days.last - length)
    figures = await store.read(dashboard, filters, days, before, zone, now=now)
    shown = Days(days.last - timedelta(days=TREND_DAYS - 1), days.last)
    trend = await store.read(dashboard, filters, shown, shown, zone, scale=figures.scale, unit="day", now=now)
    return Read(figures, trend, scale_named(await store.read(load_surveys), figures.scale))


def digest_text(told: DigestJob, read: Read, look: Look, speech: Speech, public_url: str) -> str:
    """Return the words: a heading, a line a card, how the ratings are spread, and where to read on."""
    figures, values = read.figures, values_of(read, look)
    heading = speech.say(DIGEST_TITLES[told.digest.period])
    lines = [f"{heading}: {speech.days(told.days.first, told.days.last)}", ""]
    for card in cards(figures, values, look, speech):
        notes = [*([card.turn.text] if card.turn else []), *card.notes]
        figure = card.figure if card.figure is not None else speech.say("no data")
        lines.append(f"{card.title}: {figure}" + (f" ({'; '.join(notes)})" if notes else ""))
        if card.pieces:
            lines.append(" · ".join(f"{each.step.text()} – {each.told}" for each in card.pieces if each.width))
    if public_url:
        query = [*((name, each) for name, ids in told.digest.filters.items() for each in ids)]
        days = [("period", "days"), ("from", told.days.first.isoformat()), ("to", told.days.last.isoformat())]
        lines += ["", f"{public_url}/?{urlencode([*days, *query])}"]
    return "\n".join(lines)


def values_of(read: Read, look: Look) -> tuple[Step, ...]:
    """Return the values of the scale that a digest tells of."""
    return steps(read.scale, read.figures.now.by_value, look.speech.language)


def digest_charts(read: Read, look: Look, speech: Speech) -> list[tuple[Chart, str]]:
    """Return the charts that are not empty, the most telling first, each with its days in words."""
    days, trend = read.figures.days, read.trend.days
    charts = [
        (distribution(read.figures.now, values_of(read, look), days, look), speech.days(days.first, days.last)),
        (csat_trend(read.trend.trend, "day", trend, look), speech.days(trend.first, trend.last)),
    ]
    return [(chart, of_what) for chart, of_what in charts if chart.spec is not None]
