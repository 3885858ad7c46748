"""What `check` has to say about a bot's webhook: pure, over what getWebhookInfo answered."""

from dataclasses import dataclass

from channels.base import Finding, Mode, Phrase
from channels.telegram.failures import clean
from channels.telegram.updates import ALLOWED_UPDATES
from channels.webhooks import host, our_webhook, our_webhook_in_relay

MANY_PENDING = 100
RECENT = 60 * 60


@dataclass(frozen=True, slots=True)
class WebhookState:
    """The part of https://core.telegram.org/bots/api#webhookinfo that is looked at; times in seconds since the epoch."""

    url: str
    allowed_updates: tuple[str, ...]  # empty: Telegram's own choice, which has all that is needed
    pending: int
    last_error_at: int | None
    last_error: str


def webhook_findings(state: WebhookState, mode: Mode, url: str | None, now: int) -> list[Finding]:
    """All findings; `url` is where our hook is, `now` the time in seconds since the epoch."""
    findings = [_webhook(state.url, mode, url)]
    if mode is not Mode.SEND_ONLY:
        findings += [_allowed_updates(state.allowed_updates, mode), _pending(state.pending)]
    if mode is not Mode.SEND_ONLY and state.url and state.last_error_at and now - state.last_error_at < RECENT:
        text = Phrase(
            "Telegram could not deliver to the webhook within the last hour: %(told)s", told=clean(state.last_error)
        )
        hint = Phrase(
            "see that the url answers 200 from the internet, with a valid certificate, on port 443, 80, 88 or 8443"
        )
        findings.append(Finding("telegram.delivery", "warning", text, hint))
    return findings


def _webhook(installed: str, mode: Mode, url: str | None) -> Finding:
    found = "telegram.webhook"
    if mode is Mode.WEBHOOK:
        return our_webhook(found, installed, url)
    if mode is Mode.POLLING and installed:
        text = Phrase("a webhook to %(host)s is set, so the bot cannot be polled", host=host(installed))
        hint = Phrase("use mode relay or send-only if it is the helpdesk's; else remove it with deleteWebhook")
        return Finding(found, "error", text, hint)
    if mode is Mode.RELAY and installed and installed == url:
        return our_webhook_in_relay(found)
    if not installed:
        return Finding(found, "ok", Phrase("mode %(mode)s: updates go to whoever polls", mode=mode))
    return Finding(found, "ok", Phrase("mode %(mode)s: updates go to %(host)s", mode=mode, host=host(installed)))


def _allowed_updates(allowed: tuple[str, ...], mode: Mode) -> Finding:
    found = "telegram.allowed_updates"
    missing = [name for name in ALLOWED_UPDATES if name not in allowed] if allowed else []
    if not missing:
        return Finding(found, "ok", Phrase("all needed updates are allowed"))
    if mode is Mode.RELAY:
        hint = Phrase("the program that holds the webhook must name them in its setWebhook")
    else:
        hint = Phrase("tapfive serve sets the list again")
    text = Phrase("Telegram keeps back: %(updates)s", updates=", ".join(missing))
    return Finding(found, "error" if "callback_query" in missing else "warning", text, hint)


def _pending(pending: int) -> Finding:
    found = "telegram.pending"
    text = Phrase("%(pending)s updates wait", pending=pending)
    if pending < MANY_PENDING:
        return Finding(found, "ok", text)
    hint = Phrase("Telegram drops a tap after 150 seconds; see why they are not taken")
    return Finding(found, "warning", text, hint)
