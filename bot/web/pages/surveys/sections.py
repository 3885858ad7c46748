"""The parts of a survey that are edited together: their fields, and where a wrong one stands. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from bot.web.pages.speech import mark
from bot.web.pages.surveys import condition_field, scale_field
from bot.web.pages.surveys.condition_field import ConditionField
from bot.web.pages.surveys.fields import (
    Field,
    Group,
    Lasting,
    Lastings,
    Levels,
    Line,
    Lines,
    Reaction,
    Share,
    Switch,
    Ticks,
    Typed,
    Whole,
    Words,
    name_of,
)
from bot.web.pages.surveys.hours_fields import HoursField, OpeningField
from bot.web.pages.surveys.rows import remove_row
from bot.web.pages.surveys.scale_field import ScaleField
from bot.web.pages.surveys.sentences import GENERAL, OUTCOMES, RULES, SCALE, TEXTS, TIMING
from ratings.conditions import OPERATORS
from ratings.outcomes import WRITABLE
from ratings.survey import BINDINGS, Survey
from ratings.texts import OWN_KEYS, REACTION
from ratings.ticket import CLOSERS
from ratings.timing import MAX_REMINDERS


@dataclass(frozen=True, slots=True)
class Section:
    """One page of the editor. `fields` are those of a survey; of texts, in one language."""

    title: str
    fields: Callable[[Survey, str], tuple[Field, ...]]


def _general(_survey: Survey, _language: str) -> tuple[Field, ...]:
    return (
        Line("/name"),
        Line("/company"),
        *(Lines(f"/{binding}") for binding in BINDINGS),
        Whole("/position", empty=0),
        Line("/language", none=True),
        Line("/timezone"),
        Switch("/greeting"),
        Switch("/fallback"),
        Switch("/confirm_links"),
        Line("/opt_out", none=True),
        Line("/when_paused", none=True),
    )


def _scale(_survey: Survey, _language: str) -> tuple[Field, ...]:
    return ScaleField(), Switch("/reverse")


def _rules(_survey: Survey, _language: str) -> tuple[Field, ...]:
    return (
        ConditionField("/ask_when"),
        ConditionField("/skip_when"),
        Lasting("/rules/min_talk_s"),
        Whole("/rules/min_customer_messages", empty=0),
        Whole("/rules/min_agent_messages", empty=0),
        Switch("/rules/both_sides"),
        Ticks("/rules/closed_by", CLOSERS),
        *(Lasting(f"/rules/{name}_s") for name in ("min_open", "max_open", "min_silence", "max_silence")),
        OpeningField("/rules/opening"),
        *(Lines(f"/rules/{name}") for name in ("only_subjects", "never_subjects", "only_tags", "never_tags", "staff")),
        Share("/rules/share"),
        Lasting("/rules/every_s"),
        Lasting("/rules/again_after_s"),
        Switch("/rules/recovery"),
    )


def _timing(_survey: Survey, _language: str) -> tuple[Field, ...]:
    return (
        Lasting("/timing/delay_s"),
        Lastings("/timing/reminders_s", MAX_REMINDERS),
        *(Lasting(f"/timing/{name}_s", none=True) for name in ("lapse_after", "expires_after", "max_age")),
        *(Lasting(f"/timing/{name}_s") for name in ("edit_window", "comment_window")),
        HoursField("/timing/hours"),
    )


def _outcomes(survey: Survey, _language: str) -> tuple[Field, ...]:
    return (
        Switch("/outcomes/enabled"),
        Levels(survey.scale.values),
        Switch("/outcomes/clear_assignee"),
        Whole("/outcomes/tag_below"),
        Line("/outcomes/tag", none=True),
        Ticks("/outcomes/write", WRITABLE),
        Switch("/outcomes/note"),
        Switch("/outcomes/close_lapsed"),
        Whole("/alerts/value_max"),
        Lines("/alerts/words"),
        Lines("/alerts/to"),
        Whole("/alerts/per_hour"),
        HoursField("/alerts/hours", any_time={}),
        Switch("/release/to_agents"),
        Whole("/release/after_ratings"),
        Whole("/release/after_days"),
    )


def _texts(survey: Survey, language: str) -> tuple[Field, ...]:
    reactions = (Reaction(f"/texts/{language}/{REACTION}{value}") for value in survey.scale.values)
    return (*(Words(f"/texts/{language}/{key}") for key in OWN_KEYS), *reactions)


SECTIONS: Mapping[str, Section] = {
    GENERAL: Section(mark("General"), _general),
    SCALE: Section(mark("Scale"), _scale),
    TEXTS: Section(mark("Texts"), _texts),
    RULES: Section(mark("Rules"), _rules),
    TIMING: Section(mark("Timing"), _timing),
    OUTCOMES: Section(mark("Outcomes"), _outcomes),
}
"""The pages of the editor, by the end of their address."""


def group_of(section: str, survey: Survey, language: str) -> Group:
    """Return the fields of a page of the editor."""
    return Group(SECTIONS[section].fields(survey, language))


def acted(do: str, typed: Typed) -> Typed:
    """Return the form after a button that adds or takes away a row; as it was for any other."""
    what, _, name = do.partition(":")
    acts: Mapping[str, Callable[[], Typed]] = {
        "test": partial(condition_field.with_test, typed, name),
        "group": partial(condition_field.with_group, typed, name),
        "choice": partial(scale_field.with_choice, typed),
        "language": partial(scale_field.with_language, typed, typed.get("scale.new_language", "")),
        "remove": partial(remove_row, typed, name),
    }
    done = acts[what]() if what in acts else typed
    return {key: text for key, text in done.items() if key != "scale.new_language"}


def tidied(typed: Typed) -> Typed:
    """Return the form without rows in which nothing is typed, so that what is wrong is found in its row."""
    for group in ("ask_when", "skip_when"):
        typed = condition_field.tidied(typed, group)
    return scale_field.tidied(typed)


def place_of(pointer: str, group: Group) -> str:
    """Return the name of the input that a wrong value stands in; "" where none shows it."""
    name = name_of(pointer)
    if name.startswith(("ask_when.", "skip_when.")):
        kept: list[str] = []
        for part in name.split("."):
            if part in OPERATORS:
                kept.append("value")
                break
            if part not in {"all", "any", ""}:
                kept.append(part)
        return ".".join(kept)
    while name and not any(field.owns(name) for field in group.fields):
        name = name.rpartition(".")[0]
    return name


def rebased(group: Group, base: Typed, typed: Typed, newest: Typed) -> Typed:
    """Return the form as it is over somebody else's newest version: what was typed over the base stays typed."""
    kept: Typed = {}
    for field in group.fields:
        mine = {name: text for name, text in typed.items() if field.owns(name)}
        theirs = {name: text for name, text in newest.items() if field.owns(name)}
        was = {name: text for name, text in base.items() if field.owns(name)}
        kept |= theirs if mine == was else mine
    return kept
