"""The methods that this stand-in knows, and the scope that a token needs for each ("": none)."""

from collections.abc import Callable
from typing import Any

from . import groups, messages
from .call import Call

Method = Callable[[Call], Any]

METHODS: dict[str, tuple[str, Method]] = {
    "messages.send": ("messages", messages.send),
    "messages.edit": ("messages", messages.edit),
    "messages.sendMessageEventAnswer": ("messages", messages.answer_event),
    "messages.isMessagesFromGroupAllowed": ("messages", messages.is_allowed),
    "groups.getById": ("", groups.get_by_id),
    "groups.getTokenPermissions": ("", groups.get_token_permissions),
    "groups.getCallbackConfirmationCode": ("manage", groups.get_confirmation_code),
    "groups.addCallbackServer": ("manage", groups.add_server),
    "groups.editCallbackServer": ("manage", groups.edit_server),
    "groups.deleteCallbackServer": ("manage", groups.delete_server),
    "groups.getCallbackServers": ("manage", groups.get_servers),
    "groups.getCallbackSettings": ("manage", groups.get_callback_settings),
    "groups.setCallbackSettings": ("manage", groups.set_callback_settings),
    "groups.getLongPollServer": ("manage", groups.get_long_poll_server),
    "groups.getLongPollSettings": ("manage", groups.get_long_poll_settings),
    "groups.setLongPollSettings": ("manage", groups.set_long_poll_settings),
}
