"""Whose a webhook is: for kinds where an account has one, which may be the helpdesk's. Pure.

Replacing or removing somebody else's would cut that program off from its messenger, so that is asked for in so many
words (`takeover = true`), and refused without.
"""

from urllib.parse import urlsplit

from channels.base import Finding, Phrase
from net.errors import Misconfigured

_UNREADABLE = Phrase("an unreadable url")


def host(url: str) -> str:
    """The host of a url, for people. The rest of a webhook's url is often its secret."""
    try:
        return urlsplit(url).hostname or _UNREADABLE
    except ValueError:
        return _UNREADABLE


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
        return no_address(found)
    if not installed:
        return Finding(found, "error", Phrase("the webhook is not installed"), Phrase("tapfive serve installs it"))
    if installed != url:
        hint = Phrase("if that is the helpdesk, use mode relay or send-only: takeover = true would cut it off")
        return Finding(found, "error", Phrase("the webhook belongs to %(host)s", host=host(installed)), hint)
    return Finding(found, "ok", Phrase("the webhook points to us"))


def our_webhook_in_relay(found: str) -> Finding:
    """What `check` says where nobody has to forward what comes to us anyway."""
    text = Phrase("the webhook points to us although the mode is relay")
    return Finding(found, "warning", text, Phrase("use mode webhook"))


def no_address(found: str) -> Finding:
    """What `check` says where there is nothing to install."""
    text = Phrase("there is no public address to install")
    return Finding(found, "error", text, Phrase("set [server] public_url"))
