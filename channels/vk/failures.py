"""What a failed call means, by a table over VK's error codes (https://dev.vk.com/ru/reference/errors).

VK answers nearly everything with HTTP 200, so a status tells of proxies and of nothing else. No text that leaves here
holds the token, an address or a customer's words: VK's own words go through `clean`, and `request_params`, which echo
the request, are never looked at. Pure; knows nothing of vk_api.
"""

import re
from dataclasses import dataclass
from typing import Literal

from channels.base import Phrase
from net.errors import (
    DeliveryError,
    Misconfigured,
    NotEditable,
    OutcomeUnknown,
    RecipientGone,
    Rejected,
    Scope,
    TapExpired,
    Throttled,
    Unreachable,
)

Act = Literal["send", "send unprotected", "edit", "acknowledge", "account"]
"""What was asked. `send unprotected` has no key and does harm when it is done twice; `account` concerns no recipient."""

NOT_VK = "the answer was not that of VK's API"
NO_BOTS = Phrase(
    "the community's bot capabilities are switched off, so VK takes no buttons: Manage, Messages, Bot settings"
)

_SECOND, _MINUTES, _HOUR = 1.0, 300.0, 3600.0


@dataclass(frozen=True, slots=True)
class Rule:
    """What a code means."""

    error: type[Rejected | RecipientGone | Misconfigured | Unreachable]
    text: str


RULES = {
    # again later
    1: Rule(Unreachable, "VK is out of order"),
    10: Rule(Unreachable, "VK is out of order"),
    43: Rule(Unreachable, "VK has switched this part off for the moment"),
    # nobody there
    7: Rule(RecipientGone, "the customer does not let the community write"),
    18: Rule(RecipientGone, "the customer's page was deleted or banned"),
    30: Rule(RecipientGone, "the customer's page is private"),
    113: Rule(RecipientGone, "there is no such user"),
    900: Rule(RecipientGone, "the customer and the community have blocked each other"),
    901: Rule(RecipientGone, "the customer never wrote to the community, or does not allow its messages any more"),
    902: Rule(RecipientGone, "the customer's privacy settings forbid it"),
    932: Rule(RecipientGone, "the community cannot write to this customer"),
    936: Rule(RecipientGone, "there is no such contact"),
    945: Rule(RecipientGone, "the chat was closed"),
    946: Rule(RecipientGone, "VK does not support this chat"),
    # this message alone. 15 says many things, and not who is meant: so no address is given up because of it.
    15: Rule(Rejected, "VK denies access to this chat"),
    100: Rule(Rejected, "VK calls the request malformed"),
    911: Rule(Rejected, "VK does not take the buttons"),
    914: Rule(Rejected, "the text is too long"),
    917: Rule(Rejected, "the community is not in this chat"),
    943: Rule(Rejected, "VK does not take a message for this purpose"),
    944: Rule(Rejected, "VK takes no more messages for this purpose"),
    950: Rule(Rejected, "it is too late to write to this customer"),
    # the account
    3: Rule(Misconfigured, "VK knows no such method: api_url is not VK's API"),
    5: Rule(Misconfigured, "VK refused the access key: it was revoked, or is another's"),
    14: Rule(Misconfigured, "VK wants a captcha, which a program cannot solve"),
    17: Rule(Misconfigured, "VK wants the community's administrator to confirm who they are"),
    27: Rule(Misconfigured, "VK refused the community's access key"),
    28: Rule(Misconfigured, "VK refused the access key: it is an application's"),
    125: Rule(Misconfigured, "there is no community with this group_id"),
    203: Rule(Misconfigured, "the access key may not manage this community"),
    912: Rule(Misconfigured, NO_BOTS),
    2000: Rule(Misconfigured, "the community has ten Callback API servers, the most that VK allows: remove one"),
}

_THROTTLED: dict[int, tuple[str, float, Scope]] = {
    6: ("more calls a second than VK allows", _SECOND, "account"),
    # The same thing again and again: most likely to one customer, and the next 9 of another corrects a wrong guess.
    9: ("VK sees a flood", _MINUTES, "recipient"),
    29: ("the day's quota of calls is used up", _HOUR, "account"),
}

# Too old (24 hours), too big, too long, of another kind, pinned; 15 and 100 name an id that is not (any more) ours.
_NOT_EDITABLE = frozenset({7, 15, 100, 909, 910, 914, 917, 920, 949})
_NO_RIGHT = ("scope", "no access to call this method", "token")
_BROKEN, _TOO_MANY = 500, 429
_TOO_LARGE = frozenset({413, 414})

_PRIVATE = re.compile(r"vk1\.\S+|https?://\S+|@\S+|\[[^\]]*\]|[0-9a-f]{16,}|-?[0-9]{3,}", re.IGNORECASE)
_MAX_SAID = 120


def decide(code: int, words: str, act: Act) -> DeliveryError:
    """The failure that VK's answer means. `words` are VK's own."""
    said = clean(words)
    platform_code = f"{code} {said}".strip()
    if code in _THROTTLED:
        text, retry_after, scope = _THROTTLED[code]
        return Throttled(text, retry_after=retry_after, scope=scope, platform_code=platform_code)
    rule = RULES.get(code, Rule(Rejected, "VK refused the request"))
    if rule.error is Unreachable:
        return unsettled(rule.text, act, platform_code)
    if rule.error is Misconfigured:
        return Misconfigured(rule.text, platform_code=platform_code)
    if code in {7, 15} and any(part in words.lower() for part in _NO_RIGHT):
        return Misconfigured(
            "the access key has no right to do this: it needs messages and manage", platform_code=platform_code
        )
    if act == "account":
        # Nothing here concerns a recipient: whatever is refused, the account is set up wrongly.
        return Misconfigured(f"VK refused: {said or code}", platform_code=platform_code)
    if act == "edit" and code in _NOT_EDITABLE:
        return NotEditable("VK does not let this message be edited any more", platform_code=platform_code)
    if act == "acknowledge" and code == 100 and "event_id" in words:  # noqa: PLR2004 - VK's number
        return TapExpired("the tap waits for no answer any more", platform_code=platform_code)
    return rule.error(rule.text, platform_code=platform_code)


def decide_status(status: int, retry_after: float, act: Act) -> DeliveryError:
    """The failure that an HTTP status means: it comes from whatever stands before VK's API. `retry_after` in seconds."""
    text, code = f"VK's API answered {status}", str(status)
    if status == _TOO_MANY:
        return Throttled(text, retry_after=retry_after, platform_code=code)
    if status >= _BROKEN:
        return unsettled(text, act, code)
    if status in _TOO_LARGE:
        return Rejected(text, platform_code=code)
    return Misconfigured(f"{text}: is api_url right?", platform_code=code)


def unsettled(text: str, act: Act, platform_code: str = "") -> DeliveryError:
    """The request was written and nothing clear came back: only what VK cannot tell from a second one does harm."""
    if act == "send unprotected":
        return OutcomeUnknown(text, platform_code=platform_code)
    return Unreachable(text, platform_code=platform_code)


def clean(words: str) -> str:
    """What VK said, without what could be a token, an address or an id; at most 120 characters."""
    return _PRIVATE.sub("…", " ".join(words.split()))[:_MAX_SAID]
