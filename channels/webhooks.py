"""Whose a webhook is: for kinds where an account has one, which may be the helpdesk's. Pure.

Replacing or removing somebody else's would cut that program off from its messenger, so that is asked for in so many
words (`takeover = true`), and refused without.
"""

from urllib.parse import urlsplit

from channels.base import Finding
from net.errors import Misconfigured


def host(url: str) -> str:
    """The host of a url, for people. The rest of a webhook's url is often its secret."""
    try:
        return urlsplit(url).hostname or "an unreadable url"
    except ValueError:
        return "an unreadable url"


def may_install(installed: str, url: str, *, takeover: bool) -> None:
    """Raise Misconfigured where somebody else's webhook stands in the place of ours."""
    if installed not in {"", url} and not takeover:
        raise Misconfigured(
            f"the bot's webhook belongs to {host(installed)}: set takeover = true to replace it, "
            "which cuts that program (the helpdesk?) off from its messenger; or use mode relay or send-only"
        )


def may_remove(installed: str, ours: str | None, *, takeover: bool) -> None:
    """Raise Misconfigured where the webhook that is installed is not `ours`."""
    if installed != ours and not takeover:
        raise Misconfigured(f"the bot's webhook belongs to {host(installed)}: it is not ours to remove")


def our_webhook(found: str, installed: str, url: str | None) -> Finding:
    """What `check` says in webhook mode, under the id `found`; `url` is where our hook is."""
    if url is None:
        return Finding(found, "error", "there is no public address to install", "set [server] public_url")
    if not installed:
        return Finding(found, "error", "the webhook is not installed", "tapfive serve installs it")
    if installed != url:
        hint = "if that is the helpdesk, use mode relay or send-only: takeover = true would cut it off"
        return Finding(found, "error", f"the webhook belongs to {host(installed)}", hint)
    return Finding(found, "ok", "the webhook points to us")
