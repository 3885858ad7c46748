"""The guard: no URL, name or address leads into the network that we stand in, whatever it looks like."""

from collections.abc import Sequence

import pytest
from aiohttp import web

from net.errors import Misconfigured
from net.guard import ForbiddenAddress, ForbiddenUrl, Guard, is_public
from net.http import HttpClient
from tests.net.test_http import serving

PUBLIC = [
    "93.184.216.34",
    "1.1.1.1",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700::1111",
    "64:ff9b::101:101",
    "2002:101:101::1",
]
PRIVATE = {
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "unspecified": ["0.0.0.0", "0.1.2.3", "::"],  # noqa: S104 - what must be refused
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fd12::1", "fec0::1"],
    "link-local": ["169.254.1.1", "fe80::1", "fe80::1%eth0"],
    "carriers' NAT": ["100.64.0.1", "100.127.255.255"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1"],
    "reserved": ["240.0.0.1", "255.255.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"],
    "of documents": ["2001:db8::1", "3fff::1"],
    "metadata": ["169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254"],
    "IPv4-mapped": ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::ffff:1.1.1.1"],
    "IPv4-compatible": ["::127.0.0.1", "::10.0.0.1"],
    "NAT64": ["64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1"],
    "6to4": ["2002:7f00:1::1", "2002:a00:1::", "2002:c0a8:101::1"],
    "Teredo": ["2001:0:7f00:1::1", "2001::1"],
    "nobody's": ["4000::1", "100::1", "5f00::1"],
    "no address": ["localhost", "", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "1.1.1.1.1"],
}


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", [each for group in PRIVATE.values() for each in group])
def test_no_other_address_is(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "//example.com/",
        "https://",
        "https:///path",
        "https://ann:secret@example.com/",
        "https://ann@example.com/",
        "https://@example.com/",
        "https://example.com:99999/",
        "https://example.com\\@127.0.0.1/",
        "https://exa mple.com/",
        "https://example.com/\r\nX: y",
        "https://example.com/" + "a" * 2000,
        "https://[::1",
        "https://[::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://127.0.0.1:8443/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://127.0.0.1./",
        "https://１２７.0.0.1/",
    ],
)
async def test_urls_that_say_it_themselves_are_refused(url: str) -> None:
    with pytest.raises(ForbiddenUrl) as caught:
        Guard().check(url)
    assert "secret" not in str(caught.value)
    async with HttpClient(guard=Guard()) as client:
        with pytest.raises(Misconfigured):
            await client.request("POST", url)


def resolving(*answers: Sequence[str]) -> "Names":
    return Names(list(answers))


class Names:
    """A resolver that gives these answers one after another, the last one for ever."""

    def __init__(self, answers: list[Sequence[str]]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.mark.parametrize("found", [["10.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["2606:4700::1111", "::1"]])
async def test_a_name_that_leads_to_a_private_address_is_refused_at_saving_and_at_sending(found: list[str]) -> None:
    guard = Guard(look_up=resolving(found))
    with pytest.raises(ForbiddenUrl):
        await guard.check_resolved("https://hooks.example/x")
    async with HttpClient(guard=guard) as client:
        with pytest.raises(Misconfigured) as caught:
            await client.request("POST", "https://hooks.example/x")
    assert caught.value.platform_code == "forbidden"


async def test_a_name_that_changes_its_mind_after_it_was_checked_is_refused() -> None:
    guard = Guard(look_up=resolving(["93.184.216.34"], ["127.0.0.1"]))
    await guard.check_resolved("https://hooks.example/x")
    async with HttpClient(guard=guard) as client:
        with pytest.raises(Misconfigured):
            await client.request("POST", "https://hooks.example/x")


def test_the_socket_itself_is_opened_to_no_private_address() -> None:
    guard = Guard()
    with pytest.raises(ForbiddenAddress):
        guard._socket((2, 1, 6, "", ("169.254.169.254", 443)))
    opened = guard._socket((2, 1, 6, "", ("93.184.216.34", 443)))
    opened.close()


async def test_a_name_that_cannot_be_resolved_now_may_be_saved() -> None:
    async def nobody(_host: str, _port: int) -> Sequence[str]:
        raise OSError

    await Guard(look_up=nobody).check_resolved("https://hooks.example/x")


async def test_with_private_addresses_allowed_a_request_goes_to_the_address_that_was_looked_up() -> None:
    async def answer(_request: web.BaseRequest) -> web.Response:
        return web.Response(text="here")

    names = resolving(["127.0.0.1"])
    async with serving(answer) as url, HttpClient(guard=Guard(allow_private=True, look_up=names)) as client:
        reply = await client.request("POST", url.replace("127.0.0.1", "receiver.test"))
        assert (reply.body, [host for host, _ in names.asked]) == (b"here", ["receiver.test"])
        assert (await client.request("POST", url)).body == b"here"
        for refused in ("ftp://127.0.0.1/", "http://a:b@127.0.0.1/"):
            with pytest.raises(Misconfigured):
                await client.request("POST", refused)
