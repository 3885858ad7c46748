"""The customers' side: what a person does on the phone. Each act changes the chat and tells the bot, as Telegram does."""

from collections.abc import Sequence
from itertools import islice
from typing import Any

from sandbox.phones.customers_api import NotPossibleError

from .delivery import Delivery
from .entities import utf16_length
from .state import MESSAGE_LIFE, TAP_LIFE, Bot, Chat, Customer, Group, Json, Message, Tap, World
from .updates import FAMILIES, Update


class CustomerSide:
    """Acts of customers. `bot` is a token or username and may be left out where there is one bot.

    `user_id` names the chat: the customer's own with the bot, or a group by its id, then with `as_user` for who acts.
    Unknown customers, bots and messages raise LookupError; what a phone does not allow raises NotPossibleError.
    """

    def __init__(self, world: World, delivery: Delivery) -> None:
        self.world = world
        self.delivery = delivery

    # --- who there is ---------------------------------------------------------------------------------------------

    def add_customer(
        self, user_id: int, first_name: str, language_code: str = "ru", *, started: Sequence[str] | None = None
    ) -> Customer:
        """A person with a phone. `started` names the tokens of the bots where Start was pressed; None: all, also later ones."""
        customer = Customer(user_id, first_name, language_code, None if started is None else set(started))
        self.world.customers[user_id] = customer
        self.world.changes.notify()
        return customer

    def add_group(self, chat_id: int, title: str, members: Sequence[int] = ()) -> Group:
        """A group with all bots in it. Ids of groups are negative, those of supergroups begin with -100."""
        if chat_id >= 0:
            raise ValueError("the id of a group is negative")
        group = self.world.groups[chat_id] = Group(chat_id, title, set(members))
        self.world.changes.notify()
        return group

    def chat(self, user_id: int, bot: str | None = None) -> Chat:
        """What the bot sees of this conversation."""
        chat = self.world.chat(self.world.bot(bot), user_id)
        if chat is None:
            raise LookupError("no such chat in the sandbox")
        return chat

    def messages(self, user_id: int, bot: str | None = None) -> list[Message]:
        """All messages of the chat, oldest first."""
        return list(self.chat(user_id, bot).messages.values())

    # --- taps -----------------------------------------------------------------------------------------------------

    def tap(
        self,
        user_id: int,
        message_id: int,
        button: str | tuple[int, int],
        *,
        bot: str | None = None,
        as_user: int | None = None,
    ) -> Tap:
        """Press a button: (row, column) of the keyboard as it stands, or any data at all, as a forged client may.

        Every press is a new tap with a new id. The message may be gone: the bot then gets an inaccessible one.
        """
        owner, chat = self.world.bot(bot), self.chat(user_id, bot)
        message = chat.messages.get(message_id)
        data = button if isinstance(button, str) else _button_data(message, *button)
        by = self.world.customer(user_id if as_user is None else as_user)
        tap = Tap(self.world.next_tap_id(), by.user_id, message_id, data, self.world.clock())
        shown: Json = {"chat": chat.description, "message_id": message_id, "date": 0}
        if message is not None:
            shown = self.world.message(owner, chat, message)
        query = {
            "id": tap.tap_id,
            "from": by.user,
            "message": shown,
            "chat_instance": chat.chat_instance,
            "data": data,
        }
        self._forget_old_taps(owner)
        owner.taps[tap.tap_id] = chat.last_tap = tap
        tap.update = self._tell(owner, "callback_query", by.user_id, query, TAP_LIFE)
        return tap

    # --- words ----------------------------------------------------------------------------------------------------

    def write(
        self,
        user_id: int,
        text: str,
        *,
        reply_to: int | None = None,
        bot: str | None = None,
        as_user: int | None = None,
    ) -> Message:
        """Write a text, perhaps as a reply to a message. A word that begins with a slash is a command."""
        text = text.strip()
        if not text:
            raise NotPossibleError("an empty message cannot be sent")
        return self._post(user_id, bot, as_user, text=text, entities=_commands(text), reply_to=reply_to)

    def send_photo(self, user_id: int, caption: str = "", *, bot: str | None = None) -> Message:
        """Send a picture, perhaps with words below it."""
        size = {"file_id": self._file_id(), "file_unique_id": self._file_id(), "width": 640, "height": 480}
        return self._post(user_id, bot, None, caption=caption, media={"photo": [{**size, "file_size": 20480}]})

    def send_voice(self, user_id: int, caption: str = "", *, bot: str | None = None) -> Message:
        """Speak."""
        voice = {"file_id": self._file_id(), "file_unique_id": self._file_id(), "duration": 4, "mime_type": "audio/ogg"}
        return self._post(user_id, bot, None, caption=caption, media={"voice": voice})

    def send_sticker(self, user_id: int, emoji: str = "👍", *, bot: str | None = None) -> Message:
        """Send a sticker."""
        sticker = {"file_id": self._file_id(), "file_unique_id": self._file_id(), "type": "regular", "emoji": emoji}
        sizes = {"width": 512, "height": 512, "is_animated": False, "is_video": False}
        return self._post(user_id, bot, None, media={"sticker": {**sticker, **sizes}})

    def edit_text(self, user_id: int, message_id: int, text: str, *, bot: str | None = None) -> Message:
        """Correct a message of one's own."""
        owner, chat = self.world.bot(bot), self.chat(user_id, bot)
        message = chat.messages.get(message_id)
        if message is None:
            raise LookupError("no such message in the sandbox")
        if message.by == owner.bot_id or message.media:
            raise NotPossibleError("only one's own text can be edited")
        message.text, message.entities = text, _commands(text)
        message.edit_date = int(self.world.clock())
        self._tell(owner, "edited_message", user_id, self.world.message(owner, chat, message), MESSAGE_LIFE)
        return message

    def press_start(self, user_id: int, payload: str = "", *, bot: str | None = None) -> Message:
        """Press Start: lifts a block, and sends /start."""
        if self.chat(user_id, bot).blocked:
            self.unblock(user_id, bot)
        return self.write(user_id, f"/start {payload}".strip(), bot=bot)

    def write_stop(self, user_id: int, *, bot: str | None = None) -> Message:
        """Write /stop."""
        return self.write(user_id, "/stop", bot=bot)

    # --- the chat itself ------------------------------------------------------------------------------------------

    def block(self, user_id: int, bot: str | None = None) -> None:
        """Stop the bot: it gets `my_chat_member` and, from now on, 403."""
        self._set_blocked(user_id, bot, blocked=True)

    def unblock(self, user_id: int, bot: str | None = None) -> None:
        """Lift the block."""
        self._set_blocked(user_id, bot, blocked=False)

    def clear(self, user_id: int, *, bot: str | None = None) -> None:
        """Clear the history on both sides: the bot's edits find no message any more."""
        self.chat(user_id, bot).messages.clear()
        self.world.changes.notify()

    def delete_message(self, user_id: int, message_id: int, bot: str | None = None) -> None:
        """Delete one message on both sides."""
        if self.chat(user_id, bot).messages.pop(message_id, None) is None:
            raise LookupError("no such message in the sandbox")
        self.world.changes.notify()

    def deactivate(self, user_id: int) -> None:
        """Delete the customer's account."""
        self.world.customer(user_id).deactivated = True
        self.world.changes.notify()

    def migrate(self, chat_id: int) -> int:
        """Turn a group into a supergroup. Returns its new id."""
        group = self.world.groups[chat_id]
        group.migrated_to = int(f"-100{abs(chat_id) + 1_000_000}")
        self.add_group(group.migrated_to, group.title, tuple(group.members))
        return group.migrated_to

    def kick(self, chat_id: int, bot: str | None = None) -> None:
        """Throw the bot out of a group."""
        self.world.groups[chat_id].removed.add(self.world.bot(bot).token)

    def _tell(self, bot: Bot, kind: str, line: int, content: Json, life: float) -> Update | None:
        self.world.changes.notify()
        if bot.allowed_updates is not None and kind not in bot.allowed_updates:
            return None
        update = Update(kind, (FAMILIES[kind], line), content, self.world.clock() + life)
        bot.inbox.add(update, number=bot.webhook is not None)
        if bot.webhook is not None:
            self.delivery.add(bot, update)
        return update

    def _post(self, user_id: int, bot: str | None, as_user: int | None, **content: Any) -> Message:
        owner, chat = self.world.bot(bot), self.chat(user_id, bot)
        by = self.world.customer(user_id if as_user is None else as_user)
        if chat.blocked:
            raise NotPossibleError("the bot is blocked; unblock it to write")
        chat.started = True
        length = utf16_length(content.get("text", "") or content.get("caption", ""))
        if length > (4096 if "text" in content else 1024):
            raise NotPossibleError("the text is too long")
        message = chat.add(by.user_id, self.world.clock(), **content)
        self._tell(owner, "message", user_id, self.world.message(owner, chat, message), MESSAGE_LIFE)
        return message

    def _set_blocked(self, user_id: int, bot: str | None, *, blocked: bool) -> None:
        owner, chat = self.world.bot(bot), self.chat(user_id, bot)
        if chat.blocked == blocked:
            return
        chat.blocked = blocked
        states: list[Json] = [
            {"user": owner.user, "status": "member"},
            {"user": owner.user, "status": "kicked", "until_date": 0},
        ]
        change = {
            "chat": chat.description,
            "from": self.world.customer(user_id).user,
            "date": int(self.world.clock()),
            "old_chat_member": states[not blocked],
            "new_chat_member": states[blocked],
        }
        self._tell(owner, "my_chat_member", user_id, change, MESSAGE_LIFE)

    def _forget_old_taps(self, bot: Bot) -> None:
        """Taps are kept in the order they came: the oldest, which nobody can answer any more, go first."""
        too_old = self.world.clock() - TAP_LIFE
        for tap in list(islice(bot.taps.values(), 2)):
            if tap.at < too_old:
                del bot.taps[tap.tap_id]

    def _file_id(self) -> str:
        return f"AgAD{self.world.random.getrandbits(96):024x}"


def _button_data(message: Message | None, row: int, column: int) -> str:
    if message is None:
        raise LookupError("no such message in the sandbox")
    if row >= len(message.rows) or column >= len(message.rows[row]):
        raise LookupError("no such button below the message")
    data = message.rows[row][column].get("callback_data")
    if not isinstance(data, str):
        raise NotPossibleError("this button sends nothing to the bot")
    return data


def _commands(text: str) -> list[Json]:
    if not text.startswith("/"):
        return []
    command = text.split(maxsplit=1)[0]
    return [{"type": "bot_command", "offset": 0, "length": len(command)}] if len(command) > 1 else []
