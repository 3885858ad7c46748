"""From a Pyrus task to our ticket. Pure.

Every text is cut to what a ticket holds, and a part that still does not fit is left out: a closing is worth more than its
priority. What identifies a closing is the id of the comment that closed the task, which webhook and register tell alike;
where no comment says so, the close date.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from desks.pyrus.config import AddressRule, FormSettings, PyrusConfig
from desks.pyrus.history import Us, closed_at, closing_comment, instant, is_role, ordered, side, talk
from desks.pyrus.shapes import Comment, FieldOfTask, Person, Task
from desks.pyrus.values import choice_ids, flatten, kept, party, text, texts
from ratings.errors import InvalidInput
from ratings.ticket import MAX_NAME, MAX_SHORT, MAX_TAGS, Ticket, parse_ticket
from ratings.times import Instant, format_instant

MAX_ID = 200
Fields = Mapping[int, FieldOfTask]


def read_ticket(task: Task, desk: str, config: PyrusConfig, us: Us, now: Instant) -> Ticket:
    """The ticket as it stood at its closing. Raises InvalidInput when not even id and time can be read."""
    settings = config.of_form(task.form_id)
    comments, fields = ordered(task), flatten(task.fields)
    closing = closing_comment(comments)
    at = closed_at(task, closing)
    said = talk(comments)
    responsible = task.responsible
    agent = _field_party(fields, settings.agent_field) or (None if is_role(responsible) else _person(responsible))
    written: dict[str, Any] = {
        "id": str(task.id),
        "desk": desk,
        "closed_at": None if at is None else format_instant(at),
        "closing_id": None if closing is None else str(closing.id),
        "form": None if task.form_id is None else {"id": str(task.form_id)},
        "subject": _cut(text(_at(fields, settings.subject_field)) or task.subject or task.text or "", MAX_NAME),
        "url": None if config.task_url is None else config.task_url.replace("{id}", str(task.id)),
        "priority": _priority(_at(fields, settings.priority_field), settings),
        "group": _field_party(fields, settings.group_field) or _group(responsible),
        "agent": agent,
        "closed_by": _closed_by(closing, us),
        "customer": _customer(fields, settings, comments),
        "addresses": _addresses(fields, settings, comments),
        "opened_at": _time(instant(task.create_date)),
        "first_response_at": _time(said.first_response_at),
        "last_message_at": _sides(_time(said.customer_at), _time(said.agent_at)),
        "messages": _sides(said.customer, said.agent),
        "tags": _tags(fields, settings, task)[:MAX_TAGS],
        "fields": _kept(fields, comments),
    }
    try:
        return parse_ticket(written, now=now)
    except InvalidInput as error:
        wrong = {one.pointer.split("/")[1] for one in error.errors if one.pointer} - {"id", "closed_at"}
    return parse_ticket({name: value for name, value in written.items() if name not in wrong}, now=now)


def _closed_by(closing: Comment | None, us: Us) -> str | None:
    if closing is None or closing.author is None:
        return None
    if side(closing) == "customer":
        return "customer"
    return "auto" if closing.author.type == "bot" or us.wrote(closing) else "agent"


def _priority(field: FieldOfTask | None, settings: FormSettings) -> str | None:
    names = texts(field)
    for key in (*map(str, choice_ids(field)), *names):
        if key in settings.priorities:
            return settings.priorities[key]
    return _cut(names[0], MAX_SHORT) if names else None


def _customer(fields: Fields, settings: FormSettings, comments: Sequence[Comment]) -> dict[str, object]:
    channel = next((one.channel for one in reversed(comments) if one.channel and side(one) == "customer"), None)
    sender = None if channel is None else channel.sender
    by_mail = channel is not None and channel.type == "email"
    known = party(_at(fields, settings.customer_id_field))
    name = text(_at(fields, settings.customer_name_field)) or (sender.name if sender else None)
    email = text(_at(fields, settings.customer_email_field)) or (sender.email if sender and by_mail else None)
    phone = text(_at(fields, settings.customer_phone_field)) or (channel.phone if channel else None)
    return {
        "id": None if known is None else _cut(str(known["id"]), MAX_ID),
        "name": _cut(name or "", MAX_NAME),
        "email": email,
        "phone": phone,
        "language": _cut(text(_at(fields, settings.customer_language_field)), MAX_SHORT),
    }


def _addresses(fields: Fields, settings: FormSettings, comments: Sequence[Comment]) -> list[dict[str, str]]:
    found = []
    for rule in settings.addresses:
        address = text(_at(fields, rule.field)) if rule.field is not None else _from_channel(rule, comments)
        if address.strip():
            found.append({"channel": rule.channel, "id": address.strip()})
    return found


def _from_channel(rule: AddressRule, comments: Sequence[Comment]) -> str:
    """The customer's address in the newest comment that has one: whom it came from, else whom it went to."""
    for wanted in ("customer", "agent"):
        for comment in reversed(comments):
            channel = comment.channel
            if channel is None or side(comment) != wanted or (rule.types and channel.type not in rule.types):
                continue
            correspondent = channel.sender if wanted == "customer" else channel.to
            address = (correspondent.email if correspondent else None) or channel.phone
            if address:
                return address
    return ""


def _tags(fields: Fields, settings: FormSettings, task: Task) -> list[str]:
    lists = set(task.list_ids or ())
    named = [tag for tag, list_id in settings.tag_list_ids.items() if list_id in lists]
    return [_cut(tag, MAX_SHORT) or "" for tag in (*texts(_at(fields, settings.tag_field)), *named)]


def _kept(fields: Fields, comments: Sequence[Comment]) -> dict[str, object]:
    types = [one.channel.type for one in comments if one.channel is not None and one.channel.type]
    return {**kept(fields), **({"channel": types[-1]} if types else {})}


def _person(person: Person | None) -> dict[str, object] | None:
    if person is None:
        return None
    return {"id": person.id, "name": _cut(person.name, MAX_NAME), "email": person.email or None}


def _group(responsible: Person | None) -> dict[str, object] | None:
    """The role that a task is with, else the department of the person."""
    if responsible is None:
        return None
    if is_role(responsible):
        return _person(responsible)
    if responsible.department_id is None:
        return None
    return {"id": responsible.department_id, "name": _cut(responsible.department_name or "", MAX_NAME)}


def _field_party(fields: Fields, field_id: int | None) -> dict[str, object] | None:
    return party(_at(fields, field_id))


def _at(fields: Fields, field_id: int | None) -> FieldOfTask | None:
    return None if field_id is None else fields.get(field_id)


def _sides(customer: object, agent: object) -> dict[str, object]:
    return {"customer": customer, "agent": agent}


def _time(at: Instant | None) -> str | None:
    return None if at is None else format_instant(at)


def _cut(words: str, limit: int) -> str | None:
    return words.replace("\0", " ").strip()[:limit] or None
