"""The customers' side: what a person does on the phone. Each act changes the conversation and tells the bot."""

import json
from collections.abc import Sequence
from typing import Any

from sandbox.phones.customers_api import NotPossibleError

from .delivery import Delivery
from .keyboards import rows_of
from .messages import read_message
from .sending import post
from .state import Bot, Chat, Customer, Event, Json, Message, World
from .statuses import RefusedError

ANONYMOUS = "Subscriber"  # for a bot that did not ask for names


class CustomerSide:
    """Acts of customers. `who` is a customer's number, or the user id that a bot knows the customer by.

    `bot` is a token or URI; it may be left out where there is one bot, and with a user id, which names its bot.
    Unknown customers, bots and messages raise LookupError; what a phone does not allow raises NotPossibleError.
    """

    def __init__(self, world: World, delivery: Delivery) -> None:
        self.world = world
        self.delivery = delivery

    # --- who there is ---------------------------------------------------------------------------------------------

    def add_customer(
        self,
        name: str,
        language: str = "ru",
        *,
        number: int | None = None,
        country: str = "UA",
        api_version: int = 10,
        devices: int = 1,
        subscribed: Sequence[str] | None = None,
    ) -> Customer:
        """A person with a phone. `subscribed` names the tokens of the bots that may write; None: all, also later ones."""
        number = max(self.world.customers, default=0) + 1 if number is None else number
        bots = None if subscribed is None else frozenset(subscribed)
        customer = Customer(number, name, language, country, api_version, devices, bots)
        self.world.add(customer=customer)
        return customer

    def user_id(self, number: int, bot: str | None = None) -> str:
        """What a bot knows this person by."""
        return self.world.find(number, bot).user_id

    def chat(self, who: int | str, bot: str | None = None) -> Chat:
        """The conversation with a bot."""
        return self.world.find(who, bot)

    def messages(self, who: int | str, bot: str | None = None) -> list[Message]:
        """What the phone shows, oldest first."""
        return self.chat(who, bot).visible

    # --- taps -----------------------------------------------------------------------------------------------------

    def tap(
        self,
        who: int | str,
        button: int | str,
        *,
        bot: str | None = None,
        message_token: int | None = None,
        other_device: bool = False,
    ) -> Message:
        """Press a button, by its place or its ActionBody. Bubbles stay where they are; a keyboard is there until the next message.

        `message_token` names the bubble. With `other_device` the person holds a second one, which missed the last
        messages: any keyboard that the bot ever sent can be pressed on it. Returns what was sent to the bot.
        """
        chat = self.chat(who, bot)
        boards = _boards(chat, message_token, other_device=other_device)
        pressed = _button(boards, button)
        action = pressed.get("ActionType", "reply")
        if action not in {"reply", "open-url"}:
            raise NotPossibleError("this button sends nothing to the bot")
        silent = pressed.get("Silent", False) and chat.customer.knows_silent_buttons
        return self._send(chat, "text", {"text": pressed["ActionBody"]}, silent=silent)

    # --- words ----------------------------------------------------------------------------------------------------

    def write(self, who: int | str, text: str, *, bot: str | None = None, other_device: bool = False) -> Message:
        """Write a text, which is also how a person subscribes. The phone must have an input field."""
        text = text.strip()
        if not text:
            raise NotPossibleError("an empty message cannot be sent")
        chat = self._with_input(who, bot, other_device=other_device)
        return self._send(chat, "text", {"text": text})

    def send_picture(self, who: int | str, text: str = "", *, bot: str | None = None) -> Message:
        """Send a picture, perhaps with words below it."""
        chat = self._with_input(who, bot)
        media = f"https://dl-media.viber.com/{self.world.random.getrandbits(64):016x}.jpg"
        return self._send(chat, "picture", {"text": text, "media": media, "thumbnail": media, "file_name": "image.jpg"})

    def send_sticker(self, who: int | str, sticker_id: int = 40126, *, bot: str | None = None) -> Message:
        """Send a sticker."""
        return self._send(self._with_input(who, bot), "sticker", {"sticker_id": sticker_id})

    # --- the conversation itself ----------------------------------------------------------------------------------

    def open_chat(self, who: int | str, context: str = "", *, bot: str | None = None) -> None:
        """Open the conversation, perhaps by a deep link. Allows nothing yet, but a welcome in the bot's reply."""
        chat = self.chat(who, bot)
        chat.opened = True
        content: Json = {"type": "open", "user": _user(chat), "subscribed": chat.subscribed}
        self.delivery.tell(chat, "conversation_started", {**content, **({"context": context} if context else {})})

    def subscribe(self, who: int | str, bot: str | None = None) -> None:
        """Let the bot write."""
        chat = self.chat(who, bot)
        if not chat.subscribed:
            chat.subscribed = chat.opened = True
            self.delivery.tell(chat, "subscribed", {"user": _user(chat)})

    def unsubscribe(self, who: int | str, bot: str | None = None) -> None:
        """Let the bot write no more. To write to it again subscribes again."""
        chat = self.chat(who, bot)
        if chat.subscribed:
            chat.subscribed = False
            self.delivery.tell(chat, "unsubscribed", {"user_id": chat.user_id})

    def see(self, who: int | str, bot: str | None = None) -> None:
        """Read what the bot sent. Every device says so, each for itself."""
        chat = self.chat(who, bot)
        for message in chat.messages:
            if message.from_bot and not message.seen and message.kind != "keyboard":
                message.seen = True
                for _ in range(chat.customer.devices):
                    self.delivery.tell(chat, "seen", {"user_id": chat.user_id}, token=message.message_token)

    def clear(self, who: int | str, *, bot: str | None = None) -> None:
        """Clear the history on the phone. The bot learns nothing of it; the keyboard stays."""
        self.chat(who, bot).messages.clear()
        self.world.changes.notify()

    def deactivate(self, number: int) -> None:
        """Delete the person's account."""
        self.world.find(number).customer.registered = False
        self.world.changes.notify()

    def _welcome(self, bot: Bot, event: Event, reply: bytes) -> None:
        """Show the message in the reply to an opened chat, once per opening. What is none is dropped without a word."""
        try:
            draft = read_message(_object(reply))
        except RefusedError:
            return
        chat = self.world.receiver(bot, event.user_id)
        assert chat is not None, "whoever opened the chat has one"
        if draft.min_api_version <= chat.customer.api_version:
            post(self.world, self.delivery, chat, draft, self.world.next_token())

    def _with_input(self, who: int | str, bot: str | None, *, other_device: bool = False) -> Chat:
        chat = self.chat(who, bot)
        if chat.input == "hidden" and not other_device:
            raise NotPossibleError("the keyboard hides the input field")
        return chat

    def _send(self, chat: Chat, kind: str, content: Json, *, silent: bool = False) -> Message:
        if not chat.customer.registered:
            raise NotPossibleError("the account is deleted")
        self.see(chat.user_id)
        now = self.world.clock()
        chat.subscribed = chat.opened = True
        chat.replied_at = now
        chat.unanswered.clear()
        message = Message(
            self.world.next_token(),
            from_bot=False,
            at=self.world.now_ms,
            kind=kind,
            text=content.get("text", ""),
            media=content.get("media", ""),
            sticker_id=content.get("sticker_id", 0),
            tracking_data=chat.tracking_data,
            silent=silent,
        )
        chat.messages.append(message)
        said: Json = {"type": kind, **content}
        if chat.tracking_data:
            said["tracking_data"] = chat.tracking_data
        body = {"sender": _user(chat), "message": said, "silent": silent}
        message.event = self.delivery.tell(chat, "message", body, token=message.message_token)
        return message


