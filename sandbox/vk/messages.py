"""messages.…: sending, editing, answering taps, refusing what VK refuses.

https://dev.vk.com/ru/method/messages
"""

from typing import Any

from .call import Call
from .keyboards import Keyboard, read_keyboard
from .parameters import integer_of, integers_of, object_of, required_integer
from .refusals import RefusedError, invalid
from .state import CHATS, EDITABLE, TAP_LIFE, Answer, Chat, Json, Message

MAX_PEERS = 100
MAX_MESSAGE_PAYLOAD = 1000
MAX_EVENT_DATA = 1000
MAX_SNACKBAR = 90
_INT32 = 2**31


def send(call: Call) -> int | list[Json]:
    """Send a message. With `peer_ids` each peer has its own answer, errors among them; else it is the message's id."""
    parameters = call.parameters
    random_id = required_integer(parameters, "random_id")
    if not -_INT32 <= random_id < _INT32:
        raise invalid("random_id is out of range")
    peers = _read_peers(call)
    text = _read_text(call, attachment=bool(parameters.get("attachment")))
    keyboard = _read_own_keyboard(call)
    payload = _read_payload(call)
    reply_to = integer_of(parameters, "reply_to")
    if "peer_ids" not in parameters:
        return _send_one(call, peers[0], random_id, text, keyboard, payload, reply_to).message_id
    answers: list[Json] = []
    for peer in peers:
        try:
            message = _send_one(call, peer, random_id, text, keyboard, payload, reply_to)
        except RefusedError as refused:
            answers.append(
                {"peer_id": peer, "message_id": 0, "error": {"code": refused.code, "description": refused.words}}
            )
        else:
            answers.append({"peer_id": peer, "message_id": message.message_id, "conversation_message_id": message.cmid})
    return answers


def edit(call: Call) -> int:
    """Replace text and keyboard of one's own message, within a day.

    What an edit without `keyboard` does to the old one the reference does not say: here it stays, so that a client
    which forgets to take the buttons away is found out.
    """
    peer = required_integer(call.parameters, "peer_id")
    cmid = integer_of(call.parameters, "conversation_message_id") or integer_of(call.parameters, "cmid")
    message_id = integer_of(call.parameters, "message_id")
    if not cmid and not message_id:
        raise invalid("message_id or conversation_message_id is required")
    text = _read_text(call, attachment=bool(call.parameters.get("attachment")))
    keyboard = _read_own_keyboard(call)
    chat = _open_chat(call, peer)
    message = next(
        (one for one in chat.messages.values() if (one.cmid == cmid if cmid else one.message_id == message_id)), None
    )
    if message is None or message.by != -call.community.group_id:
        raise RefusedError(15)
    if call.world.clock() - message.date > EDITABLE:
        raise RefusedError(909)
    message.text = text
    if keyboard is not None:
        message.keyboard = keyboard if keyboard["buttons"] else None
    message.update_time = int(call.world.clock())
    call.publishing.publish(call.community, "message_edit", call.world.written(chat, message))
    return 1


def answer_event(call: Call) -> int:
    """Stop the spinner on a button, perhaps with words. Once per tap, and within a minute."""
    event_id = call.parameters.get("event_id", "")
    user_id = required_integer(call.parameters, "user_id")
    peer_id = required_integer(call.parameters, "peer_id")
    event_data = _read_event_data(call)
    tap = call.community.taps.get(event_id)
    if tap is None or tap.answer is not None or call.world.clock() - tap.at > TAP_LIFE:
        raise invalid("invalid event_id")
    if (user_id, peer_id) != (tap.by, tap.by):
        raise invalid("invalid event_id")
    tap.answer = Answer(event_data, call.world.clock())
    return 1


def is_allowed(call: Call) -> Json:
    """Whether the community may write to a customer."""
    call.own_group()
    user_id = required_integer(call.parameters, "user_id")
    if user_id not in call.world.customers:
        return {"is_allowed": 0}
    return {"is_allowed": int(call.world.chat(call.community, user_id).allowed)}


def _send_one(
    call: Call,
    peer: int,
    random_id: int,
    text: str,
    keyboard: Keyboard | None,
    payload: str | None,
    reply_to: int | None,
) -> Message:
    community, world = call.community, call.world
    chat = _open_chat(call, peer)
    if random_id and (earlier := community.sent.get((peer, random_id))):
        return earlier
    target = next((one.cmid for one in chat.messages.values() if one.message_id == reply_to), None)
    if reply_to and target is None:
        raise invalid("reply_to")
    message = world.add_message(
        community,
        chat,
        -community.group_id,
        text=text,
        keyboard=keyboard,
        payload=payload,
        reply_to=target,
        random_id=random_id,
    )
    if random_id:
        community.sent[peer, random_id] = message
    call.publishing.publish(community, "message_reply", world.written(chat, message))
    return message


def _open_chat(call: Call, peer: int) -> Chat:
    """The chat with a customer who takes messages from this community. Raises RefusedError."""
    if peer > CHATS or peer < 0:
        raise RefusedError(917)
    customer = call.world.customers.get(peer)
    if customer is None:
        raise RefusedError(901)  # nobody with this id ever wrote
    if customer.deactivated:
        raise RefusedError(18)
    chat = call.world.chat(call.community, peer)
    if chat.blacklisted:
        raise RefusedError(900)
    if customer.private:
        raise RefusedError(902)
    if not chat.allowed:
        raise RefusedError(901)
    return chat


def _read_peers(call: Call) -> list[int]:
    if "peer_ids" in call.parameters:
        peers = integers_of(call.parameters, "peer_ids")
        if not 1 <= len(peers) <= MAX_PEERS:
            raise invalid(f"peer_ids should contain from 1 to {MAX_PEERS} items")
        return peers
    for name in ("peer_id", "user_id"):
        if peer := integer_of(call.parameters, name):
            return [peer]
    raise invalid("you should specify peer_id, user_id, domain, chat_id or user_ids param")


def _read_text(call: Call, *, attachment: bool) -> str:
    text = call.parameters.get("message", "")
    if not text.strip() and not attachment:
        raise invalid("message is empty or invalid")
    if len(text) > call.world.limits.text:
        raise RefusedError(914)
    return text


def _read_own_keyboard(call: Call) -> Keyboard | None:
    keyboard = read_keyboard(call.parameters)
    if keyboard is not None and not call.community.bot_capabilities:
        raise RefusedError(912)
    return keyboard


def _read_payload(call: Call) -> str | None:
    if object_of(call.parameters, "payload") is None:
        return None
    payload = call.parameters["payload"]
    if len(payload) > MAX_MESSAGE_PAYLOAD:
        raise invalid("payload is too long")
    return payload


def _read_event_data(call: Call) -> Json | None:
    data: Any = object_of(call.parameters, "event_data")
    if data is None:
        return None
    kind = data.get("type") if isinstance(data, dict) else None
    if len(call.parameters["event_data"]) > MAX_EVENT_DATA:
        raise invalid("event_data is too long")
    if kind == "show_snackbar":
        text = data.get("text")
        if not isinstance(text, str) or not text or len(text) > MAX_SNACKBAR:
            raise invalid(f"event_data text should contain from 1 to {MAX_SNACKBAR} letters")
    elif kind == "open_link":
        if not isinstance(data.get("link"), str):
            raise invalid("event_data should contain link")
    elif kind == "open_app":
        if not isinstance(data.get("app_id"), int):
            raise invalid("event_data should contain app_id")
    else:
        raise invalid("event_data has incorrect type")
    assert isinstance(data, dict), "only objects have a type"
    return data
