"""What the Bot API refuses, this stand-in refuses: status, `error_code` and the words."""

import json
from typing import Any

import aiohttp
import pytest

from sandbox.telegram import Limits, TelegramSandbox

from .conftest import ANNA, BORIS, GROUP, TOKEN, Api, Clock, keyboard

HI = {"chat_id": ANNA, "text": "Hi"}


def button(**fields: Any) -> dict[str, Any]:
    return {"inline_keyboard": [[fields]]}


NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    # method, parameters, the words after "Bad Request: "
    ("sendMessage", {"text": "Hi"}, "chat_id is empty"),
    ("sendMessage", {"chat_id": 999, "text": "Hi"}, "chat not found"),
    ("sendMessage", {"chat_id": "@anna", "text": "Hi"}, "chat not found"),
    ("sendMessage", {"chat_id": ANNA}, "message text is empty"),
    ("sendMessage", {"chat_id": ANNA, "text": " \n "}, "message text is empty"),
    ("sendMessage", {"chat_id": ANNA, "text": "я" * 4097}, "message is too long"),
    ("sendMessage", {"chat_id": ANNA, "text": "😍" * 2049}, "message is too long"),  # UTF-16 units
    ("sendMessage", {**HI, "parse_mode": "Word"}, "unsupported parse_mode"),
    ("sendMessage", {**HI, "reply_parameters": {"message_id": 99}}, "message to be replied not found"),
    ("sendMessage", {**HI, "reply_markup": "{"}, "can't parse reply keyboard markup JSON object"),
    ("sendMessage", {**HI, "reply_markup": [1]}, "object expected as reply markup"),
    ("sendMessage", {**HI, "reply_markup": keyboard("d" * 65)}, "BUTTON_DATA_INVALID"),
    ("sendMessage", {**HI, "reply_markup": keyboard("я" * 33)}, "BUTTON_DATA_INVALID"),  # bytes, not characters
    ("sendMessage", {**HI, "reply_markup": keyboard(*"abcdefghi", columns=9)}, "reply markup is too long"),
    ("sendMessage", {**HI, "reply_markup": keyboard(*["d"] * 101, columns=8)}, "reply markup is too long"),
    (
        "sendMessage",
        {**HI, "reply_markup": button(text="a")},
        "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
    ),
    (
        "sendMessage",
        {**HI, "reply_markup": button(text="a", callback_data="")},
        "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
    ),
    (
        "sendMessage",
        {**HI, "reply_markup": button(text="a", magic="b")},
        "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
    ),
    (
        "sendMessage",
        {**HI, "reply_markup": button(callback_data="a")},
        "can't parse inline keyboard button: Can't find field \"text\"",
    ),
    ("editMessageText", {"chat_id": ANNA, "message_id": 99, "text": "Hi"}, "message to edit not found"),
    ("editMessageText", {"chat_id": ANNA, "text": "Hi"}, "message identifier is not specified"),
    ("editMessageText", {"inline_message_id": "AA", "text": "Hi"}, "MESSAGE_ID_INVALID"),
    ("editMessageText", {"chat_id": ANNA, "message_id": 1, "text": "Hi"}, "message can't be edited"),  # her own
    (
        "editMessageText",
        {"chat_id": ANNA, "message_id": 2, "text": "Hi", "reply_markup": {"force_reply": True}},
        "inline keyboard expected",
    ),
    (
        "editMessageText",
        {"chat_id": ANNA, "message_id": 2, "text": "Rate", "reply_markup": keyboard("a")},
        NOT_MODIFIED,
    ),
    (
        "editMessageReplyMarkup",
        {"chat_id": ANNA, "message_id": 2, "reply_markup": keyboard("a")},
        NOT_MODIFIED,
    ),
    ("deleteMessage", {"chat_id": ANNA, "message_id": 99}, "message to delete not found"),
    (
        "answerCallbackQuery",
        {"callback_query_id": "1"},
        "query is too old and response timeout expired or query ID is invalid",
    ),
    (
        "setWebhook",
        {"url": "https://example.com/h", "secret_token": "a b"},
        "secret token contains unallowed characters",
    ),
    ("setWebhook", {"url": "https://example.com/h", "secret_token": "a" * 257}, "secret token is too long"),
    ("setWebhook", {"url": "ftp://example.com/h"}, "bad webhook: invalid URL specified"),
]


@pytest.mark.parametrize(("method", "parameters", "words"), REFUSED)
async def test_refuses(sandbox: TelegramSandbox, api: Api, method: str, parameters: dict[str, Any], words: str) -> None:
    sandbox.write(ANNA, "Hello")
    await api("sendMessage", chat_id=ANNA, text="Rate", reply_markup=keyboard("a"))
    before = sandbox.messages(ANNA)

    status, answer = await api(method, **parameters)

    assert (status, answer) == (400, {"ok": False, "error_code": 400, "description": f"Bad Request: {words}"})
    assert sandbox.messages(ANNA) == before


