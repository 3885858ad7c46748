"""What is said: from a claimed job to the content that a channel sends. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from channels.base import Action, ActionName, Choice, Links, Message, Prompt, Thread
from ratings.alert_wording import alert_text
from ratings.lifecycle import JobKind, awaits_comment, may_change
from ratings.scale import Scale, colours
from ratings.store.claims import Claimed
from ratings.survey import Survey
from ratings.texts import render
from ratings.times import Instant
from ratings.wording import choice_values


@dataclass(frozen=True, slots=True)
class Site:
    """What links are made of: the invitation's token, and where customers reach this service ("": they cannot)."""

    token: str
    public_url: str


def prompt(job: Claimed, site: Site) -> Prompt:
    """Return the prompt, or a reminder of it: the words from the newest version, the choices from the decision's."""
    assert job.survey is not None
    language = job.language or job.survey.language
    if job.kind == JobKind.REMINDER:
        return _prompt(job, site, "reminder", job.survey.reminder(job.revision, language))
    return _prompt(job, site, "question", job.survey.text("question", language))


def screen(job: Claimed, site: Site, now: Instant, *, edits: bool) -> Prompt | Message | None:
    """Return what the prompt's message says now: the choices again, or the thanks with what can still be done.

    None: nothing. Where a rating's reaction is empty, a channel that cannot replace the prompt stays silent; one that can
    must say something in its place.
    """
    invitation, survey, decided = job.invitation, job.survey, job.decided
    assert invitation is not None
    assert survey is not None
    assert decided is not None
    if invitation.value is None or (invitation.changing and may_change(invitation, now)):
        return _prompt(job, site, "question", survey.text("question", job.language or survey.language))
    language = job.language or survey.language
    values = {
        **_ticket_values(job.ticket, survey),
        **choice_values(decided.scale, invitation.value, language),
    }
    reaction = survey.reaction(invitation.value, language)
    if reaction == "" and not edits and not invitation.comment:
        return None
    parts = [reaction or ("" if reaction == "" and not edits else survey.text("thanks", language))]
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
    return Message(text, tuple(actions), site.token, _key(job, "screen"), job.client)


def notice(job: Claimed) -> Message:
    """Return a message that stands alone."""
    assert job.survey is not None
    text = render(job.survey.text(job.text, job.language or job.survey.language), {"company": job.survey.company})
    return Message(text, key=_key(job, "notice"), client=job.client)


def alert(job: Claimed, most: int) -> Message:
    """Return what staff is told of bad ratings on a channel that takes `most` characters."""
    assert job.alert is not None
    text = alert_text(job.alert.ratings, job.alert.language, most)
    return Message(text, key=_key(job, "alert"), client=job.client)


def links(survey: Survey, language: str, site: Site) -> Links | None:
    """Return where a prompt's links lead; None where customers cannot reach this service."""
    if not site.public_url:
        return None
    return Links(
        rate=f"{site.public_url}/r/{site.token}",
        unsubscribe=f"{site.public_url}/u/{site.token}",
        unsubscribe_label=survey.text("button_never", language),
        hint=survey.text("links_hint", language),
    )


def choices(scale: Scale, language: str, *, reverse: bool) -> tuple[Choice, ...]:
    """Return the choices as they are shown, in their order."""
    shown = tuple(
        Choice(choice.value, choice.symbol, choice.label(language), colour)
        for choice, colour in zip(scale.choices, colours(len(scale.choices)), strict=True)
    )
    return shown[::-1] if reverse else shown


def _prompt(job: Claimed, site: Site, name: str, template: str) -> Prompt:
    survey, decided = job.survey, job.decided
    assert survey is not None
    assert decided is not None
    assert job.invitation is not None
    language = job.language or survey.language
    values = _ticket_values(job.ticket, survey)
    text = render(template, values)
    if job.greets:
        text = f"{render(survey.text('greeting', language), values)}\n\n{text}"
    return Prompt(
        key=_key(job, name),
        text=text,
        choices=choices(decided.scale, language, reverse=decided.reverse),
        token=site.token,
        language=language,
        client=job.client,
        links=links(survey, language, site),
        thread=_thread(job.ticket, survey, language),
    )


def _key(job: Claimed, name: str) -> str:
    """Return what stays the same over retries, and is never used again: ids begin anew with a new database."""
    return f"{name}:{job.job_id}:{job.created_at}"


def _thread(ticket: Mapping[str, Any], survey: Survey, language: str) -> Thread:
    """Return the conversation that a mail goes on with: mail programs want the same subject, too."""
    told = ticket.get("thread") or {}
    message_id = _bracketed(told.get("message_id") or "")
    subject = " ".join(str(ticket.get("subject") or "").split())
    if not message_id or not subject:
        return Thread(render(survey.text("subject", language), _ticket_values(ticket, survey)), message_id)
    answer = subject if subject.lower().startswith("re:") else f"Re: {subject}"
    references = tuple(filter(None, (_bracketed(each) for each in told.get("references") or ())))
    return Thread(answer, message_id, references)


def _bracketed(message_id: str) -> str:
    bare = message_id.strip().strip("<>")
    return f"<{bare}>" if bare else ""


def _ticket_values(ticket: Mapping[str, Any], survey: Survey) -> dict[str, str]:
    agent, customer = ticket.get("agent") or {}, ticket.get("customer") or {}
    found = {
        "ticket.id": ticket.get("id"),
        "ticket.subject": ticket.get("subject"),
        "agent.name": agent.get("name"),
        "customer.name": customer.get("name"),
        "company": survey.company,
    }
    return {name: str(value) for name, value in found.items() if value}
