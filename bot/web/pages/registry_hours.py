"""Hours of the week in words: on Fridays between 17:00 and 18:00."""

from collections.abc import Sequence

from bot.web.pages.speech import Speech, mark
from ratings.weekly import HOURS, WEEKDAYS

ON: dict[int, str] = dict(
    zip(
        WEEKDAYS,
        (
            mark("Mondays"),
            mark("Tuesdays"),
            mark("Wednesdays"),
            mark("Thursdays"),
            mark("Fridays"),
            mark("Saturdays"),
            mark("Sundays"),
        ),
        strict=True,
    )
)
"""Each weekday as it stands in "on Mondays" (Russian: in the dative)."""


def weekdays_said(weekdays: Sequence[int], speech: Speech) -> str:
    """Say on which weekdays; "" for any."""
    named = [speech.say(ON[each]) for each in weekdays if each in ON]
    return speech.say("on %(days)s", days=speech.several(named)) if named else ""


def hours_said(hours: Sequence[int], speech: Speech) -> str:
    """Say between which hours, those that follow each other as one time; "" for any. The hours are in order."""
    runs: list[list[int]] = []
    for hour in hours:
        if hour not in HOURS:
            continue
        if runs and runs[-1][1] == hour:
            runs[-1][1] = hour + 1
        else:
            runs.append([hour, hour + 1])
    said = [speech.say("between %(first)s and %(last)s", first=f"{a:02}:00", last=f"{b:02}:00") for a, b in runs]
    return speech.several(said, any_of=True)
