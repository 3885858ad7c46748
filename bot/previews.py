"""What a survey would say, before anybody is asked: previews channel by channel, and what does not fit. Pure.

Both are made by `bot.wording` and by the channels' own `preview`, which are what says it for real.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from bot import wording
from channels.base import Channel, Message, Prompt, plain_preview
from net.errors import DeliveryError
from ratings.lifecycle import Invitation, JobKind, State
from ratings.store.claims import Claimed
from ratings.store.invitation_rows import terms_of
from ratings.survey import Survey, parse_survey, survey_to_dict
from ratings.texts import KEYS, LANGUAGES, MAX_VALUE, REACTION, render
from ratings.times import DAY, Instant

SAMPLE_TICKET: Mapping[str, Any] = {
    "id": "T-1024",
    "subject": "Printer",
    "agent": {"id": "17", "name": "Anna"},
    "customer": {"id": "C-9", "name": "Maria"},
}
LONG_TICKET: Mapping[str, Any] = {
    "id": "9" * MAX_VALUE,
    "subject": "Щ" * MAX_VALUE,
    "agent": {"id": "17", "name": "Щ" * MAX_VALUE},
    "customer": {"id": "C-9", "name": "Щ" * MAX_VALUE},
}
"""Values as long as a text repeats them."""

_NOW: Instant = DAY
_TOKEN = "a" * 34

Shown = Mapping[str, object]


def sample_job(
    survey: Survey,
    language: str,
    ticket: Mapping[str, Any],
    kind: JobKind = JobKind.PROMPT,
    *,
    number: int = 0,
    greets: bool = False,
    value: int | None = None,
) -> Claimed:
    """Return a job as if it were claimed now, of an invitation that is not there. `number` is that of a reminder.

    With a `value` the customer has just chosen it.
    """
    invitation = Invitation(
        0,
        State.SCHEDULED if value is None else State.ANSWERED,
        terms_of(survey),
        _NOW + survey.timing.expires_after,
        value=value,
        rated_at=None if value is None else _NOW,
        comment_until=None if value is None else _NOW + survey.timing.comment_window,
    )
    return Claimed(
        job_id=0,
        attempt_id=0,
        kind=kind,
        account="",
        address="",
        created_at=_NOW,
        text="",
        detail="",
        tries=1,
        language=language,
        invitation=invitation,
        revision=number,
        greets=greets,
        client="",
        may_send_anew=True,
        survey=survey,
        decided=survey,
        ticket=ticket,
    )


def test_detail(survey: Survey, language: str, ticket: Mapping[str, Any]) -> str:
    """Return what a test job keeps: the survey as it is tried, perhaps a draft."""
    return json.dumps({"survey": survey_to_dict(survey), "language": language, "ticket": ticket}, ensure_ascii=False)


def test_prompt(job: Claimed, site: wording.Site) -> Prompt:
    """Return the prompt of a test job, as it would be said to a customer whose first message it is."""
    told = json.loads(job.detail)
    survey = parse_survey(told["survey"])
    sample = sample_job(survey, told["language"], told["ticket"], greets=survey.greeting)
    return wording.prompt(replace(sample, job_id=job.job_id, created_at=job.created_at, client=job.client), site)


def previews(
    survey: Survey, channels: Mapping[str, Channel | None], language: str, ticket: Mapping[str, Any], public_url: str
) -> list[dict[str, Any]]:
    """Return what a customer would see on each channel: name → its account, or None for a kind that none is configured of."""
    return [_preview(name, channel, survey, language, ticket, public_url) for name, channel in channels.items()]


def _preview(
    name: str,
    channel: Channel | None,
    survey: Survey,
    language: str,
    ticket: Mapping[str, Any],
    public_url: str,
) -> dict[str, Any]:
    site = wording.Site(_TOKEN, public_url)

    def ask(kind: JobKind = JobKind.PROMPT, *, number: int = 0, greets: bool = False) -> Shown:
        job = sample_job(survey, language, ticket, kind, number=number, greets=greets)
        return _show(channel, wording.prompt(job, site))

    converses = channel is None or channel.capabilities.converses
    edits = channel is None or channel.capabilities.edit
    answers: list[dict[str, object]] = []
    for choice in survey.scale.choices if converses else ():
        said = wording.screen(sample_job(survey, language, ticket, value=choice.value), site, _NOW, edits=edits)
        answers.append({"value": choice.value, "shown": None if said is None else _show(channel, said)})
    reminders = range(1, len(survey.timing.reminders) + 1)
    return {
        "channel": name,
        "question": ask(),
        "greeting": ask(greets=True) if survey.greeting else None,
        "reminders": [ask(JobKind.REMINDER, number=number) for number in reminders],
        "answers": answers,
        "expired": _show(channel, _words(survey, "expired", language)) if converses else None,
    }


def _words(survey: Survey, key: str, language: str) -> Message:
    return Message(render(survey.text(key, language), {"company": survey.company}))


def _show(channel: Channel | None, content: Prompt | Message) -> Shown:
    """Show a content as the channel does; where it could not be said, with the `problem`."""
    try:
        return plain_preview(content) if channel is None else channel.preview(content)
    except DeliveryError as error:
        return {**plain_preview(content), "problem": error.text}


def survey_warnings(survey: Survey, channels: Mapping[str, Channel], public_url: str) -> list[dict[str, object]]:
    """Return what cannot be said, or reads oddly: `{"pointer", "channel", "detail"}`, `channel` None for every one.

    Every text is tried with values as long as texts repeat them. A channel that tells more of a text than whether it fits
    (into how many paid messages, say) tells it in `preview`, and `_of_content` is where it becomes a warning.
    """
    found = [_warning(pointer, None, detail) for pointer, detail in _of_languages(survey)]
    site = wording.Site(_TOKEN, public_url)
    for name, channel in channels.items():
        told: dict[str, str] = {}
        for pointer, content in _everything(survey, site, channel):
            for detail in _of_content(channel, content):
                # What is wrong with the choices is wrong with every message that has them: said once.
                if detail not in told.values():
                    told.setdefault(pointer, detail)
        found += [_warning(pointer, name, detail) for pointer, detail in told.items()]
    return found


def _of_content(channel: Channel, content: Prompt | Message) -> Iterator[str]:
    """Tell what is wrong with one message on a channel."""
    try:
        channel.preview(content)
    except DeliveryError as error:
        yield error.text


def _everything(survey: Survey, site: wording.Site, channel: Channel) -> Iterator[tuple[str, Prompt | Message]]:
    """Every message of a survey, in each language that it has words of its own for, else in its own language."""
    for language in survey.texts or (survey.language,):
        at = f"/texts/{language}"
        job = sample_job(survey, language, LONG_TICKET, greets=survey.greeting)
        yield f"{at}/question", wording.prompt(job, site)
        for number in range(1, len(survey.timing.reminders) + 1):
            job = sample_job(survey, language, LONG_TICKET, JobKind.REMINDER, number=number, greets=survey.greeting)
            yield f"{at}/reminder{'' if number == 1 else f'_{number}'}", wording.prompt(job, site)
        if not channel.capabilities.converses:
            continue
        for choice in survey.scale.choices:
            job = sample_job(survey, language, LONG_TICKET, value=choice.value)
            said = wording.screen(job, site, _NOW, edits=channel.capabilities.edit)
            own = survey.reaction(choice.value, language) is not None
            if said is not None:
                yield f"{at}/{f'{REACTION}{choice.value}' if own else 'thanks'}", said
        for key in ("comment_saved", "stands", "expired", "not_ours", "welcome"):
            yield f"{at}/{key}", _words(survey, key, language)


def _of_languages(survey: Survey) -> Iterator[tuple[str, str]]:
    """Tell which words an added language lacks: those are said in another one."""
    for language, words in survey.texts.items():
        if language in LANGUAGES:
            continue
        missing = [key for key in KEYS if key not in words]
        if missing:
            listed = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")  # noqa: PLR2004 - enough to find them
            yield f"/texts/{language}", f"there are no words for {listed}: they are said in another language"
        for index, choice in enumerate(survey.scale.choices):
            if language not in choice.labels and choice.labels:
                yield f"/scale/choices/{index}/labels", f"no label in {language}: another language's is shown"


def _warning(pointer: str, channel: str | None, detail: str) -> dict[str, object]:
    return {"pointer": pointer, "channel": channel, "detail": detail}
