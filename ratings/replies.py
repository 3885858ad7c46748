"""Read a typed reply as a value of the scale: only when it is nothing else.

A reply that needs guessing ("5!", "пять", "не 5") is no value here: a wrong rating is worse than a polite question.
"""

from ratings.scale import Scale

# Presentation, not meaning: variation selectors 15 and 16, and the five skin tones (Unicode TR 51).
_VARIATION = dict.fromkeys([0xFE0E, 0xFE0F, *range(0x1F3FB, 0x1F400)])
# Spaces of no width that phones leave around pasted text; str.strip() keeps them.
_INVISIBLE = "\u200b\u200e\u200f\u2060\ufeff"


def read_value(text: str, scale: Scale) -> int | None:
    """The value that a reply names, or None.

    The reply, without the blanks around it, is one choice's symbol (variation selectors and skin tones do not count,
    unless they are what tells two choices apart) or the digits of one value. A symbol goes before digits: on a scale
    whose symbols are digits the customer types what the buttons show.
    """
    reply = text.strip().strip(_INVISIBLE).strip()
    if not reply:
        return None
    for choice in scale.choices:
        if choice.symbol == reply:
            return choice.value
    bare = reply.translate(_VARIATION)
    alike = [choice.value for choice in scale.choices if bare and choice.symbol.translate(_VARIATION) == bare]
    if alike:
        return alike[0] if len(alike) == 1 else None
    for choice in scale.choices:
        if str(choice.value) == reply:
            return choice.value
    return None
