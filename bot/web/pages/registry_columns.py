"""The columns of the registry's page: which there are, which are seen at first, and what of them a file has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.web.pages.speech import mark
from ratings.reports.registry import SORTS, Show


@dataclass(frozen=True, slots=True)
class PageColumn:
    """One column: its heading, what it is sorted by ("" by nothing), the columns of a file that say the same."""

    name: str
    title: str
    sort: str
    in_file: tuple[str, ...]


COLUMNS: Mapping[str, PageColumn] = {
    column.name: column
    for column in (
        PageColumn("rated", mark("Rated"), "rated", ("rated_at",)),
        PageColumn("value", mark("Rating"), "value", ("value", "symbol")),
        PageColumn("comment", mark("Comment"), "", ("comment",)),
        PageColumn("state", mark("State"), "", ("state", "reason", "state_reason")),
        PageColumn("customer", mark("Customer"), "", ("customer",)),
        PageColumn("ticket", mark("Ticket"), "", ("ticket_id", "ticket_subject", "ticket_url")),
        PageColumn("agent", mark("Agent"), "", ("agent_name",)),
        PageColumn("group", mark("Group"), "", ("group_name",)),
        PageColumn("form", mark("Form"), "", ("form_name",)),
        PageColumn("priority", mark("Priority"), "", ("priority",)),
        PageColumn("channel", mark("Channel"), "", ("channel",)),
        PageColumn("survey", mark("Survey"), "", ("survey",)),
        PageColumn("outcome", mark("Outcome on the desk"), "", ("outcome",)),
        PageColumn("recording", mark("Recording"), "", ("recording_url",)),
        PageColumn("closed", mark("Closed"), "closed", ("closed_at",)),
        PageColumn("asked", mark("Asked"), "asked", ("asked_at",)),
    )
}
"""Every column, in the order in which they are shown."""

AT_FIRST: Mapping[Show, tuple[str, ...]] = {
    Show.RATED: ("rated", "value", "comment", "customer", "ticket", "agent", "group", "channel"),
    Show.UNANSWERED: ("asked", "state", "customer", "ticket", "agent", "group", "channel", "closed"),
    Show.NOT_ASKED: ("closed", "state", "customer", "ticket", "agent", "group", "form"),
    Show.ALL: ("closed", "state", "value", "comment", "customer", "ticket", "agent", "group", "channel"),
}
"""What is shown to whoever has chosen nothing."""

PREFERENCE = "ratings.columns"


def shown_columns(preferences: Mapping[str, object], show: Show) -> list[PageColumn]:
    """Return the columns that somebody sees. Where not all are rated, their state is among them."""
    kept = preferences.get(PREFERENCE)
    names = [name for name in COLUMNS if isinstance(kept, list) and name in kept] or list(AT_FIRST[show])
    if show is not Show.RATED and "state" not in names:
        names.insert(1, "state")
    return [COLUMNS[name] for name in names]


def sort_of(column: PageColumn, show: Show) -> str:
    """Return what a heading sorts by, "" where rows of this kind cannot be sorted by it."""
    return column.sort if column.sort in SORTS[show] else ""


def file_columns(columns: Sequence[PageColumn]) -> list[str]:
    """Return the columns of a file that say what these say."""
    return [name for column in columns for name in column.in_file]
