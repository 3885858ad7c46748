"""The HTTP door against real servers on loopback: well-behaved ones, and ones that hang, babble or hang up."""

import asyncio
import gzip
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from email.utils import formatdate

import msgspec
import pytest
from aiohttp import web

from net import http
from net.errors import DeliveryError, Misconfigured, OutcomeUnknown, Rejected, Throttled, Unreachable
from net.http import HttpAnswer, HttpClient, raise_for_status, retry_after

TOKEN = "123456789:AAF-this_is_the_token_of_a_bot_0123"
PATH = f"/bot{TOKEN}/sendMessage"
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
RawHandler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    server = web.Server(handler)
    runner = web.ServerRunner(server)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}{PATH}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def serving_raw(handler: RawHandler) -> AsyncIterator[str]:
    """A server that owns the bytes: it has read the request's head when `handler` is called."""
    done: list[asyncio.Task[None]] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await handler(reader, writer)
        writer.close()

    def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        done.append(asyncio.create_task(connected(reader, writer)))

    server = await asyncio.start_server(keep, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}{PATH}"
    finally:
        server.close()
        await asyncio.gather(*done)
        await server.wait_closed()


def answering(raw: bytes) -> RawHandler:
    async def handler(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()

    return handler


async def failure_of(url: str, *, seconds: float = 10.0) -> DeliveryError:
    """The error of one request, which names neither the path nor the port's secrets, nor chains who does."""
    async with HttpClient() as client:
        with pytest.raises(DeliveryError) as caught:
            await client.request("POST", url, json={"text": "спасибо"}, timeout=seconds)
    printed = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert TOKEN not in printed
    assert "sendMessage" not in printed
    assert caught.value.__context__ is None
    return caught.value


async def test_a_request_arrives_whole_and_so_does_the_answer() -> None:
    seen: list[tuple[str, str, bytes, str, str]] = []

    async def handler(request: web.BaseRequest) -> web.Response:
        headers = request.headers
        seen.append(
            (request.method, request.path, await request.read(), headers["Content-Type"], headers["User-Agent"])
        )
        assert headers["X-Ours"] == "1"
        return web.json_response({"ok": True}, status=202, headers={"X-Theirs": "2"})

    async with serving(handler) as url, HttpClient() as client:
        answer = await client.request("POST", url, json={"text": "Спасибо 😍"}, headers={"X-Ours": "1"})
    (method, path, body, content_type, agent) = seen[0]
    assert (method, path, content_type) == ("POST", PATH, "application/json")
    assert msgspec.json.decode(body) == {"text": "Спасибо 😍"}
    assert agent.startswith("tapfive/")
    assert (answer.status, answer.body, answer.host) == (202, b'{"ok": true}', "127.0.0.1")
    assert answer.headers["x-theirs"] == "2"


async def test_forms_and_bytes_are_sent_as_they_are() -> None:
    async def echo(request: web.BaseRequest) -> web.Response:
        return web.Response(body=request.headers["Content-Type"].encode() + b"|" + await request.read())

    async with serving(echo) as url, HttpClient() as client:
        form = await client.request("POST", url, data={"chat": "1", "text": "a b"})
        raw = await client.request("PUT", url, data=b"\x00\xff", headers={"Content-Type": "x/y"})
    assert form.body == b"application/x-www-form-urlencoded|chat=1&text=a+b"
    assert raw.body == b"x/y|\x00\xff"


async def test_garbage_in_a_body_is_the_adapters_to_judge() -> None:
    garbage = bytes(range(256)) * 8

    async def handler(_request: web.BaseRequest) -> web.Response:
        return web.Response(body=garbage, content_type="application/json")

    async with serving(handler) as url, HttpClient() as client:
        assert (await client.request("GET", url)).body == garbage


async def test_a_redirect_is_not_followed_and_means_a_wrong_setting() -> None:
    async def handler(_request: web.BaseRequest) -> web.Response:
        return web.Response(status=302, headers={"Location": "http://127.0.0.1:1/elsewhere"})

    async with serving(handler) as url, HttpClient() as client:
        answer = await client.request("POST", url, json={})
    assert answer.status == 302
    with pytest.raises(Misconfigured, match=r"127\.0\.0\.1 answered 302"):
        raise_for_status(answer)


async def test_proxy_settings_of_the_environment_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")

    async def handler(_request: web.BaseRequest) -> web.Response:
        return web.Response()

    async with serving(handler) as url, HttpClient() as client:
        assert (await client.request("GET", url)).status == 200


@pytest.mark.parametrize(("over", "pieces"), [(0, 1), (0, 40), (1, 1), (1, 40)])
async def test_a_body_of_a_mebibyte_is_read_and_one_byte_more_is_not(over: int, pieces: int) -> None:
    body = b"x" * (http.MAX_ANSWER_BYTES + over)

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        step = -(-len(body) // pieces)
        for start in range(0, len(body), step):
            await answer.write(body[start : start + step])
        return answer

    async with serving(handler) as url:
        if over:
            assert isinstance(await failure_of(url), OutcomeUnknown)
        else:
            async with HttpClient() as client:
                assert (await client.request("GET", url)).body == body


async def test_a_compressed_body_is_measured_unpacked() -> None:
    async def handler(_request: web.BaseRequest) -> web.Response:
        return web.Response(body=gzip.compress(b"0" * 20_000_000), headers={"Content-Encoding": "gzip"})

    async with serving(handler) as url:
        assert isinstance(await failure_of(url), OutcomeUnknown)


async def test_too_long_an_error_page_is_cut_since_its_status_says_enough() -> None:
    async def handler(_request: web.BaseRequest) -> web.Response:
        return web.Response(status=502, body=b"e" * (2 * http.MAX_ANSWER_BYTES))

    async with serving(handler) as url, HttpClient() as client:
        answer = await client.request("POST", url, json={})
        assert (answer.status, len(answer.body)) == (502, http.MAX_ANSWER_BYTES)
        assert (await client.request("POST", url, json={})).status == 502  # the next request has its own connection


async def test_nobody_listening_is_unreachable() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # taken, so that nobody else can have it, but not listened on
        error = await failure_of(f"http://127.0.0.1:{bound.getsockname()[1]}{PATH}")
    assert isinstance(error, Unreachable)
    assert error.text == "no connection to 127.0.0.1"


async def test_a_server_without_tls_is_unreachable_by_https() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(16)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}{PATH}"
        assert isinstance(await failure_of(url), Unreachable)


async def test_waiting_for_a_free_connection_in_vain_is_unreachable() -> None:
    release, busy = asyncio.Event(), asyncio.Event()

    async def handler(_request: web.BaseRequest) -> web.Response:
        busy.set()
        await release.wait()
        return web.Response()

    async with serving(handler) as url, HttpClient(connections=1) as client:
        first = asyncio.create_task(client.request("POST", url, json={}))
        await busy.wait()
        with pytest.raises(Unreachable):
            await client.request("POST", url, json={}, timeout=0.02)
        release.set()
        assert (await first).status == 200


async def test_no_answer_in_time_is_an_unknown_outcome() -> None:
    release = asyncio.Event()

    async def hang(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await release.wait()

    async with serving_raw(hang) as url:
        error = await failure_of(url, seconds=0.5)
        release.set()
    assert isinstance(error, OutcomeUnknown)
    assert error.platform_code == "timeout"


async def test_an_answer_that_trickles_for_ever_is_an_unknown_outcome() -> None:
    gone = asyncio.Event()

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        reading = asyncio.create_task(reader.read(1 << 20))
        with suppress(ConnectionError):  # whoever hangs up on unread bytes resets the connection
            while not reading.done() or reading.result():
                if reading.done():
                    reading = asyncio.create_task(reader.read(1 << 20))
                writer.write(b".")
                await asyncio.wait({reading}, timeout=0.005)
        gone.set()

    async with serving_raw(trickle) as url:
        assert isinstance(await failure_of(url, seconds=0.3), OutcomeUnknown)
        await gone.wait()


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="hangs up without a word"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Len", id="hangs up within the head"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", id="hangs up within the body"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", id="hangs up within a chunk"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", id="writes no chunk"),
        pytest.param(b"220 smtp.example ESMTP\r\n", id="speaks another protocol"),
        pytest.param(b"\x00\xff\xfe garbage \r\n\r\n", id="babbles"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", id="packs wrongly"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", id="writes an endless header"),
    ],
)
async def test_a_broken_answer_to_a_written_request_is_an_unknown_outcome(raw: bytes) -> None:
    async with serving_raw(answering(raw)) as url:
        assert isinstance(await failure_of(url), OutcomeUnknown)


