"""What a refusal means, by a table over Pyrus's `error_code`: https://pyrus.com/en/help/api/errors-and-limits.

The codes are fixed, the words change; the words are for the admin, without what could be an address or a customer's. Pure.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from net.errors import DeliveryError, Misconfigured, Rejected, Throttled, Unreachable
from net.http import retry_after

Act = Literal["task", "account"]
"""What was asked: something of one task, or of forms, register and profile, where a refusal says that the set-up is wrong."""

NOT_PYRUS = "the answer was not that of Pyrus's API"
STALE = frozenset({"expired_token", "revoked_token", "invalid_token"})
"""The token is of no use any more: a new one is."""

WINDOW = 600.0  # seconds of Pyrus's limit: 5,000 requests in ten minutes
MAX_SAID = 200

_WORDLESS = frozenset({"invalid_value_format", "text_field_value_limit_exceeded", "invalid_json", "invalid_email"})
"""Codes whose words quote the value that was refused."""

_PRIVATE = re.compile(r"\S+@\S+|https?://\S+|[\"'«“][^\"'»”]{40,}[\"'»”]|\+?[0-9][0-9 ()-]{6,}[0-9]|[0-9A-Za-z_-]{32,}")
_TOO_MANY, _BROKEN, _UNAUTHORIZED, _NOT_FOUND = 429, 500, 401, 404


@dataclass(frozen=True, slots=True)
class Rule:
    """What a code means."""

    error: type[Rejected | Misconfigured | Unreachable]
    text: str


RULES: Mapping[str, Rule] = {
    # again later
    "server_error": Rule(Unreachable, "Pyrus is out of order"),
    # the set-up
    "invalid_credentials": Rule(Misconfigured, "Pyrus refused login or security_key"),
    "authorization_error": Rule(Misconfigured, "Pyrus refused the login"),
    "account_blocked": Rule(Misconfigured, "the bot's account is blocked"),
    "token_not_specified": Rule(Misconfigured, "Pyrus got no token: does a proxy take headers away?"),
    "access_denied_form": Rule(Misconfigured, "the bot has no access to the form"),
    # this task alone
    "access_denied_task": Rule(Rejected, "the bot has no access to this task"),
    "access_denied_close_task": Rule(Rejected, "the bot may not close this task"),
    "access_denied_reopen_task": Rule(Rejected, "the bot may not reopen this task"),
    "access_denied_person": Rule(Rejected, "the bot may not work with this person or role"),
    "access_denied_project": Rule(Rejected, "the bot has no access to this list"),
    "required_field_missing": Rule(Rejected, "a field that this step requires is empty"),
    "required_table_field_missing": Rule(Rejected, "a table's field that this step requires is empty"),
    "too_many_comments": Rule(Rejected, "the task has all the comments that Pyrus allows"),
    "invalid_field_id": Rule(Rejected, "the form has no such field"),
    "deleted_field": Rule(Rejected, "the field was deleted from the form"),
    "unable_to_edit_field": Rule(Rejected, "the field cannot be changed at this step"),
    "type_is_not_supported": Rule(Rejected, "a field of this type cannot be written"),
    "invalid_value_format": Rule(Rejected, "the field does not take this value"),
    "field_is_in_table": Rule(Rejected, "the field is in a table"),
    "text_field_value_limit_exceeded": Rule(Rejected, "the text is too long for the field"),
}

ACTION_CODES = frozenset(
    {"access_denied_close_task", "access_denied_reopen_task", "required_field_missing", "required_table_field_missing"}
)
"""Codes that refuse a whole comment because of its action."""

FIELD_CODES = frozenset(
    {
        "invalid_field_id",
        "invalid_field_name",
        "invalid_field_id_name",
        "deleted_field",
        "duplicate_field",
        "unable_to_edit_field",
        "type_is_not_supported",
        "invalid_value_format",
        "field_is_in_table",
        "text_field_value_limit_exceeded",
        "single_value_is_not_supported",
        "task_has_no_form",
        "required_field_missing",
        "required_table_field_missing",
    }
)
"""Codes that refuse a whole comment because of a field in it."""

PERSON_CODES = frozenset(
    {
        "access_denied_person",
        "invalid_person_id",
        "invalid_person_id_email",
        "person_identity_missing",
        "participant_limit_exceeded",
        "cannot_add_external_user",
    }
)
"""Codes that refuse a whole comment because of whom the task shall go to."""

LIST_CODES = frozenset({"access_denied_project", "cannot_add_form_project", "form_template_cant_be_removed_from_task"})
"""Codes that refuse a whole comment because of a list."""

TASK_CODES = frozenset({"access_denied_task", "too_many_comments", "404"})
"""Codes after which nothing of a comment can be written."""


def decide(status: int, code: str, words: str, headers: Mapping[str, str], act: Act, now: float) -> DeliveryError:
    """The failure that an answer means. `code` may be empty: then whatever stands before Pyrus answered. `now`: seconds."""
    told = code or str(status)
    if status == _TOO_MANY or code == "too_many_requests":
        return Throttled("Pyrus asks to wait", retry_after=_wait(headers, now), platform_code=told)
    rule = RULES.get(code)
    if rule is None and status >= _BROKEN:
        return Unreachable(f"Pyrus answered {status}", platform_code=told)
    if rule is None and status == _UNAUTHORIZED:
        return Misconfigured("Pyrus refused the token", platform_code=told)
    said = "" if code in _WORDLESS else clean(words)
    if rule is None and status == _NOT_FOUND:
        if act == "account":
            return Misconfigured("Pyrus answered 404: are api_url and the forms' ids right?", platform_code=told)
        return Rejected("there is no such task", platform_code=str(_NOT_FOUND))
    text = rule.text if rule is not None else "Pyrus refused the request"
    error: type[Rejected | Misconfigured | Unreachable] = rule.error if rule is not None else Rejected
    if act == "account" and error is Rejected:
        error = Misconfigured  # nothing here concerns one task
    return error(f"{text}: {said}" if said else text, platform_code=told)


def clean(words: str) -> str:
    """What Pyrus said, without what could be an address, a token or a long quotation; at most 200 characters."""
    return _PRIVATE.sub("…", " ".join(words.split()))[:MAX_SAID]


def _wait(headers: Mapping[str, str], now: float) -> float:
    """Seconds by X-RateLimit-Reset, which counts seconds; should it ever be a time, then until that."""
    reset = headers.get("X-RateLimit-Reset") or headers.get("Retry-After")
    if reset is None:
        return WINDOW / 10
    if reset.isdigit() and now > 0 and float(reset) > now / 2:
        reset = str(max(0, int(float(reset) - now)))
    return retry_after(reset, now=now)
