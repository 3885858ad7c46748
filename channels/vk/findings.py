"""What `check` has to say about a community: pure, over what VK answered."""

from channels.base import Finding, Mode, Phrase
from channels.vk.community import Events, Group, Server
from channels.vk.failures import NO_BOTS
from channels.webhooks import host, no_address

_NEEDED = {
    Mode.WEBHOOK: ("messages", "manage"),
    Mode.POLLING: ("messages", "manage"),
    Mode.RELAY: ("messages",),
    Mode.SEND_ONLY: ("messages",),
}
_SWITCHES = Phrase("tapfive serve switches them on")


def token(group: Group, group_id: int) -> Finding:
    """Whether the access key is this community's."""
    found = "vk.token"
    if group.id != group_id:
        text = Phrase("the access key belongs to community %(found)s, not to %(set)s", found=group.id, set=group_id)
        hint = Phrase("set group_id = %(found)s, or give the key of the other one", found=group.id)
        return Finding(found, "error", text, hint)
    return Finding(found, "ok", Phrase("the community is %(name)s", name=group.name or group.id))


def permissions(may: set[str], mode: Mode) -> Finding:
    """Whether the access key may do what the mode needs."""
    found = "vk.permissions"
    missing = [name for name in _NEEDED[mode] if name not in may]
    if missing:
        hint = Phrase("make a key in Manage, API usage, Access tokens, with messages and manage")
        return Finding(found, "error", Phrase("the access key may not: %(rights)s", rights=", ".join(missing)), hint)
    return Finding(found, "ok", Phrase("the access key may do what is needed"))


def bot_capabilities(*, on: bool) -> Finding:
    """Whether VK takes buttons."""
    found = "vk.bot_capabilities"
    if not on:
        return Finding(found, "error", NO_BOTS, Phrase("switch them on; every prompt fails until then"))
    return Finding(found, "ok", Phrase("VK did not refuse buttons"))


def callback(ours: list[Server], mode: Mode, url: str | None, *, confirmation: bool) -> Finding:
    """Whether VK posts to our hook."""
    found = "vk.callback"
    if url is None:
        return no_address(found)
    if not ours and mode is Mode.RELAY:
        return Finding(found, "ok", Phrase("mode relay: events come from whoever forwards them"))
    if not ours:
        text = Phrase("the Callback API server is not installed")
        return Finding(found, "error", text, Phrase("tapfive serve installs it"))
    if ours[0].status != "ok":
        status = ours[0].status
        text = Phrase("VK does not post to %(host)s: its status is %(status)s", host=host(url), status=status)
        hint = Phrase("see that it answers from the internet; tapfive serve has it confirmed again")
        if mode is Mode.RELAY and not confirmation:
            hint = Phrase("set confirmation to the string that the community's page shows, and press Confirm there")
        return Finding(found, "error", text, hint)
    if len(ours) > 1:
        text = Phrase("two Callback API servers have our address")
        return Finding(found, "warning", text, Phrase("remove one of them"))
    return Finding(found, "ok", Phrase("VK posts to us"))


def events(state: Events, mode: Mode) -> Finding:
    """Whether our server gets all that it needs."""
    found = "vk.events"
    if not state.missing:
        return Finding(found, "ok", Phrase("all needed events are switched on"))
    hint = _SWITCHES if mode is Mode.WEBHOOK else Phrase("switch them on in Manage, API usage, Callback API")
    return _kept_back(found, state, hint)


def long_poll(state: Events) -> Finding:
    """Whether the long poll brings all that it should."""
    found = "vk.long_poll"
    if not state.is_enabled:
        return Finding(found, "error", Phrase("the long poll is switched off"), Phrase("tapfive serve switches it on"))
    if state.missing:
        return _kept_back(found, state, _SWITCHES)
    return Finding(found, "ok", Phrase("the long poll is on, with all needed events"))


def _kept_back(found: str, state: Events, hint: Phrase) -> Finding:
    text = Phrase("VK keeps back: %(events)s", events=", ".join(state.missing))
    return Finding(found, "error" if "message_event" in state.missing else "warning", text, hint)