def _user(chat: Chat) -> Json:
    """The customer as a callback describes them: with no name for a bot that did not ask for it."""
    webhook, customer = chat.bot.webhook, chat.customer
    user: Json = {
        "id": chat.user_id,
        "name": customer.name if webhook and webhook.send_name else ANONYMOUS,
        "language": customer.language,
        "country": customer.country,
        "api_version": customer.api_version,
    }
    if webhook and webhook.send_photo:
        user["avatar"] = f"https://media-direct.cdn.viber.com/download_photo?dlid={customer.number}"
    return user


def _boards(chat: Chat, message_token: int | None, *, other_device: bool) -> list[Json]:
    """What can be pressed, the newest first."""
    if message_token is not None:
        for message in chat.messages:
            if message.message_token == message_token and (board := message.rich_media) is not None:
                return [board]
        raise LookupError("no such bubble with buttons in the sandbox")
    boards = [chat.keyboard] if chat.keyboard else []
    for message in reversed(chat.messages):
        if message.rich_media:
            boards.append(message.rich_media)
        if message.keyboard and other_device:
            boards.append(message.keyboard)
    return boards


def _button(boards: list[Json], button: int | str) -> Json:
    for board in boards:
        for place, found in enumerate(one for row in rows_of(board) for one in row):
            if button in (place, found["ActionBody"]):
                return found
        if isinstance(button, int):
            break
    raise NotPossibleError("the phone shows no such button")


def _object(reply: bytes) -> dict[str, Any]:
    try:
        content = json.loads(reply)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
