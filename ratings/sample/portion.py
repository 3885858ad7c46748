"""The rows of a part of a sample: tuples by table, in the order of the columns named here. Pure."""

from collections.abc import Iterator
from typing import Any

COLUMNS: dict[str, tuple[str, ...]] = {
    "tickets": ("id", "received_at", "snapshot"),
    "ticket_tags": ("tag", "invitation_id"),
    "invitations": (
        *("id", "desk", "ticket_id", "closing", "closed_at", "decision", "reason", "detail", "decided_at", "due_at"),
        *("survey_id", "survey_version", "language", "account", "address", "customer", "form", "group_id", "agent_id"),
        *("agent_name", "priority", "kind", "ticket_url", "subject", "state", "state_reason", "asked_at", "delivery"),
        *("external_id", "expires_at", "comment", "comment_until", "changing", "revision", "accepted_at", "chosen"),
        *("recovery_of", "writes_back", "customer_name", "form_name", "group_name", "recording_url"),
        *("first_response_s", "handling_s"),
    ),
    "reopens": ("desk", "ticket_id", "reopened_at"),
    "ratings": (
        *("id", "state", "value", "satisfied", "comment", "rated_at", "changed_at", "scale", "survey_id", "account"),
        *("asked_at", "closed_at", "desk", "ticket_id", "ticket_url", "subject", "form", "group_id", "agent_id"),
        *("agent_name", "priority"),
    ),
    "votes": (
        *("id", "invitation_id", "value", "state", "source", "account", "event_id", "at", "link_kind", "agent"),
        *("prefetch", "evidence"),
    ),
    "hits": ("id", "invitation_id", "value", "method", "at", "agent", "prefetch"),
    "rating_history": ("id", "invitation_id", "at", "what", "old", "new", "by"),
    "comments": ("invitation_id", "message_id", "id", "at", "text"),
    "desk_results": ("invitation_id", "outcome", "value", "written_at", "refused"),
    "jobs": (
        *("id", "kind", "invitation_id", "revision", "account", "address", "priority", "state", "due_at", "lane"),
        *("attempts", "attempt_id", "created_at", "finished_at", "text", "error"),
    ),
    "attempts": ("id", "job_id", "started_at", "finished_at", "result", "platform_code", "text"),
    "events": ("id", "type", "at", "invitation_id", "value", "previous"),
}
"""Tables in the order in which they are filled: what others refer to comes first. Events get their numbers when they are stored."""

Values = tuple[Any, ...]


class Portion:
    """The rows of some closings."""

    def __init__(self) -> None:
        self.tickets: list[Values] = []
        self.ticket_tags: list[Values] = []
        self.invitations: list[Values] = []
        self.reopened: dict[tuple[str, str], int] = {}
        self.ratings: list[Values] = []
        self.votes: list[Values] = []
        self.hits: list[Values] = []
        self.rating_history: list[Values] = []
        self.comments: list[Values] = []
        self.desk_results: list[Values] = []
        self.jobs: list[Values] = []
        self.attempts: list[Values] = []
        self.events: list[Values] = []

    @property
    def reopens(self) -> list[Values]:
        """When tickets were last reopened."""
        return [(*ticket, at) for ticket, at in self.reopened.items()]

    def tables(self) -> Iterator[tuple[str, list[Values]]]:
        """Return what is to be written, table by table, in the order of `COLUMNS`."""
        for name in COLUMNS:
            yield name, getattr(self, name)
