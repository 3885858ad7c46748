"""What `check` has to say about a bot's webhook: pure, over what getWebhookInfo answered."""

from dataclasses import dataclass

from channels.base import Finding, Mode
from channels.telegram.failures import clean
from channels.telegram.updates import ALLOWED_UPDATES
from channels.webhooks import host, our_webhook

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
        hint = "see that the url answers 200 from the internet, with a valid certificate, on port 443, 80, 88 or 8443"
        text = f"Telegram could not deliver to the webhook within the last hour: {clean(state.last_error)}"
        findings.append(Finding("telegram.delivery", "warning", text, hint))
    return findings


def _webhook(installed: str, mode: Mode, url: str | None) -> Finding:
    found = "telegram.webhook"
    if mode is Mode.WEBHOOK:
        return our_webhook(found, installed, url)
    if mode is Mode.POLLING and installed:
        hint = "use mode relay or send-only if it is the helpdesk's; else remove it with deleteWebhook"
        return Finding(found, "error", f"a webhook to {host(installed)} is set, so the bot cannot be polled", hint)
    if mode is Mode.RELAY and installed and installed == url:
        return Finding(found, "warning", "the webhook points to us although the mode is relay", "use mode webhook")
    return Finding(found, "ok", f"mode {mode}: updates go to {host(installed) if installed else 'whoever polls'}")


def _allowed_updates(allowed: tuple[str, ...], mode: Mode) -> Finding:
    found = "telegram.allowed_updates"
    missing = [name for name in ALLOWED_UPDATES if name not in allowed] if allowed else []
    if not missing:
        return Finding(found, "ok", "all needed updates are allowed")
    if mode is Mode.RELAY:
        hint = "the program that holds the webhook must name them in its setWebhook"
    else:
        hint = "tapfive serve sets the list again"
    text = f"Telegram keeps back: {', '.join(missing)}"
    return Finding(found, "error" if "callback_query" in missing else "warning", text, hint)


def _pending(pending: int) -> Finding:
    found = "telegram.pending"
    if pending < MANY_PENDING:
        return Finding(found, "ok", f"{pending} updates wait")
    hint = "Telegram drops a tap after 150 seconds; see why they are not taken"
    return Finding(found, "warning", f"{pending} updates wait", hint)
