"""What a receiver's answers mean for the next try."""

from dataclasses import replace

import pytest

from ratings.deliveries import (
    LASTING,
    SCHEDULE,
    EndpointState,
    Reply,
    SigningSecret,
    Standing,
    after_reply,
    alive,
    rotated,
    switched,
)
from ratings.times import DAY, HOUR, MINUTE, SECOND

NOW = 1_790_000_000_000
STANDING = Standing(6, next_at=NOW)


def test_a_receiver_that_fails_is_tried_ten_times_over_three_days_and_then_given_up_with_the_reason() -> None:
    standing, now, waits = STANDING, NOW, []
    while True:
        standing = after_reply(standing, 7, Reply(500), now, jitter=0)
        assert standing.position == 6
        if standing.state is not EndpointState.ACTIVE:
            break
        waits.append(standing.next_at - now)
        now = standing.next_at
    hours = [0.5 * HOUR, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR]
    assert waits == [5 * SECOND, 5 * MINUTE, *hours]
    assert now - NOW > 3 * DAY
    assert standing.state is EndpointState.DISABLED
    assert standing.reason == "it took nothing since 2026-09-21T14:13:20Z; the last time, it answered 500"


def test_jitter_makes_waits_longer_and_never_shorter() -> None:
    waits = [after_reply(STANDING, 7, Reply(500), NOW, jitter).next_at - NOW for jitter in (0, 0.5, 1)]
    assert waits == [5000, 5250, 5500]


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_every_2xx_is_a_success_that_forgets_the_failures(status: int) -> None:
    failed = after_reply(STANDING, 7, Reply(500), NOW, 0)
    assert after_reply(failed, 7, Reply(status), NOW + 9, 0) == Standing(7, next_at=NOW + 9)


@pytest.mark.parametrize("status", [None, 100, 199, 300, 302, 308, 400, 401, 404, 422, 500, 502, 504])
def test_nothing_else_is(status: int | None) -> None:
    after = after_reply(STANDING, 7, Reply(status, problem="no connection"), NOW, 0)
    assert (after.position, after.tries, after.failing_since, after.next_at) == (6, 1, NOW, NOW + 5 * SECOND)


def test_a_receiver_that_is_gone_is_disabled_at_once() -> None:
    after = after_reply(STANDING, 7, Reply(410), NOW, 0)
    assert (after.position, after.state, after.reason) == (6, EndpointState.DISABLED, "it answered 410: it is gone")


@pytest.mark.parametrize("status", [429, 503])
def test_who_asks_for_time_gets_it_and_loses_no_try(status: int) -> None:
    after = after_reply(STANDING, 7, Reply(status, retry_after=90 * SECOND), NOW, 1)
    assert (after.next_at, after.tries, after.failing_since) == (NOW + 90 * SECOND, 0, NOW)


def test_who_asks_for_time_and_never_takes_anything_is_given_up_as_well() -> None:
    waiting = replace(STANDING, failing_since=NOW - LASTING)
    assert after_reply(waiting, 7, Reply(429, retry_after=SECOND), NOW, 0).state is EndpointState.DISABLED


def test_without_a_time_a_429_is_a_failure_as_any_other_and_500_may_name_none() -> None:
    assert after_reply(STANDING, 7, Reply(429), NOW, 0).tries == 1
    assert after_reply(STANDING, 7, Reply(500, retry_after=HOUR), NOW, 0).next_at == NOW + SCHEDULE[0]


def test_a_redirect_is_named_as_what_it_is() -> None:
    last = replace(STANDING, tries=len(SCHEDULE), failing_since=NOW)
    reason = after_reply(last, 7, Reply(302), NOW, 0).reason
    assert reason is not None
    assert reason.endswith("it answered 302, and redirects are not followed")


def test_switching_on_goes_on_at_once_from_where_it_stood() -> None:
    disabled = Standing(6, EndpointState.DISABLED, "it is gone", NOW - DAY, 3, NOW + DAY)
    assert switched(disabled, EndpointState.ACTIVE, NOW) == Standing(6, next_at=NOW)
    assert switched(STANDING, EndpointState.PAUSED, NOW) == replace(STANDING, state=EndpointState.PAUSED)
    failing = replace(STANDING, tries=3, failing_since=NOW - HOUR, next_at=NOW + HOUR)
    assert switched(failing, EndpointState.ACTIVE, NOW) == failing  # it was on: its schedule stands


def test_old_secrets_sign_until_their_time_is_over() -> None:
    first = rotated((SigningSecret("a"),), "b", NOW)
    assert first == (SigningSecret("b"), SigningSecret("a", NOW + DAY))
    second = rotated(first, "c", NOW + HOUR)
    assert second == (SigningSecret("c"), SigningSecret("b", NOW + HOUR + DAY), SigningSecret("a", NOW + DAY))
    assert [each.secret for each in alive(second, NOW + DAY)] == ["c", "b"]
    assert rotated(second, "d", NOW + HOUR, keep=0) == (SigningSecret("d"),)
