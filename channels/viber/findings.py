"""What `check` has to say about a bot: pure, over what get_account_info answered."""

from msgspec import Struct

from channels.base import Finding, Mode
from channels.viber.events import RECEIPTS
from channels.webhooks import host, our_webhook


class Account(Struct):
    """The part of https://developers.viber.com/docs/api/rest-bot-api/#get-account-info that is looked at."""

    status: int
    name: str = ""
    webhook: str | None = None
    event_types: tuple[str, ...] | None = None  # None: not told


def account_findings(account: Account, mode: Mode, url: str | None) -> list[Finding]:
    """All findings; `url` is where our hook is."""
    installed = account.webhook or ""
    findings = [Finding("viber.token", "ok", f"the bot is {account.name or 'known'}"), _webhook(installed, mode, url)]
    if mode is not Mode.SEND_ONLY and installed and account.event_types is not None:
        findings.append(_event_types(account.event_types, mode))
    return findings


def _webhook(installed: str, mode: Mode, url: str | None) -> Finding:
    found = "viber.webhook"
    if mode is Mode.WEBHOOK:
        return our_webhook(found, installed, url)
    if not installed:
        hint = "the program that holds the bot must set its webhook, or use mode webhook"
        return Finding(
            found, "warning", "no webhook is set: nobody hears the customers, and the bot may not send", hint
        )
    if mode is Mode.RELAY and installed == url:
        return Finding(found, "warning", "the webhook points to us although the mode is relay", "use mode webhook")
    return Finding(found, "ok", f"mode {mode}: events go to {host(installed)}")


def _event_types(asked_for: tuple[str, ...], mode: Mode) -> Finding:
    found = "viber.event_types"
    missing = [name for name in RECEIPTS if name not in asked_for]
    if not missing:
        return Finding(found, "ok", "Viber tells what became of messages")
    if mode is Mode.RELAY:
        hint = "the program that holds the webhook must name them in its set_webhook"
    else:
        hint = "tapfive serve asks for them again"
    return Finding(found, "warning", f"Viber was not asked for: {', '.join(missing)}", hint)
