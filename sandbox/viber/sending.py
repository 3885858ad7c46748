"""What a message of a bot does to the conversation it reaches."""

from .delivery import Delivery
from .messages import Draft
from .state import Chat, Message, World

DEVICE_COMPLAINT = "message validation failed"


def post(world: World, delivery: Delivery, chat: Chat, draft: Draft, token: int) -> None:
    """Put a message on the customer's devices. A device may refuse what the API took: then only `failed` tells."""
    if world.device_refusals:
        failure = {"user_id": chat.user_id, "desc": world.device_refusals.pop(0)}
        delivery.tell(chat, "failed", failure, token=token)
        return
    message = Message(
        token,
        from_bot=True,
        at=world.now_ms,
        kind=draft.kind,
        text=draft.text,
        media=draft.media,
        sticker_id=draft.sticker_id,
        sender_name=draft.sender_name,
        keyboard=draft.keyboard,
        rich_media=draft.rich_media,
        tracking_data=draft.tracking_data,
    )
    chat.messages.append(message)
    chat.keyboard = draft.keyboard
    chat.tracking_data = draft.tracking_data
    chat.opened = True
    for _ in range(chat.customer.devices):
        delivery.tell(chat, "delivered", {"user_id": chat.user_id}, token=token)
