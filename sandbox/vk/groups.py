"""groups.…: who the token belongs to, and where its events go.

https://dev.vk.com/ru/method/groups
"""

from urllib.parse import urlsplit

from .call import Call
from .events import ALL_EVENTS
from .parameters import Parameters, flag_of, required_integer, version_of
from .refusals import RefusedError, invalid
from .state import CallbackServer, Json

MAX_SERVERS = 10
MAX_TITLE = 14
MAX_SECRET = 50
_MASKS = {"photos": 4, "messages": 4096, "docs": 131072, "manage": 262144}


def get_by_id(call: Call) -> Json:
    """The token's own community, or those that are named."""
    named = call.parameters.get("group_ids") or call.parameters.get("group_id") or str(call.community.group_id)
    try:
        found = [call.world.community(int(one) if one.isdecimal() else one) for one in named.split(",")]
    except LookupError:
        raise RefusedError(125) from None
    fields = [
        {
            "id": community.group_id,
            "name": community.name,
            "screen_name": community.screen_name,
            "is_closed": 0,
            "type": "group",
            "photo_50": "",
            "photo_100": "",
            "photo_200": "",
        }
        for community in found
    ]
    return {"groups": fields, "profiles": []}


def get_token_permissions(call: Call) -> Json:
    """What the token may do."""
    permissions = [{"name": name, "setting": _MASKS[name]} for name in sorted(call.community.scopes)]
    return {"mask": sum(_MASKS[name] for name in call.community.scopes), "permissions": permissions}


def get_confirmation_code(call: Call) -> Json:
    """What the next server has to say, as plain text, when it is asked for a confirmation."""
    call.own_group()
    return {"code": call.community.confirmation_code}


def add_server(call: Call) -> Json:
    """Make a server. Nothing is switched on for it, and its address is asked to confirm."""
    call.own_group()
    if len(call.community.servers) >= MAX_SERVERS:
        raise RefusedError(2000)
    url, title, secret = _read_server(call.parameters)
    call.community.last_server_id += 1
    server = CallbackServer(call.community.last_server_id, url, title, secret)
    call.community.servers[server.server_id] = server
    call.delivery.confirm(call.community, server)
    return {"server_id": server.server_id}


def edit_server(call: Call) -> int:
    """Change a server; it has to confirm again, by a code that has changed."""
    server = _server(call)
    server.url, server.title, server.secret_key = _read_server(call.parameters)
    call.delivery.confirm(call.community, server)
    return 1


def delete_server(call: Call) -> int:
    """Take a server away."""
    del call.community.servers[_server(call).server_id]
    return 1


def get_servers(call: Call) -> Json:
    """All servers, or those of `server_ids`, with their secrets: the token may manage."""
    call.own_group()
    wanted = {one.strip() for one in call.parameters.get("server_ids", "").split(",") if one.strip()}
    items = [
        {
            "id": server.server_id,
            "title": server.title,
            "creator_id": 0,
            "url": server.url,
            "secret_key": server.secret_key,
            "status": server.status,
        }
        for server in call.community.servers.values()
        if not wanted or str(server.server_id) in wanted
    ]
    return {"count": len(items), "items": items}


def get_callback_settings(call: Call) -> Json:
    """Which events a server gets, and in the shape of which version."""
    server = _server(call)
    return {"api_version": server.api_version, "events": _flags(server.events)}


def set_callback_settings(call: Call) -> int:
    """Switch events on and off. What is not named stays as it is."""
    server = _server(call)
    server.api_version = _read_version(call.parameters, server.api_version)
    _switch(server.events, call.parameters)
    return 1


def get_long_poll_server(call: Call) -> Json:
    """Where to poll, with which key, and from where on."""
    call.own_group()
    if not call.community.long_poll.enabled:
        raise invalid("longpoll for this group is not enabled")
    return dict(call.polling.server(call.community, f"{call.host}/lp"))


def get_long_poll_settings(call: Call) -> Json:
    """Whether the long poll is on, and for which events."""
    call.own_group()
    poll = call.community.long_poll
    return {"is_enabled": poll.enabled, "api_version": poll.api_version, "events": _flags(poll.events)}


def set_long_poll_settings(call: Call) -> int:
    """Switch the long poll, and its events, on and off. What is not named stays as it is."""
    call.own_group()
    poll = call.community.long_poll
    enabled = flag_of(call.parameters, "enabled")
    poll.api_version = _read_version(call.parameters, poll.api_version)
    poll.enabled = poll.enabled if enabled is None else enabled
    _switch(poll.events, call.parameters)
    return 1


def _server(call: Call) -> CallbackServer:
    call.own_group()
    server = call.community.servers.get(required_integer(call.parameters, "server_id"))
    if server is None:
        raise RefusedError(104)
    return server


def _read_server(parameters: Parameters) -> tuple[str, str, str]:
    url, title, secret = (parameters.get(name, "") for name in ("url", "title", "secret_key"))
    try:
        parts = urlsplit(url)
    except ValueError:
        raise invalid("url is invalid") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise invalid("url is invalid")
    if not 1 <= len(title) <= MAX_TITLE:
        raise invalid(f"title should contain from 1 to {MAX_TITLE} letters")
    if len(secret) > MAX_SECRET:
        raise invalid(f"secret_key should be no longer than {MAX_SECRET} letters")
    return url, title, secret


def _read_version(parameters: Parameters, default: str) -> str:
    given = parameters.get("api_version", default)
    if version_of(given) is None:
        raise invalid("api_version is invalid")
    return given


def _flags(events: set[str]) -> Json:
    return {name: int(name in events) for name in sorted(ALL_EVENTS)}


def _switch(events: set[str], parameters: Parameters) -> None:
    for name in ALL_EVENTS & parameters.keys():
        (events.add if flag_of(parameters, name) else events.discard)(name)