BROKEN = [
    ("HTML", "<b>bold", 'Can\'t find end tag corresponding to start tag "b"'),
    ("HTML", "a < b", "Unclosed start tag at byte offset 2"),
    ("HTML", "я <x>", 'Unsupported start tag "x" at byte offset 3'),
    ("HTML", "<b>a</i>", 'Unmatched end tag, expected "</b>", found "</i>" at byte offset 4'),
    ("HTML", "a</b>", "Unexpected end tag at byte offset 1"),
    ("MarkdownV2", "No. 1", "Character '.' is reserved and must be escaped with the preceding '\\'"),
    ("MarkdownV2", "*bold", "Can't find end of Bold entity at byte offset 0"),
    ("Markdown", "ticket_1", "Can't find end of the entity starting at byte offset 6"),
]


@pytest.mark.parametrize(("mode", "text", "words"), BROKEN)
async def test_refuses_broken_markup(api: Api, mode: str, text: str, words: str) -> None:
    status, answer = await api("sendMessage", chat_id=ANNA, text=text, parse_mode=mode)
    assert (status, answer["description"]) == (400, f"Bad Request: can't parse entities: {words}")


BOLD_AT_3 = [{"type": "bold", "offset": 3, "length": 2}]


@pytest.mark.parametrize(
    ("mode", "text"), [("HTML", "😍 <b>&lt;&#33;</b>"), ("MarkdownV2", "😍 *<\\!*"), ("Markdown", "😍 *<!*")]
)
async def test_markup_becomes_entities_in_utf16_units(api: Api, mode: str, text: str) -> None:
    _, answer = await api("sendMessage", chat_id=ANNA, text=text, parse_mode=mode)
    assert (answer["result"]["text"], answer["result"]["entities"]) == ("😍 <!", BOLD_AT_3)


FITS: list[dict[str, Any]] = [
    {"text": "я" * 4096},
    {"text": "😍" * 2048},
    {"text": "<b>" + "я" * 4096 + "</b>", "parse_mode": "HTML"},  # counted after parsing
    {"text": "Hi", "reply_markup": keyboard("я" * 32)},
    {"text": "Hi", "reply_markup": keyboard(*"abcdefgh", columns=8)},
    {"text": "Hi", "reply_markup": keyboard(*["d"] * 100, columns=8)},
    {"text": "Hi", "reply_markup": button(text="a", url="https://example.com", unknown="harmless")},
    {"text": "Hi", "reply_markup": {"force_reply": True}},
    {"text": "Hi", "reply_parameters": {"message_id": 99, "allow_sending_without_reply": True}},
]


@pytest.mark.parametrize("parameters", FITS)
async def test_takes_what_just_fits(api: Api, parameters: dict[str, Any]) -> None:
    assert (await api("sendMessage", chat_id=ANNA, **parameters))[0] == 200


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/bot43:OTHER/getMe", 401, "Unauthorized"),
        ("/botTEST/getMe", 404, "Not Found"),
        ("/bot42:TEST/getMee", 404, "Not Found: method not found"),
    ],
)
async def test_tokens_and_methods(
    sandbox: TelegramSandbox, http: aiohttp.ClientSession, path: str, status: int, words: str
) -> None:
    async with http.get(sandbox.url + path) as response:
        assert (response.status, await response.json()) == (
            status,
            {"ok": False, "error_code": status, "description": words},
        )


async def test_reads_every_encoding(sandbox: TelegramSandbox, http: aiohttp.ClientSession) -> None:
    url = f"{sandbox.url}/bot{TOKEN}/sendMessage"
    nested = json.dumps(keyboard("a"))
    multipart = aiohttp.FormData(
        {"chat_id": str(ANNA), "text": "Привет", "reply_markup": nested}, default_to_multipart=True
    )
    answers = [
        await http.post(url, json={"chat_id": ANNA, "text": "Привет", "reply_markup": keyboard("a")}),
        await http.post(url, data={"chat_id": ANNA, "text": "Привет", "reply_markup": nested}),
        await http.post(url, data=multipart),
        await http.get(url, params={"chat_id": ANNA, "text": "Привет", "reply_markup": nested}),
        await http.post(f"{sandbox.url}/bot{TOKEN}/getMe"),
    ]
    results = [(await answer.json())["result"] for answer in answers]
    assert [result.get("text") for result in results] == ["Привет"] * 4 + [None]
    assert all(result["reply_markup"] == keyboard("a") for result in results[:4])
    assert results[4]["username"] == "csat_bot"


async def test_a_keyboard_that_an_edit_does_not_name_is_removed(sandbox: TelegramSandbox, api: Api) -> None:
    for method, more in (("editMessageText", {"text": "Thanks"}), ("editMessageReplyMarkup", {})):
        _, sent = await api("sendMessage", chat_id=ANNA, text="Rate", reply_markup=keyboard("a"))
        _, edited = await api(method, chat_id=ANNA, message_id=sent["result"]["message_id"], **more)
        assert "reply_markup" not in edited["result"]
        assert "edit_date" in edited["result"]
        assert sandbox.messages(ANNA)[-1].rows == []


