"""What a failed call means, by a table over `error_code` and the description.

The Bot API has no stable sub-codes: a failure is told by its code and by a part of its text, in lower case; unknown and
raw upper-case codes come as 400 (https://core.telegram.org/bots/api#making-requests, tdlib/telegram-bot-api Client.cpp).
No text that leaves here holds the token, an address or a customer's words. Pure; knows nothing of aiogram.
"""

import re
from dataclasses import dataclass
from typing import Literal

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

Act = Literal["send", "edit", "acknowledge", "account"]
"""What was asked: only `send` does harm when it is done twice; `account` concerns no recipient."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A part of a description, in lower case, and what it means."""

    code: int
    part: str
    error: type[Rejected | RecipientGone | Misconfigured]
    text: str


RULES = (
    # the message to edit
    Rule(400, "message to edit not found", NotEditable, "the message is gone"),
    Rule(400, "message can't be edited", NotEditable, "the message can no longer be edited"),
    Rule(400, "message_id_invalid", NotEditable, "the message is gone"),
    Rule(400, "message_author_required", NotEditable, "the message is not this bot's own"),
    # the tap to acknowledge
    Rule(400, "query is too old", TapExpired, "the tap waits for no answer any more"),
    Rule(400, "query id is invalid", TapExpired, "the tap waits for no answer any more"),
    Rule(400, "query_id_invalid", TapExpired, "the tap waits for no answer any more"),
    # nobody there
    Rule(400, "chat not found", RecipientGone, "the customer never started this bot, or the id is another bot's"),
    Rule(400, "peer_id_invalid", RecipientGone, "the customer never started this bot, or the id is another bot's"),
    Rule(400, "chat_id_invalid", RecipientGone, "there is no such chat"),
    Rule(400, "user not found", RecipientGone, "there is no such user"),
    Rule(400, "user_id_invalid", RecipientGone, "there is no such user"),
    Rule(400, "user_is_blocked", RecipientGone, "the customer blocked the bot"),
    Rule(400, "user_is_bot", RecipientGone, "the address is a bot"),
    Rule(400, "user_deactivated", RecipientGone, "the account is deactivated"),
    Rule(400, "group chat was deactivated", RecipientGone, "the group is gone"),
    Rule(400, "upgraded to a supergroup", RecipientGone, "the group became a supergroup, and its new id was not told"),
    Rule(403, "bot was blocked by the user", RecipientGone, "the customer blocked the bot"),
    Rule(403, "user is deactivated", RecipientGone, "the account is deactivated"),
    Rule(403, "can't initiate conversation", RecipientGone, "the customer never started this bot"),
    Rule(403, "can't send messages to bots", RecipientGone, "the address is a bot"),
    Rule(403, "bot was kicked", RecipientGone, "the bot was removed from the group"),
    Rule(403, "bot is not a member", RecipientGone, "the bot is not in the group"),
    # the group's own settings: only this message fails, and the next may pass
    Rule(400, "not enough rights", Rejected, "the bot may not write in this group"),
    Rule(400, "have no rights to send", Rejected, "the bot may not write in this group"),
    Rule(400, "chat_write_forbidden", Rejected, "the bot may not write in this group"),
    Rule(400, "topic_closed", Rejected, "the topic of the group is closed"),
    # what we said
    Rule(400, "message is too long", Rejected, "the text is too long"),
    Rule(400, "message_too_long", Rejected, "the text is too long"),
    Rule(400, "message text is empty", Rejected, "the text is empty"),
    Rule(400, "reply markup is too long", Rejected, "the keyboard is too large"),
    Rule(400, "button_data_invalid", Rejected, "a button carries too much"),
    # the account
    Rule(400, "logged out", Misconfigured, "the bot was logged out of this Bot API server"),
    Rule(409, "webhook is active", Misconfigured, "the bot has a webhook, so it cannot be polled"),
    Rule(409, "terminated by other getupdates", Misconfigured, "another program polls with the same token"),
    Rule(409, "terminated by setwebhook", Misconfigured, "somebody set a webhook for the bot, so it cannot be polled"),
)

_DEFAULTS: dict[int, tuple[type[Rejected | RecipientGone | Misconfigured], str]] = {
    400: (Rejected, "Telegram refused the request"),
    401: (Misconfigured, "Telegram refused the token: it was revoked, or is another bot's"),
    403: (RecipientGone, "Telegram forbids to write to this chat"),
    404: (Misconfigured, "Telegram knows no such bot, or api_url is no Bot API"),
    409: (Misconfigured, "another program uses the same token"),
    413: (Rejected, "the request is too large"),
}

NOT_THE_BOT_API = "the answer was not the Bot API's"

_RETRY_AFTER = re.compile(r"retry after ([0-9]{1,9})")
_RETRY_AFTER_UNTOLD = 5.0
_PRIVATE = re.compile(r"[0-9]+:[\w-]{3,}|bot[0-9]+[^\s]*|https?://\S+|@\w+|-?[0-9]{5,}", re.ASCII)
_MAX_SAID = 120


def decide(code: int, description: str, act: Act, scope: Scope = "account") -> DeliveryError | None:
    """The failure that an answer of the Bot API means; None for the one refusal that is success."""
    said = description.lower()
    platform_code = f"{code} {clean(description)}".strip()
    if act == "edit" and "message is not modified" in said:
        return None  # the message already says it: the usual end of an edit that is done a second time
    if code == 429 or "too many requests" in said:  # noqa: PLR2004 - HTTP's own number
        told = _RETRY_AFTER.search(said)
        retry_after = float(told[1]) if told else _RETRY_AFTER_UNTOLD
        return Throttled("Telegram asks to wait", retry_after=retry_after, scope=scope)
    if code >= 500:  # noqa: PLR2004 - HTTP's own number
        return unsettled("Telegram is out of order", act, platform_code)
    for rule in RULES:
        if rule.code == code and rule.part in said:
            return rule.error(rule.text, platform_code=platform_code)
    default, text = _DEFAULTS.get(code, (Rejected, "Telegram refused the request"))
    if act == "account":
        # Nothing here concerns a recipient: whatever is refused, the account is set up wrongly.
        default, text = Misconfigured, text if code in {401, 404, 409} else f"Telegram refused: {clean(description)}"
    return default(text, platform_code=platform_code)


def unsettled(text: str, act: Act, platform_code: str = "") -> DeliveryError:
    """The request was written and nothing clear came back: a second message would hurt, a second edit would not."""
    if act == "send":
        return OutcomeUnknown(text, platform_code=platform_code)
    return Unreachable(text, platform_code=platform_code)


def throttled_scope(act: Act, address: str) -> Scope:
    """Whom a 429 concerns. Telegram does not say.

    An edit answers a customer's own tap, and whoever taps quickly brings their own chat to its limit of about one
    message a second: all others must go on. A group takes 20 messages a minute, far fewer than an account's pace
    assumes, so for a group (its id is negative) it is most likely the group. A new message to a person comes at the
    pace that the outbox keeps for one chat, so there it is the whole bot, and sending on to others would make the wait
    longer. A wrong guess for one chat is corrected by the next 429 of another.
    """
    return "recipient" if act == "edit" or address.startswith("-") else "account"


def clean(description: str) -> str:
    """What Telegram said, without what could be a token, an address or an id; at most 120 characters."""
    return _PRIVATE.sub("…", " ".join(description.split()))[:_MAX_SAID]
