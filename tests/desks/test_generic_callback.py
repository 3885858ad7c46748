"""Results at the desk's callback: what is in them, what answers mean, where they may go."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook

from desks.base import Refusal, Result, Verb
from desks.generic.adapter import NO_CALLBACK, Generic
from net.errors import DeliveryError, Misconfigured, Rejected, Unreachable
from sandbox.desk import DeskSandbox, Ticket
from tests.channels.platform import Answer, Platform, running_platform
from tests.desks.generic_kit import SECRET, desk
from tests.desks.kinds import ADDRESS, NOW, WORDS


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    async with running_platform() as running:
        yield running


@pytest.fixture
async def sandbox() -> AsyncIterator[DeskSandbox]:
    running = DeskSandbox([SECRET], clock=lambda: NOW / 1000)
    await running.start()
    yield running
    await running.stop()


def wanted(*verbs: Verb, ticket: dict[str, Any] | None = None, **more: Any) -> Result:
    known: dict[str, Any] = {"value": 2, "label": "Плохо", "comment": WORDS, "rated_at": NOW, "tag": "rated-2"}
    known |= {"note": "for staff", "key": "k1", **more}
    return Result(ticket_id="T-1", verbs=frozenset(verbs), ticket=ticket or {}, **known)


async def written(platform: Platform, *verbs: Verb, **more: Any) -> dict[str, Any]:
    one = desk(secret=SECRET, callback_url=f"{platform.url}/back")
    await one.write(wanted(*verbs, **more))
    await one.close()
    content: dict[str, Any] = json.loads(platform.requests[-1].body)
    return content


async def test_the_body_holds_what_is_wanted_and_nothing_else(platform: Platform) -> None:
    content = await written(platform, Verb.SCORE, Verb.REOPEN_CLEAR)
    assert content == {
        "type": "rating.result",
        "timestamp": "2026-09-21T14:13:20Z",
        "data": {
            "ticket": {"id": "T-1"},
            "verbs": ["reopen_clear", "score"],
            "value": 2,
            "symbol": "",
            "label": "Плохо",
            "scale": "",
            "then": "reopen_clear",
        },
    }
    data = (await written(platform, Verb.COMMENT, Verb.RATED_AT, value=None, rated_at=None, comment=""))["data"]
    assert (data["comment"], data["rated_at"], data["then"], "value" in data) == ("", None, "none", False)


async def test_it_is_signed_with_every_key_and_repeated_under_the_same_id(platform: Platform) -> None:
    other = SECRET[:-4] + "AAA="
    one = desk(secret=SECRET, callback_secret=[SecretStr(other), SecretStr(SECRET)], callback_url=platform.url)
    for key in ("k1", "k1", "k2"):
        await one.write(wanted(Verb.SCORE, key=key))
    await one.close()
    first, again, another = platform.requests
    assert first.headers["webhook-id"] == again.headers["webhook-id"] != another.headers["webhook-id"]
    assert "." not in first.headers["webhook-id"]
    assert first.body == again.body
    for secret in (SECRET, other):
        made = Webhook(secret).sign(
            first.headers["webhook-id"], datetime.fromtimestamp(NOW // 1000, UTC), first.body.decode()
        )
        assert made in first.headers["webhook-signature"].split(" ")


async def test_two_desks_never_share_an_id(platform: Platform) -> None:
    one = desk(secret=SECRET, callback_url=platform.url)
    two = Generic("generic.other", one.config, now=lambda: NOW)
    for each in (one, two):
        await each.write(wanted(Verb.SCORE))
        await each.close()
    assert len({request.headers["webhook-id"] for request in platform.requests}) == 2


async def test_without_a_callback_every_verb_is_refused_with_words() -> None:
    done = await desk().write(wanted(Verb.SCORE, Verb.CLOSE))
    assert done.refused == (
        Refusal(Verb.CLOSE, "no_callback", NO_CALLBACK),
        Refusal(Verb.SCORE, "no_callback", NO_CALLBACK),
    )


async def test_the_desk_may_refuse_verbs(sandbox: DeskSandbox) -> None:
    ticket = sandbox.add_ticket("T-1")
    sandbox.refuse("tag", "no_such_tag", "the list has no\nsuch\x1b tag")
    one = desk(secret=SECRET, callback_url=sandbox.callback_url)
    done = await one.write(wanted(Verb.SCORE, Verb.TAG))
    await one.close()
    assert done.refused == (Refusal(Verb.TAG, "no_such_tag", "the list has no such tag"),)
    assert (ticket.score, ticket.tags) == (2, [])


TICKET = {"customer": {"name": "Мария Антонова"}, "addresses": [{"channel": "telegram.support", "id": ADDRESS}]}


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        (b"", ()),
        (b"null", ()),
        (b"[1", ()),
        (b'{"refused": 5}', ()),
        (b'{"refused": [5, {}, {"verb": "close"}, {"verb": "dance"}, {"verb": ["score"]}]}', ()),
        (b'{"refused": [{"verb": "score"}]}', (("refused", "the desk gave no reason"),)),
        (b'{"refused": [{"verb": "score", "code": 5, "text": {}}]}', (("refused", "the desk gave no reason"),)),
        (
            json.dumps({"refused": [{"verb": "score", "code": "c" * 500, "text": "x" * 5000}] * 50}).encode(),
            (("c" * 59 + "…", "x" * 199 + "…"),),
        ),
        (
            json.dumps({"refused": [{"verb": "score", "code": "x", "text": f"not {WORDS}"}]}).encode(),
            (("x", "its words are withheld, since they repeat the customer's"),),
        ),
        (
            json.dumps({"refused": [{"verb": "score", "code": "x", "text": f"{ADDRESS} is gone"}]}).encode(),
            (("x", "its words are withheld, since they repeat the customer's"),),
        ),
    ],
)
async def test_odd_answers(platform: Platform, answer: bytes, refused: tuple[tuple[str, str], ...]) -> None:
    platform.behaviour = Answer(200, answer)
    one = desk(secret=SECRET, callback_url=platform.url)
    done = await one.write(wanted(Verb.SCORE, ticket=TICKET))
    await one.close()
    assert done.refused == tuple(Refusal(Verb.SCORE, code, text) for code, text in refused)


@pytest.mark.parametrize(
    ("status", "declared"),
    [
        (204, None),
        (301, Misconfigured),
        (400, Rejected),
        (401, Misconfigured),
        (403, Misconfigured),
        (404, Rejected),
        (410, Rejected),
        (500, Unreachable),
        (504, Unreachable),
    ],
)
async def test_only_a_2xx_is_success(platform: Platform, status: int, declared: type[DeliveryError] | None) -> None:
    platform.behaviour = Answer(status)
    one = desk(secret=SECRET, callback_url=platform.url)
    if declared is None:
        assert (await one.write(wanted(Verb.SCORE))).refused == ()
    else:
        with pytest.raises(declared) as failure:
            await one.write(wanted(Verb.SCORE))
        assert failure.value.platform_code == str(status)
    await one.close()


async def test_half_a_character_is_refused_unsent(platform: Platform) -> None:
    one = desk(secret=SECRET, callback_url=platform.url)
    with pytest.raises(Rejected) as failure:
        await one.write(wanted(Verb.COMMENT, comment="Anna \ud83d"))
    assert failure.value.__context__ is None
    assert not platform.requests


# --- a ticket's own callback


@pytest.mark.parametrize("place", ["fields", "raw"])
async def test_a_ticket_may_name_its_callback_only_where_that_is_allowed(platform: Platform, place: str) -> None:
    own = {"callback_url": f"{platform.url}/own"}
    ticket = {"fields": own if place == "fields" else {"raw": own}}
    for allowed, path in ((False, "/ours"), (True, "/own")):
        one = desk(secret=SECRET, callback_url=f"{platform.url}/ours", allow_ticket_callback=allowed)
        await one.write(wanted(Verb.SCORE, ticket=ticket))
        await one.close()
        assert platform.requests[-1].path == path


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://10.0.0.5/x",
        "https://169.254.169.254/latest",
        "https://[::ffff:192.168.0.1]/",
        "https://localhost/x",
        "http://93.184.216.34/x",
        "ftp://desk.example",
        "no url",
        "https://user:password@desk.example/",
    ],
)
async def test_a_ticket_leads_us_into_no_private_network(url: str) -> None:
    one = desk(secret=SECRET, allow_ticket_callback=True)
    with pytest.raises(Rejected) as failure:
        await one.write(wanted(Verb.SCORE, ticket={"fields": {"callback_url": url}}))
    await one.close()
    assert "password" not in str(failure.value)


async def test_an_address_beside_ours_is_guarded_too(platform: Platform) -> None:
    one = desk(secret=SECRET, callback_url="https://desk.example/back", allow_ticket_callback=True)
    with pytest.raises(Rejected):
        await one.write(wanted(Verb.SCORE, ticket={"fields": {"callback_url": f"{platform.url}/own"}}))
    await one.close()
    assert not platform.requests


async def test_check_says_what_is_missing() -> None:
    def ids(findings: Any) -> list[tuple[str, str]]:
        return [(finding.id, finding.level) for finding in findings]

    assert ids(await desk().check(None)) == [("generic.hook", "error"), ("generic.callback", "warning")]
    one = desk(secret=SECRET, callback_url="http://desk.example/back")
    assert ids(await one.check("https://x/hooks")) == [("generic.hook", "ok"), ("generic.callback", "warning")]
    two = desk(secret=SECRET, callback_url="https://desk.example/back")
    assert ids(await two.check("https://x/hooks")) == [("generic.hook", "ok"), ("generic.callback", "ok")]


async def test_a_result_arrives_once_however_often_it_is_written(sandbox: DeskSandbox) -> None:
    ticket: Ticket = sandbox.add_ticket("T-1")
    one = desk(secret=SECRET, callback_url=sandbox.callback_url)
    sandbox.drop_after("/callbacks")
    with pytest.raises(DeliveryError):
        await one.write(wanted(Verb.NOTE))
    await one.write(wanted(Verb.NOTE))
    await one.close()
    assert ticket.notes == ["for staff"]
    assert [call.repeated for call in sandbox.calls("/callbacks")] == [False, True]