@pytest.mark.parametrize("url", ["", "no url", "ftp://host/x", "http://", f"http://127.0.0.1:99999{PATH}", "http://[/"])
async def test_an_unusable_url_is_a_wrong_setting(url: str) -> None:
    assert isinstance(await failure_of(url), Misconfigured)


async def test_a_cancelled_request_is_cancelled() -> None:
    release, busy = asyncio.Event(), asyncio.Event()

    async def hang(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        busy.set()
        await release.wait()

    async with serving_raw(hang) as url, HttpClient() as client:
        task = asyncio.create_task(client.request("POST", url, json={}))
        await busy.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        release.set()


# --- statuses ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_success_raises_nothing(status: int) -> None:
    raise_for_status(HttpAnswer(status, {}, b""))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Rejected),
        (401, Rejected),
        (404, Rejected),
        (499, Rejected),
        (500, Unreachable),
        (503, Unreachable),
        (599, Unreachable),
        (304, Misconfigured),
    ],
)
def test_a_status_becomes_its_error(status: int, error: type[DeliveryError]) -> None:
    with pytest.raises(DeliveryError) as caught:
        raise_for_status(HttpAnswer(status, {}, b"secret words", "api.example"))
    assert type(caught.value) is error
    assert caught.value.text.startswith(f"api.example answered {status}")
    assert caught.value.platform_code == str(status)


async def test_a_429_says_how_long_to_wait() -> None:
    async def handler(_request: web.BaseRequest) -> web.Response:
        return web.Response(status=429, headers={"retry-after": "17"})

    async with serving(handler) as url, HttpClient() as client:
        answer = await client.request("POST", url, json={})
    with pytest.raises(Throttled) as caught:
        raise_for_status(answer)
    assert (caught.value.retry_after, caught.value.scope, caught.value.platform_code) == (17.0, "account", "429")


NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 1.0),
        ("", 1.0),
        ("17", 17.0),
        (" 3 ", 3.0),
        ("2.5", 2.5),
        ("0", 1.0),
        ("-5", 1.0),
        ("9999999999", 86_400.0),
        ("9" * 5000, 1.0),
        ("soon", 1.0),
        ("nan", 1.0),
        ("inf", 1.0),
        ("Fri, 32 Foo 2027 99:99:99 GMT", 1.0),
        (formatdate(NOW + 30, usegmt=True), 30.0),
        (formatdate(NOW - 30, usegmt=True), 1.0),
        (formatdate(NOW + 10_000_000, usegmt=True), 86_400.0),
    ],
)
def test_retry_after_in_all_its_forms(header: str | None, seconds: float) -> None:
    assert retry_after(header, now=NOW) == seconds
