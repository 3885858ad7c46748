"""What `check` has to say about a bot: pure, over what get_account_info answered."""

from msgspec import Struct

from channels.base import Finding, Mode, Phrase
from channels.viber.events import RECEIPTS
from channels.webhooks import host, our_webhook, our_webhook_in_relay


class Account(Struct):
    """The part of https://developers.viber.com/docs/api/rest-bot-api/#get-account-info that is looked at."""

    status: int
    name: str = ""
    webhook: str | None = None
    event_types: tuple[str, ...] | None = None  # None: not told


def account_findings(account: Account, mode: Mode, url: str | None) -> list[Finding]:
    """All findings; `url` is where our hook is."""
    installed = account.webhook or ""
    named = Phrase("the bot is %(name)s", name=account.name) if account.name else Phrase("the bot is known")
    findings = [Finding("viber.token", "ok", named), _webhook(installed, mode, url)]
    if mode is not Mode.SEND_ONLY and installed and account.event_types is not None:
        findings.append(_event_types(account.event_types, mode))
    return findings


def _webhook(installed: str, mode: Mode, url: str | None) -> Finding:
    found = "viber.webhook"
    if mode is Mode.WEBHOOK:
        return our_webhook(found, installed, url)
    if not installed:
        text = Phrase("no webhook is set: nobody hears the customers, and the bot may not send")
        hint = Phrase("the program that holds the bot must set its webhook, or use mode webhook")
        return Finding(found, "warning", text, hint)
    if mode is Mode.RELAY and installed == url:
        return our_webhook_in_relay(found)
    return Finding(found, "ok", Phrase("mode %(mode)s: events go to %(host)s", mode=mode, host=host(installed)))


def _event_types(asked_for: tuple[str, ...], mode: Mode) -> Finding:
    found = "viber.event_types"
    missing = [name for name in RECEIPTS if name not in asked_for]
    if not missing:
        return Finding(found, "ok", Phrase("Viber tells what became of messages"))
    if mode is Mode.RELAY:
        hint = Phrase("the program that holds the webhook must name them in its set_webhook")
    else:
        hint = Phrase("tapfive serve asks for them again")
    return Finding(found, "warning", Phrase("Viber was not asked for: %(events)s", events=", ".join(missing)), hint)
