"""What is said: from a claimed job to the content that a channel sends. Pure."""

from collections.abc import Mapping
from typing import Any

from channels.base import Action, ActionName, Choice, Message, Prompt
from ratings.lifecycle import awaits_comment, may_change
from ratings.store.claims import Claimed
from ratings.texts import render
from ratings.times import Instant
from ratings.wording import choice_values


def prompt(job: Claimed, token: str) -> Prompt:
    """Return the prompt, or a reminder of it: the words from the newest version, the choices from the decision's."""
    assert job.survey is not None
    assert job.decided is not None
    name = "reminder" if job.kind == "reminder" else "question"
    return _prompt(job, token, name)


def screen(job: Claimed, token: str, now: Instant) -> Prompt | Message:
    """Return what the prompt's message says now: the choices again, or the thanks with what can still be done."""
    invitation, survey, decided = job.invitation, job.survey, job.decided
    assert invitation is not None
    assert survey is not None
    assert decided is not None
    if invitation.value is None or (invitation.changing and may_change(invitation, now)):
        return _prompt(job, token, "question")
    language = job.language or survey.language
    values = {**_ticket_values(job.ticket), **choice_values(decided.scale, invitation.value, language)}
    parts = [survey.text("thanks", language)]
    actions: list[Action] = []
    changeable = may_change(invitation, now)
    if changeable:
        actions.append(Action(ActionName.CHANGE, survey.text("button_change", language)))
    if invitation.comment:
        parts.append(survey.text("comment_saved", language))
    elif awaits_comment(invitation, now):
        parts.append(survey.text("ask_comment", language))
        actions.append(Action(ActionName.SKIP, survey.text("button_skip", language)))
    elif changeable:
        actions.append(Action(ActionName.COMMENT, survey.text("button_comment", language)))
    text = "\n".join(filter(None, (render(part, values) for part in parts)))
    return Message(text, tuple(actions), token)


def notice(job: Claimed) -> Message:
    """Return a message that stands alone."""
    assert job.survey is not None
    return Message(render(job.survey.text(job.text, job.language or job.survey.language), {}))


def _prompt(job: Claimed, token: str, name: str) -> Prompt:
    survey, decided = job.survey, job.decided
    assert survey is not None
    assert decided is not None
    assert job.invitation is not None
    language = job.language or survey.language
    choices = tuple(Choice(choice.value, choice.symbol, choice.label(language)) for choice in decided.scale.choices)
    return Prompt(
        key=f"{name}:{job.invitation.id}:{job.job_id}",
        text=render(survey.text(name, language), _ticket_values(job.ticket)),
        choices=choices[::-1] if decided.reverse else choices,
        token=token,
        language=language,
    )


def _ticket_values(ticket: Mapping[str, Any]) -> dict[str, str]:
    agent, customer = ticket.get("agent") or {}, ticket.get("customer") or {}
    found = {
        "ticket.id": ticket.get("id"),
        "ticket.subject": ticket.get("subject"),
        "agent.name": agent.get("name"),
        "customer.name": customer.get("name"),
    }
    return {name: str(value) for name, value in found.items() if value}
