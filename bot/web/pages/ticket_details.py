"""What a rule saw when it decided not to ask, in words: the stored detail has names, seconds and times for programs. Pure."""

from collections.abc import Iterator, Mapping

from bot.exporting.words import REASONS
from bot.web.pages.speech import Speech, mark
from ratings.times import parse_instant

LABELS: Mapping[str, str] = {
    "rule": mark("rule"),
    "saw": mark("what it saw"),
    "wanted": mark("what it wants"),
    "form": mark("form"),
    "survey": mark("survey"),
    "channel": mark("channel"),
    "addresses": mark("addresses of the customer"),
    "paused_at": mark("off since"),
    "age_s": mark("age of the closing"),
    "max_age_s": mark("the oldest that is asked about"),
    "asked_until": mark("asked about closings until"),
    "reopened_at": mark("opened again"),
    "answered_at": mark("last answered"),
    "last_ask": mark("last asked"),
    "asks": mark("times asked lately"),
    "everywhere": mark("on every channel"),
    "until": mark("until"),
    "next_at": mark("may be asked again from"),
}


def details_said(detail: Mapping[str, object], speech: Speech) -> Iterator[str]:
    """Yield each part of a detail with its name."""
    in_seconds = str(detail.get("rule", "")).endswith("_s")
    for name, value in detail.items():
        if name in REASONS and detail.get("addresses") == 1:
            continue  # it is the reason that stands above
        said = _said(value, speech, seconds=name.endswith("_s") or (name == "wanted" and in_seconds))
        if said:
            yield f"{_label(name, speech)}: {said}"


def _label(name: str, speech: Speech) -> str:
    if name in REASONS:
        return speech.say(REASONS[name]).rstrip(".")
    return speech.say(LABELS[name]) if name in LABELS else name


def _said(value: object, speech: Speech, *, seconds: bool) -> str:
    match value:
        case bool():
            return speech.say("yes") if value else speech.say("no")
        case int() | float():
            return speech.duration(value) if seconds else speech.number(value, 0 if isinstance(value, int) else 4)
        case str():
            return _moment(value, speech)
        case list():
            return ", ".join(filter(None, (_said(each, speech, seconds=seconds) for each in value)))
        case dict():
            return ", ".join(details_said(value, speech))
    return ""


def _moment(text: str, speech: Speech) -> str:
    try:
        return speech.moment(parse_instant(text))
    except ValueError:
        return text