async def test_who_cannot_be_reached(sandbox: TelegramSandbox, api: Api) -> None:
    sandbox.add_customer(1, "Stranger", started=())
    assert (await api("sendMessage", chat_id=1, text="Hi"))[1]["description"] == (
        "Forbidden: bot can't initiate conversation with a user"
    )
    sandbox.write(1, "Hello")  # whoever wrote can be written to
    assert (await api("sendMessage", chat_id=1, text="Hi"))[0] == 200

    sandbox.block(ANNA, TOKEN)
    assert await api("sendMessage", **HI) == (
        403,
        {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"},
    )
    sandbox.unblock(ANNA, TOKEN)
    assert (await api("sendMessage", **HI))[0] == 200

    sandbox.deactivate(BORIS)
    assert (await api("sendMessage", chat_id=BORIS, text="Hi"))[1]["description"] == "Forbidden: user is deactivated"

    new_id = sandbox.migrate(GROUP)
    status, answer = await api("sendMessage", chat_id=GROUP, text="Hi")
    assert (status, answer["description"]) == (400, "Bad Request: group chat was upgraded to a supergroup chat")
    assert answer["parameters"] == {"migrate_to_chat_id": new_id}
    assert (await api("sendMessage", chat_id=new_id, text="Hi"))[1]["result"]["chat"]["type"] == "supergroup"
    sandbox.kick(new_id)
    status, answer = await api("sendMessage", chat_id=new_id, text="Hi")
    assert (status, answer["description"]) == (403, "Forbidden: bot was kicked from the supergroup chat")


async def test_a_cleared_chat_has_nothing_to_edit(sandbox: TelegramSandbox, api: Api) -> None:
    _, sent = await api("sendMessage", **HI)
    sandbox.clear(ANNA)
    _, answer = await api("editMessageText", chat_id=ANNA, message_id=sent["result"]["message_id"], text="New")
    assert answer["description"] == "Bad Request: message to edit not found"


async def test_a_tap_is_answered_once_and_within_150_seconds(sandbox: TelegramSandbox, api: Api, clock: Clock) -> None:
    await api("sendMessage", chat_id=ANNA, text="Rate", reply_markup=keyboard("a"))
    first, second = (sandbox.tap(ANNA, 1, (0, 0)) for _ in range(2))
    assert first.tap_id != second.tap_id
    assert int(first.tap_id) > 2**53

    long = await api("answerCallbackQuery", callback_query_id=first.tap_id, text="я" * 201)
    assert long[1]["description"] == "Bad Request: MESSAGE_TOO_LONG"
    assert (await api("answerCallbackQuery", callback_query_id=first.tap_id, text="я" * 200))[1]["result"] is True
    assert first.answer is not None
    assert first.answer.text == "я" * 200
    assert (await api("answerCallbackQuery", callback_query_id=first.tap_id))[0] == 400

    clock.now += 151
    assert (await api("answerCallbackQuery", callback_query_id=second.tap_id))[0] == 400
    assert second.answer is None


async def test_one_message_a_second_to_a_chat_with_a_burst(sandbox: TelegramSandbox, api: Api, clock: Clock) -> None:
    sandbox.limits = Limits(per_second=30, per_chat=1, burst=3)
    assert [(await api("sendMessage", **HI))[0] for _ in range(5)] == [200, 200, 200, 429, 429]
    assert (await api("sendMessage", chat_id=BORIS, text="Hi"))[0] == 200  # the limit is the chat's alone
    clock.now += 1  # asking while throttled lengthened nothing
    assert [(await api("sendMessage", **HI))[0] for _ in range(2)] == [200, 429]
    assert len(sandbox.messages(ANNA)) == 4


async def test_thirty_a_second_in_all(sandbox: TelegramSandbox, api: Api, http: aiohttp.ClientSession) -> None:
    sandbox.limits = Limits(per_second=30, per_chat=100, burst=100)
    statuses = [(await api("sendMessage", chat_id=ANNA, text="Hi"))[0] for _ in range(31)]
    assert statuses == [200] * 30 + [429]
    async with http.post(f"{sandbox.url}/bot{TOKEN}/sendMessage", json=HI) as response:
        assert response.headers["Retry-After"] == "1"
        assert await response.json() == {
            "ok": False,
            "error_code": 429,
            "description": "Too Many Requests: retry after 1",
            "parameters": {"retry_after": 1},
        }


WEBHOOKS = [
    ("http://example.com/h", "bad webhook: An HTTPS URL must be provided for webhook"),
    ("https://example.com:8444/h", "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443"),
    ("https://127.0.0.1/h", "bad webhook: IP address 127.0.0.1 is reserved"),
]


@pytest.mark.parametrize(("url", "words"), WEBHOOKS)
async def test_webhook_urls_of_the_public_server(
    sandbox: TelegramSandbox, api: Api, clock: Clock, url: str, words: str
) -> None:
    sandbox.world.local = False
    assert (await api("setWebhook", url=url))[1]["description"] == f"Bad Request: {words}"
    assert (await api("setWebhook", url="https://example.com:8443/h"))[1]["description"] == "Webhook was set"
    assert (await api("setWebhook", url="https://example.com/h"))[0] == 429  # more than one call a second
    clock.now += 1
    sandbox.world.local = True
    assert (await api("setWebhook", url=url))[0] == 200
