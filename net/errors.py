"""The error family of every adapter: each error carries the decision what to do about it.

Adapters raise these and never retry; the outbox reads `again` and `retry_after` and decides. `code` is stable (it is
stored, counted and documented), `text` is short and for the admin, `platform_code` is what the platform itself said.
None of them may hold a token, an address or a customer's words.
"""

from typing import ClassVar, Literal

Scope = Literal["account", "recipient"]


class DeliveryError(Exception):
    """Something was not delivered. `again` says whether the same request may succeed later."""

    code: ClassVar[str]
    again: ClassVar[bool] = False

    def __init__(self, text: str, *, platform_code: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.platform_code = platform_code


class Unreachable(DeliveryError):
    """No connection, or the platform answered that it is out of order (5xx) before taking the request."""

    code = "unreachable"
    again = True


class Throttled(DeliveryError):
    """The platform asks to wait `retry_after` seconds, for the whole account or for this recipient alone."""

    code = "throttled"
    again = True

    def __init__(self, text: str, *, retry_after: float, scope: Scope = "account", platform_code: str = "429") -> None:
        super().__init__(text, platform_code=platform_code)
        self.retry_after = retry_after
        self.scope = scope


class Rejected(DeliveryError):
    """The platform will never take this request."""

    code = "rejected"


class NotEditable(Rejected):
    """The message to edit is gone or can no longer be edited: what it should say goes out as a new message."""

    code = "not_editable"


class TapExpired(Rejected):
    """The tap waits for no acknowledgment any more. Nothing is wrong with the rating."""

    code = "tap_expired"


class RecipientGone(DeliveryError):
    """This address takes no messages (blocked, deactivated, never started); later prompts to it are skipped."""

    code = "recipient_gone"


class OptedOut(DeliveryError):
    """The platform says that this recipient refused messages."""

    code = "opted_out"


class WindowClosed(DeliveryError):
    """The platform's time window for unasked messages is over."""

    code = "window_closed"


class Misconfigured(DeliveryError):
    """The account cannot work as it is set up (revoked token, missing right): a person must act."""

    code = "misconfigured"


class OutcomeUnknown(DeliveryError):
    """The request was written and no answer came: it may or may not have been carried out."""

    code = "outcome_unknown"


class WebhookRejected(Exception):
    """An inbound request that is not proven to come from the platform. Its text never says which part failed."""
