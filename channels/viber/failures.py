"""What a refusal means, by a table over `status`: Viber answers HTTP 200 to everything, and 0 alone is success.

https://developers.viber.com/docs/api/rest-bot-api/#error-codes. Texts of Viber are not repeated: they can quote the message.
Pure.
"""

from dataclasses import dataclass
from typing import Literal

from net.errors import DeliveryError, Misconfigured, OutcomeUnknown, RecipientGone, Rejected, Throttled, Unreachable

Act = Literal["send", "account"]
"""What was asked: only `send` does harm when it is done twice; `account` concerns no recipient."""

OK = 0
TOO_MANY = 12
TOO_OLD = frozenset({13, 14})
"""The customer's app does not know what the message's `min_api_version` asks for."""

NOT_VIBER = "the answer was not Viber's"


@dataclass(frozen=True, slots=True)
class Meaning:
    """The error of a status, and its text."""

    error: type[Rejected | RecipientGone | Misconfigured | Unreachable]
    text: str


STATUSES = {
    1: Meaning(Unreachable, "Viber got no 200 from the webhook's address, or does not trust its certificate"),
    2: Meaning(Misconfigured, "Viber refused the token"),
    3: Meaning(Rejected, "Viber found the message malformed"),
    4: Meaning(Rejected, "Viber missed something in the message"),
    5: Meaning(RecipientGone, "there is no such customer, or the id is another bot's"),
    6: Meaning(RecipientGone, "the customer never wrote to this bot, or unsubscribed"),
    7: Meaning(Misconfigured, "the bot is blocked"),
    8: Meaning(Misconfigured, "there is no bot with this token"),
    9: Meaning(Misconfigured, "the bot is suspended"),
    10: Meaning(Misconfigured, "no webhook is set for the bot, and without one it may not send"),
    11: Meaning(RecipientGone, "the customer has no device that takes messages of bots"),
    13: Meaning(Rejected, "the customer's app is too old for this message"),
    14: Meaning(Rejected, "the customer's app is too old for something in this message"),
    15: Meaning(Misconfigured, "the bot is not allowed to do this"),
    16: Meaning(Rejected, "Viber takes no such message in this chat"),
    17: Meaning(Rejected, "Viber takes no such message from this bot"),
    18: Meaning(Rejected, "the bot has no public chat"),
    19: Meaning(Rejected, "Viber cannot broadcast this message"),
    20: Meaning(Rejected, "Viber does not let this bot broadcast"),
    21: Meaning(RecipientGone, "the bot may not write to the customer's country"),
    22: Meaning(Rejected, "Viber does not take payments of this kind"),
    23: Meaning(Misconfigured, "the month's free messages are used up"),
    24: Meaning(Misconfigured, "the bot's balance is used up"),
}


def decide(status: int, act: Act, wait: float) -> DeliveryError:
    """The failure that a status other than 0 means. `wait`: seconds, since Viber tells none.

    What has no row is a failure of Viber's own that may pass, and nothing was sent.
    """
    code = str(status)
    if status == TOO_MANY:
        # For a message it is the customer who got 100 in an hour without answering; the others may go on.
        scope: Literal["recipient", "account"] = "recipient" if act == "send" else "account"
        return Throttled("Viber asks to wait", retry_after=wait, scope=scope, platform_code=code)
    meaning = STATUSES.get(status, Meaning(Unreachable, "Viber is out of order"))
    error = meaning.error
    if act == "account" and error is not Unreachable:
        error = Misconfigured  # nothing here concerns a recipient
    return error(meaning.text, platform_code=code)


def unsettled(text: str, act: Act, platform_code: str = "") -> DeliveryError:
    """The request was written and nothing clear came back: a second message would hurt, a second webhook would not."""
    if act == "send":
        return OutcomeUnknown(text, platform_code=platform_code)
    return Unreachable(text, platform_code=platform_code)
