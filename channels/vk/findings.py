"""What `check` has to say about a community: pure, over what VK answered."""

from channels.base import Finding, Mode
from channels.vk.community import Events, Group, Server
from channels.vk.failures import NO_BOTS
from channels.webhooks import host

_NEEDED = {
    Mode.WEBHOOK: ("messages", "manage"),
    Mode.POLLING: ("messages", "manage"),
    Mode.RELAY: ("messages",),
    Mode.SEND_ONLY: ("messages",),
}


def token(group: Group, group_id: int) -> Finding:
    """Whether the access key is this community's."""
    found = "vk.token"
    if group.id != group_id:
        hint = f"set group_id = {group.id}, or give the key of the other one"
        return Finding(found, "error", f"the access key belongs to community {group.id}, not to {group_id}", hint)
    return Finding(found, "ok", f"the community is {group.name or group.id}")


def permissions(may: set[str], mode: Mode) -> Finding:
    """Whether the access key may do what the mode needs."""
    found = "vk.permissions"
    missing = [name for name in _NEEDED[mode] if name not in may]
    if missing:
        hint = "make a key in Manage, API usage, Access tokens, with messages and manage"
        return Finding(found, "error", f"the access key may not: {', '.join(missing)}", hint)
    return Finding(found, "ok", "the access key may do what is needed")


def bot_capabilities(*, on: bool) -> Finding:
    """Whether VK takes buttons."""
    found = "vk.bot_capabilities"
    if not on:
        return Finding(found, "error", NO_BOTS, "switch them on; every prompt fails until then")
    return Finding(found, "ok", "VK did not refuse buttons")


def callback(ours: list[Server], mode: Mode, url: str | None, *, confirmation: bool) -> Finding:
    """Whether VK posts to our hook."""
    found = "vk.callback"
    if url is None:
        return Finding(found, "error", "there is no public address to install", "set [server] public_url")
    if not ours and mode is Mode.RELAY:
        return Finding(found, "ok", "mode relay: events come from whoever forwards them")
    if not ours:
        return Finding(found, "error", "the Callback API server is not installed", "tapfive serve installs it")
    if ours[0].status != "ok":
        hint = "see that it answers from the internet; tapfive serve has it confirmed again"
        if mode is Mode.RELAY and not confirmation:
            hint = "set confirmation to the string that the community's page shows, and press Confirm there"
        return Finding(found, "error", f"VK does not post to {host(url)}: its status is {ours[0].status}", hint)
    if len(ours) > 1:
        return Finding(found, "warning", "two Callback API servers have our address", "remove one of them")
    return Finding(found, "ok", "VK posts to us")


def events(state: Events, mode: Mode) -> Finding:
    """Whether our server gets all that it needs."""
    found = "vk.events"
    if not state.missing:
        return Finding(found, "ok", "all needed events are switched on")
    hint = (
        "tapfive serve switches them on"
        if mode is Mode.WEBHOOK
        else "switch them on in Manage, API usage, Callback API"
    )
    return _kept_back(found, state, hint)


def long_poll(state: Events) -> Finding:
    """Whether the long poll brings all that it should."""
    found = "vk.long_poll"
    if not state.is_enabled:
        return Finding(found, "error", "the long poll is switched off", "tapfive serve switches it on")
    if state.missing:
        return _kept_back(found, state, "tapfive serve switches them on")
    return Finding(found, "ok", "the long poll is on, with all needed events")


def _kept_back(found: str, state: Events, hint: str) -> Finding:
    text = f"VK keeps back: {', '.join(state.missing)}"
    return Finding(found, "error" if "message_event" in state.missing else "warning", text, hint)
