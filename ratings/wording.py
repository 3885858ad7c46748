"""Words about a choice: what a waiting tap is answered with. Pure."""

from ratings.scale import Scale
from ratings.survey import Survey
from ratings.texts import render


def choice_values(scale: Scale, value: int | None, language: str) -> dict[str, str]:
    """Return the values of {symbol}, {label} and {value}; none where nothing is chosen."""
    choice = scale.get(value) if value is not None else None
    if choice is None:
        return {}
    return {"symbol": choice.symbol, "label": choice.label(language), "value": str(choice.value)}


def acknowledgment(words: Survey, scale: Scale, value: int | None, key: str, language: str | None) -> str:
    """Return what a waiting tap is answered with: the text `key` of a survey, "" for no key."""
    if not key:
        return ""
    language = language or words.language
    return render(words.text(key, language), choice_values(scale, value, language))
