"""The row of a closing that was decided: the decision, what is copied from the ticket, and the beginning of its life."""

import json
from functools import cache

from ratings.lifecycle import State
from ratings.rules import Ask
from ratings.store.unit import Row
from ratings.survey import Survey
from ratings.ticket import Ticket
from ratings.times import SECOND, Instant


def invitation_row(
    number: int,
    ticket: Ticket,
    closing: str,
    survey: Survey | None,
    ask: Ask | None,
    language: str | None,
    now: Instant,
) -> Row:
    """Return the row of a new invitation: to ask, or else skipped; the reason is added by whoever knows it."""
    first = ticket.addresses[0] if ticket.addresses else None
    account = ask.channel if ask else first.channel if first else None
    address = ask.address if ask else first.id if first else None
    return {
        "id": number,
        "desk": ticket.desk,
        "ticket_id": ticket.id,
        "closing": closing,
        "closed_at": ticket.closed_at,
        "decision": "ask" if ask else "skip",
        "reason": None,
        "detail": None,
        "decided_at": now,
        "due_at": ask.at if ask else None,
        "survey_id": survey.id if survey else None,
        "survey_version": survey.version if survey else None,
        "language": language,
        "account": account,
        "address": address,
        "customer": ticket.customer_key(account or "", address or ""),
        "form": ticket.form.id if ticket.form else None,
        "group_id": ticket.group.id if ticket.group else None,
        "agent_id": ticket.agent.id if ticket.agent else None,
        "agent_name": ticket.agent.name if ticket.agent else None,
        "priority": ticket.priority,
        "kind": ticket.kind,
        "ticket_url": ticket.url,
        "subject": ticket.subject,
        "state": (State.SCHEDULED if ask else State.SKIPPED).value,
        "state_reason": None,
        "asked_at": None,
        "delivery": None,
        "external_id": None,
        "expires_at": ticket.closed_at + (survey.timing.expires_after if survey else 0),
        "comment": None,
        "comment_until": None,
        "changing": False,
        "revision": 0,
        "accepted_at": None,
        "further": json.dumps(ask.further) if ask and ask.further else None,
        "awaits_closing": False,
        "chosen": _chosen(survey) if survey else None,
        "inclusion": ask.inclusion if ask and ask.inclusion < 1 else None,
        "timezone": ask.timezone if ask else None,
        "window_until": ask.window_until if ask else None,
        "recovery_of": ask.recovery_of if ask else None,
        "writes_back": False,
        "customer_name": ticket.customer.name,
        "form_name": ticket.form.name if ticket.form else None,
        "group_name": ticket.group.name if ticket.group else None,
        "recording_url": ticket.recording_url,
        "first_response_s": _seconds(ticket.opened_at, ticket.first_response_at),
        "handling_s": _handling(ticket),
    }


def _handling(ticket: Ticket) -> int | None:
    """The time that went into it: as the desk says, else from its opening to its closing."""
    if ticket.handling_s is not None:
        return round(ticket.handling_s)
    return _seconds(ticket.opened_at, ticket.closed_at)


def _seconds(start: Instant | None, end: Instant | None) -> int | None:
    """Seconds between two instants; None where one is not known, or they are in the wrong order."""
    return None if start is None or end is None or end < start else (end - start) // SECOND


@cache
def _bound(names: tuple[str, ...]) -> str:
    return json.dumps(names)


def _chosen(survey: Survey) -> str:
    """Return why this survey and no other: the names of its bindings, all of which fit."""
    return _bound(survey.bound)
