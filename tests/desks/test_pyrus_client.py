"""Logins, tokens, limits: each call once, and once more with a new token."""

import asyncio

import pytest

from desks.base import Verb
from desks.pyrus.failures import Act, clean, decide
from net.errors import DeliveryError, Misconfigured, Rejected, Throttled, Unreachable
from tests.channels.platform import Answer, running_platform
from tests.desks.pyrus_kit import KEY, LOGIN, make_desk, scene
from tests.desks.row import NOW

RATING = (Verb.SCORE,)


@pytest.mark.parametrize("code", ["expired_token", "revoked_token", "invalid_token"])
async def test_a_dead_token_is_replaced_once_and_the_call_repeated(code: str) -> None:
    async with scene() as made:
        made.close()
        wanted = made.result(*RATING)
        await made.desk.write(wanted)
        made.pyrus.expire_tokens(code)
        assert (await made.desk.write(wanted)).refused == ()
        assert len(made.pyrus.calls("auth")) == 2


async def test_one_logs_in_and_all_others_wait() -> None:
    async with scene() as made:
        made.close()
        wanted = made.result(*RATING)
        await made.desk.write(wanted)
        made.pyrus.expire_tokens()
        await asyncio.gather(*(made.desk.write(wanted) for _ in range(5)))
        assert len(made.pyrus.calls("auth")) == 2


async def test_a_new_token_that_is_refused_is_not_tried_for_ever() -> None:
    async with scene() as made:
        made.close()
        wanted = made.result(*RATING)
        made.pyrus.fail_next("task", "invalid_token", times=2)
        with pytest.raises(Misconfigured):
            await made.desk.write(wanted)
        assert len(made.pyrus.calls("auth")) == 2


async def test_tokens_die_when_a_user_has_too_many() -> None:
    async with scene() as made:
        made.close()
        wanted = made.result(*RATING)
        await made.desk.write(wanted)
        for _ in range(10):
            made.pyrus.world.make_token(made.bot)
        assert (await made.desk.write(wanted)).refused == ()


async def test_the_limit_says_how_long_to_wait() -> None:
    async with scene(limit=3) as made:
        made.close()
        wanted = made.result(*RATING)
        made.clock.now += 0.5
        with pytest.raises(Throttled) as throttled:
            await made.desk.write(wanted)
        assert (throttled.value.retry_after, throttled.value.platform_code) == (600, "too_many_requests")
        made.clock.now += 600
        await made.desk.write(wanted)


async def test_a_look_that_gets_no_answer_is_simply_repeated_later() -> None:
    async with scene() as made:
        made.close()
        wanted = made.result(*RATING)
        made.pyrus.drop_after("task", times=2)  # the HTTP library repeats what asks for nothing by itself, once
        with pytest.raises(Unreachable):
            await made.desk.write(wanted)


async def test_a_wrong_key_is_the_admins_matter() -> None:
    async with scene() as made:
        desk = made.another(login="nobody@example.org")
        with pytest.raises(Misconfigured) as refused:
            await desk.write(made.result(*RATING))
        assert refused.value.platform_code == "invalid_credentials"
        assert "nobody" not in str(refused.value)


async def test_the_api_is_where_the_login_says_unless_the_settings_do() -> None:
    async with scene() as made:
        made.close()
        wanted = made.result(*RATING)
        await made.another(api_url=made.pyrus.url + "/v4").write(wanted)
        async with running_platform() as elsewhere:
            elsewhere.behaviour = Answer(200, b'{"access_token":"t","api_url":"ftp://example.org/"}')
            desk = make_desk(elsewhere.url)
            with pytest.raises(Misconfigured):
                await desk.write(wanted)
            await desk.close()


async def test_a_refusal_inside_a_200_is_a_refusal() -> None:
    async with scene() as made:
        made.close()
        wanted = made.result(*RATING)
        made.pyrus.fail_next("task", "access_denied_task", http=200)
        with pytest.raises(Rejected):
            await made.desk.write(wanted)


TABLE: list[tuple[int, str, Act, type[DeliveryError]]] = [
    (401, "invalid_credentials", "account", Misconfigured),
    (401, "", "task", Misconfigured),
    (403, "access_denied_task", "task", Rejected),
    (403, "access_denied_form", "task", Misconfigured),
    (403, "access_denied_project", "account", Misconfigured),
    (404, "", "task", Rejected),
    (404, "", "account", Misconfigured),
    (400, "required_field_missing", "task", Rejected),
    (400, "never_heard_of", "task", Rejected),
    (400, "too_many_requests", "task", Throttled),
    (429, "", "task", Throttled),
    (500, "server_error", "task", Unreachable),
    (503, "", "account", Unreachable),
    (302, "", "account", Misconfigured),
]


@pytest.mark.parametrize(("status", "code", "act", "error"), TABLE)
def test_codes_mean_what_the_table_says(status: int, code: str, act: Act, error: type[DeliveryError]) -> None:
    assert type(decide(status, code, "", {}, act, 0)) is error


@pytest.mark.parametrize(
    ("reset", "seconds"), [("30", 30), ("0", 1), (str(NOW // 1000 + 90), 90), ("soon", 1), (None, 60)]
)
def test_a_reset_counts_seconds(reset: str | None, seconds: float) -> None:
    error = decide(429, "", "", {} if reset is None else {"X-RateLimit-Reset": reset}, "task", NOW / 1000)
    assert isinstance(error, Throttled)
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    "private", ["anna@example.org", "+7 999 123-45-67", "https://x.org/y", '"' + "слово " * 20 + '"']
)
def test_words_of_pyrus_lose_what_is_private(private: str) -> None:
    said = clean(f"Field {private} is wrong")
    assert private not in said
    assert said.startswith("Field")


async def test_a_task_of_megabytes_is_read_and_written() -> None:
    async with scene() as made:
        made.pyrus.agent_writes(made.task, made.agent, "x" * 2_500_000)
        made.close()
        assert (await made.desk.write(made.result(*RATING))).refused == ()


async def test_the_key_goes_to_the_login_alone() -> None:
    async with scene() as made:
        made.close()
        await made.desk.write(made.result(*RATING))
        assert made.pyrus.calls("auth")[0].content == {"login": LOGIN}
        assert not [one for one in made.pyrus.requests if KEY in str(one)]
