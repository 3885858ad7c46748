"""A result as the desk's callback reads it, and what the callback answers. Pure."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from desks.base import Refusal, Result, Verb
from ratings.times import format_instant

EVENT = "rating.result"
MAX_CODE, MAX_TEXT = 60, 200
_MIN_HIDDEN = 3
_THEN = (Verb.REOPEN_CLEAR, Verb.REOPEN_KEEP, Verb.CLOSE, Verb.CLOSE_UNRATED)


def message_id(desk: str, key: str) -> str:
    """The webhook-id: the same whenever the same result is written. Without dots, as the standard wants it."""
    return f"msg_{hashlib.sha256(f'{desk} {key}'.encode()).hexdigest()[:40]}"


def result_body(result: Result, now: int) -> bytes:
    """The body of the webhook: only what is wanted is in it, so that whatever is there may be written as it is.

    Raises ValueError where a text is no Unicode.
    """
    wants = result.verbs
    data: dict[str, Any] = {"ticket": {"id": result.ticket_id}, "verbs": sorted(wants)}
    if Verb.SCORE in wants:
        data |= {"value": result.value, "symbol": result.symbol, "label": result.label, "scale": result.scale}
    if Verb.COMMENT in wants:
        data["comment"] = result.comment
    if Verb.RATED_AT in wants:
        data["rated_at"] = None if result.rated_at is None else format_instant(result.rated_at)
    if Verb.TAG in wants:
        data["tag"] = result.tag
    if Verb.UNTAG in wants:
        data["untag"] = list(result.untag)
    if Verb.NOTE in wants:
        data["note"] = result.note
    data["then"] = next((verb.value for verb in _THEN if verb in wants), "none")
    at = now if result.rated_at is None else result.rated_at
    return msgspec.json.encode({"type": EVENT, "timestamp": format_instant(at), "data": data})


def refusals(body: bytes, result: Result) -> tuple[Refusal, ...]:
    """What the desk refused of what was wanted. Anything else in the answer says nothing."""
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
        return ()
    listed = answer.get("refused") if isinstance(answer, dict) else None
    found: dict[Verb, Refusal] = {}
    for one in listed if isinstance(listed, list) else ():
        verb = next((verb for verb in result.verbs if isinstance(one, dict) and one.get("verb") == verb.value), None)
        if verb is not None:
            code = _line(one.get("code"), MAX_CODE, result) or "refused"
            found[verb] = Refusal(verb, code, _line(one.get("text"), MAX_TEXT, result) or "the desk gave no reason")
    return tuple(found[verb] for verb in sorted(found))


def unwritable(result: Result, code: str, text: str) -> tuple[Refusal, ...]:
    """Every verb that was wanted, refused."""
    return tuple(Refusal(verb, code, text) for verb in sorted(result.verbs))


def ticket_callback(ticket: Mapping[str, Any]) -> str:
    """The callback that a ticket names itself, in `fields` or beside the fields that we know; "" for none."""
    fields = ticket.get("fields")
    fields = fields if isinstance(fields, Mapping) else {}
    raw = fields.get("raw")
    for place in (fields, raw if isinstance(raw, Mapping) else {}):
        url = place.get("callback_url")
        if isinstance(url, str) and url:
            return url
    return ""


def _line(text: Any, limit: int, result: Result) -> str:
    """The desk's own words, one printable line; none where they repeat what the customer said or how they are reached."""
    if not isinstance(text, str):
        return ""
    line = " ".join("".join(char if char.isprintable() else " " for char in text[: 4 * limit]).split())
    if any(hidden in line for hidden in _hidden(result)):
        return "its words are withheld, since they repeat the customer's"
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _hidden(result: Result) -> Iterator[str]:
    customer, addresses = result.ticket.get("customer"), result.ticket.get("addresses")
    said: list[Any] = [result.comment, result.note]
    said += customer.values() if isinstance(customer, Mapping) else ()
    said += [one.get("id") for one in addresses if isinstance(one, Mapping)] if isinstance(addresses, list) else []
    for text in said:
        line = " ".join(text.split()) if isinstance(text, str) else ""
        if len(line) >= _MIN_HIDDEN:
            yield line
