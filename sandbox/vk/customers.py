"""The customers' side: what a person does on the phone. Each act changes the chat and tells the community, as VK does."""

import json
from collections.abc import Sequence
from itertools import islice
from typing import Any

from sandbox.phones.customers_api import NotPossibleError

from .publishing import Publishing
from .state import DEFAULT_ACTIONS, TAP_LIFE, Chat, Community, Customer, Json, Message, Tap, World

MAX_TEXT = 4096
START = '{"command":"start"}'
"""What the button of a chat without messages sends beside its word."""


class CustomerSide:
    """Acts of customers. `community` is a group id or short name and may be left out where there is one community.

    Messages are named by their `cmid`. Unknown customers, communities and messages raise LookupError; what a phone
    does not allow raises NotPossibleError.
    """

    def __init__(self, world: World, publishing: Publishing) -> None:
        self.world = world
        self.publishing = publishing
        self.payload_as_text = False
        """Whether taps carry their payload as a string of JSON, which the reference does not exclude."""

    # --- who there is ---------------------------------------------------------------------------------------------

    def add_customer(
        self,
        user_id: int,
        name: str,
        language: str = "ru",
        *,
        wrote: Sequence[int] | None = None,
        callback_buttons: bool = True,
        inline_keyboard: bool = True,
    ) -> Customer:
        """A person with a phone. `wrote` names the communities that may write to them; None: all, also later ones.

        The other two say what the app can do: old ones know no callback buttons, older ones no inline keyboards.
        """
        actions = [action for action in DEFAULT_ACTIONS if callback_buttons or action != "callback"]
        allowed = None if wrote is None else set(wrote)
        customer = Customer(user_id, name, language, allowed, actions, inline_keyboard)
        self.world.customers[user_id] = customer
        self.world.changes.notify()
        return customer

    def chat(self, user_id: int, community: int | str | None = None) -> Chat:
        """The conversation with the community."""
        return self.world.chat(self.world.community(community), user_id)

    def messages(self, user_id: int, community: int | str | None = None) -> list[Message]:
        """All messages of the chat that the customer sees, oldest first."""
        chat = self.chat(user_id, community)
        return [message for message in chat.messages.values() if message.cmid > chat.cleared_to]

    # --- buttons --------------------------------------------------------------------------------------------------

    def tap(self, user_id: int, cmid: int, button: str | tuple[int, int], *, community: int | str | None = None) -> Tap:
        """Press a callback button: (row, column) of the keyboard as it stands, or any payload, as a forger may.

        Every press is a new tap with a new id. The message may be gone or have lost its buttons.
        """
        owner, chat = self.world.community(community), self.chat(user_id, community)
        customer = self.world.customer(user_id)
        message = chat.messages.get(cmid)
        if isinstance(button, str):
            data = button
        else:
            action = _action(customer, message, *button)
            if action["type"] != "callback":
                raise NotPossibleError("this button sends no event to the community")
            if "callback" not in customer.button_actions:
                raise NotPossibleError("this customer's app does not know callback buttons")
            data = action["payload"]
        tap = Tap(self.world.token(12), user_id, cmid, data, self.world.clock())
        self._forget_old_taps(owner)
        owner.taps[tap.event_id] = chat.last_tap = tap
        content: Json = {
            "user_id": user_id,
            "peer_id": user_id,
            "event_id": tap.event_id,
            "payload": data if self.payload_as_text else json.loads(data),
        }
        if message is None or message.inline or not message.keyboard:
            content["conversation_message_id"] = cmid
        self.publishing.publish(owner, "message_event", content)
        return tap

    def tap_text(
        self, user_id: int, cmid: int, button: tuple[int, int], *, community: int | str | None = None
    ) -> Message:
        """Press a text button: the app writes its label, with its payload."""
        chat = self.chat(user_id, community)
        action = _action(self.world.customer(user_id), chat.messages.get(cmid), *button)
        if action["type"] != "text":
            raise NotPossibleError("this button writes nothing")
        return self._post(user_id, community, text=action["label"], payload=action.get("payload"))

    def press(
        self, user_id: int, cmid: int, button: tuple[int, int], *, community: int | str | None = None
    ) -> Tap | Message:
        """Press whichever button stands there."""
        chat = self.chat(user_id, community)
        action = _action(self.world.customer(user_id), chat.messages.get(cmid), *button)
        press = self.tap_text if action["type"] == "text" else self.tap
        return press(user_id, cmid, button, community=community)

    # --- words ----------------------------------------------------------------------------------------------------

    def write(
        self, user_id: int, text: str, *, reply_to: int | None = None, community: int | str | None = None
    ) -> Message:
        """Write a text, perhaps as a reply to a message. It lets the community write from now on."""
        text = text.strip()
        if not text:
            raise NotPossibleError("an empty message cannot be sent")
        return self._post(user_id, community, text=text, reply_to=reply_to)

    def send_photo(self, user_id: int, caption: str = "", *, community: int | str | None = None) -> Message:
        """Send a picture, perhaps with words."""
        sizes = [{"type": "x", "width": 604, "height": 453, "url": "https://sun.example/photo.jpg"}]
        return self._attach(user_id, community, "photo", {"sizes": sizes, "text": ""}, caption)

    def send_voice(self, user_id: int, *, community: int | str | None = None) -> Message:
        """Speak."""
        spoken = {"duration": 4, "waveform": [0, 9, 31, 12], "link_ogg": "https://psv.example/voice.ogg"}
        return self._attach(user_id, community, "audio_message", spoken, "")

    def send_sticker(self, user_id: int, *, community: int | str | None = None) -> Message:
        """Send a sticker."""
        return self._attach(user_id, community, "sticker", {"product_id": 1, "sticker_id": 3, "images": []}, "")

    def edit_text(self, user_id: int, cmid: int, text: str, *, community: int | str | None = None) -> Message:
        """Correct a message of one's own."""
        owner, chat = self.world.community(community), self.chat(user_id, community)
        message = _known(chat.messages.get(cmid))
        if message.by != user_id or message.attachments:
            raise NotPossibleError("only one's own text can be edited")
        message.text, message.update_time = text, int(self.world.clock())
        self.publishing.publish(owner, "message_edit", self.world.written(chat, message))
        return message

    def react(self, user_id: int, cmid: int, reaction_id: int | None, *, community: int | str | None = None) -> None:
        """Put a reaction (1 to 64) on a message, or take it away."""
        owner, chat = self.world.community(community), self.chat(user_id, community)
        _known(chat.messages.get(cmid))
        content = {"peer_id": user_id, "cmid": cmid, "reacted_id": user_id}
        if reaction_id is not None:
            content["reaction_id"] = reaction_id
        self.publishing.publish(owner, "message_reaction_event", content)

    def press_start(self, user_id: int, *, community: int | str | None = None) -> Message:
        """Press the button of an empty chat; it also lifts the customer's own block."""
        self.unblock(user_id, community)
        return self._post(user_id, community, text="Начать", payload=START)

    # --- the chat itself ------------------------------------------------------------------------------------------

    def allow(self, user_id: int, *, key: str = "", community: int | str | None = None) -> None:
        """Allow messages from the community, on its page or by its widget (`key` is what that was given)."""
        self.chat(user_id, community).allowed = True
        self.publishing.publish(self.world.community(community), "message_allow", {"user_id": user_id, "key": key})

    def deny(self, user_id: int, *, community: int | str | None = None) -> None:
        """Forbid messages: 901 from now on, until the customer allows them or writes."""
        self.chat(user_id, community).allowed = False
        self.publishing.publish(self.world.community(community), "message_deny", {"user_id": user_id})

    def block(self, user_id: int, community: int | str | None = None) -> None:
        """Put the community on one's blacklist: 900 from now on. It is told nothing."""
        self.chat(user_id, community).blacklisted = True
        self.world.changes.notify()

    def unblock(self, user_id: int, community: int | str | None = None) -> None:
        """Take it off again."""
        self.chat(user_id, community).blacklisted = False
        self.world.changes.notify()

    def set_private(self, user_id: int, *, private: bool = True) -> None:
        """Close one's messages to all that are not friends: 902."""
        self.world.customer(user_id).private = private

    def deactivate(self, user_id: int) -> None:
        """Delete the customer's account: 18."""
        self.world.customer(user_id).deactivated = True
        self.world.changes.notify()

    def clear(self, user_id: int, *, community: int | str | None = None) -> None:
        """Clear the history on the customer's side. The community keeps its own and may still edit."""
        chat = self.chat(user_id, community)
        chat.cleared_to = chat.last_cmid
        self.world.changes.notify()

    def operator_writes(self, user_id: int, text: str, *, community: int | str | None = None) -> Message:
        """A person of the community answers in VK itself, or through a helpdesk."""
        owner, chat = self.world.community(community), self.chat(user_id, community)
        message = self.world.add_message(owner, chat, -owner.group_id, text=text)
        content = {**self.world.written(chat, message), "admin_author_id": 1}
        self.publishing.publish(owner, "message_reply", content)
        return message

    def _attach(self, user_id: int, community: int | str | None, kind: str, described: Json, text: str) -> Message:
        number = 400_000_000 + self.world.random.randrange(1_000_000)
        attachment = {"type": kind, kind: {"id": number, "owner_id": user_id, **described}}
        return self._post(user_id, community, text=text, attachments=[attachment])

    def _post(self, user_id: int, community: int | str | None, **content: Any) -> Message:
        owner, chat = self.world.community(community), self.chat(user_id, community)
        customer = self.world.customer(user_id)
        if chat.blacklisted:
            raise NotPossibleError("the community is on the blacklist; take it off to write")
        if len(content["text"]) > MAX_TEXT:
            raise NotPossibleError("the text is too long")
        chat.allowed = True
        message = self.world.add_message(owner, chat, user_id, **content)
        written = self.world.written(chat, message)
        self.publishing.publish(owner, "message_new", {"message": written, "client_info": customer.client_info})
        return message

    def _forget_old_taps(self, community: Community) -> None:
        """Taps are kept in the order they came: the oldest, which nobody can answer any more, go first."""
        too_old = self.world.clock() - TAP_LIFE
        for tap in list(islice(community.taps.values(), 2)):
            if tap.at < too_old:
                del community.taps[tap.event_id]


def _known(message: Message | None) -> Message:
    if message is None:
        raise LookupError("no such message in the sandbox")
    return message


def _action(customer: Customer, message: Message | None, row: int, column: int) -> Json:
    keyboard = _known(message).keyboard or {"buttons": []}
    if keyboard.get("inline") and not customer.inline_keyboard:
        raise NotPossibleError("this customer's app shows no buttons below messages")
    rows: list[list[Json]] = keyboard["buttons"]
    if not 0 <= row < len(rows) or not 0 <= column < len(rows[row]):
        raise LookupError("no such button below the message")
    action: Json = rows[row][column]["action"]
    return action
