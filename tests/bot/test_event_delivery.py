"""Events to endpoints, against a real receiver, on each engine: in order, signed, until they are taken, none lost."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from bot import clock as system_clock
from bot import event_delivery
from bot.event_delivery import EventDelivery, EventSender, new_secret
from net.guard import Guard
from net.http import HttpClient
from ratings.deliveries import EndpointState
from ratings.reports.deliveries import list_deliveries
from ratings.reports.lists import list_events
from ratings.store.endpoints import ChangeEndpoint, CreateEndpoint, Endpoint, RotateSecret, load_endpoint
from ratings.store.store import Store
from ratings.times import DAY, HOUR, MINUTE, SECOND
from tests.conftest import Clock
from tests.receiver import Message, Receiver, receiving, saying
from tests.store.world import World

SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
WELL = 5 * SECOND + SECOND  # a little more than the first wait


class Office:
    """A store with events, and a worker that delivers them."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.world = World(store, clock)
        self.client = HttpClient(guard=Guard(allow_private=True))
        self.sender = EventSender(self.client, clock)
        self.delivery = EventDelivery(store, self.sender, clock, jitter=lambda: 0)
        self._tickets = 0

    def happen(self, ratings: int = 1) -> None:
        """Let customers be asked and rate: two events each."""
        for _ in range(ratings):
            self._tickets += 1
            self.world.tap(self.world.asked(f"T-{self._tickets}"), 4)
            self.world.work()
        self.world.number()

    def endpoint(self, receiver: Receiver, **more: Any) -> int:
        more = {"since": 0, **more}
        return self.store.writer.do_now(CreateEndpoint(receiver.url, SECRET, "test", **more)).id

    def change(self, endpoint_id: int, **change: Any) -> None:
        assert self.store.writer.do_now(ChangeEndpoint(endpoint_id, "test", **change)) is not None

    def look_at(self, endpoint_id: int) -> Endpoint:
        endpoint = self.store.read_now(load_endpoint, endpoint_id)
        assert endpoint is not None
        return endpoint

    def events(self) -> list[dict[str, Any]]:
        return self.store.read_now(list_events, since=0, limit=1000).items


@pytest.fixture
def clock() -> Clock:
    """The library that verifies signatures reads the system's clock."""
    return Clock(system_clock.now())


@pytest.fixture
async def office(store: Store, clock: Clock) -> AsyncIterator[Office]:
    office = Office(store, clock)
    yield office
    await office.delivery.finish(1)
    await office.client.close()


async def test_every_event_comes_in_order_signed_and_as_the_api_shows_it(office: Office) -> None:
    office.happen(3)
    async with receiving() as receiver:
        office.endpoint(receiver)
        await office.delivery.look_once()
    assert [message.data for message in receiver.messages] == office.events()
    assert receiver.numbers == [1, 2, 3, 4, 5, 6]
    for message in receiver.messages:
        verified = Webhook(SECRET).verify(message.body, message.headers)
        assert verified["type"] == message.data["type"]
        assert verified["timestamp"] == message.data["at"]
        assert message.id == f"evt_{message.data['number']}"
        assert message.headers["content-type"] == "application/json"
        with pytest.raises(WebhookVerificationError):
            Webhook(new_secret()).verify(message.body, message.headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(message.body + b" ", message.headers)


async def test_a_receiver_that_was_away_gets_all_that_it_missed(office: Office) -> None:
    async with receiving() as receiver:
        endpoint = office.endpoint(receiver)
        office.happen()
        await office.delivery.look_once()
        await receiver.stop()
        office.happen(2)
        await office.delivery.look_once()
        failing = office.look_at(endpoint).standing
        assert (failing.position, failing.tries, failing.next_at) == (2, 1, office.clock.now + 5 * SECOND)
        await office.delivery.look_once()  # not due yet
        assert office.look_at(endpoint).standing.tries == 1
        await receiver.start()
        office.clock.forward(WELL)
        await office.delivery.look_once()
    assert receiver.numbers == [1, 2, 3, 4, 5, 6]
    assert [message.data for message in receiver.taken.values()] == office.events()
    newest, *_, failed, _, _ = office.store.read_now(list_deliveries, endpoint).items
    assert (newest["event"], newest["ok"], newest["status"]) == (6, True, 204)
    assert (failed["event"], failed["ok"], failed["status"]) == (3, False, None)
    assert failed["problem"] == "no connection to 127.0.0.1"


async def test_what_failed_holds_what_is_behind_it_and_of_its_own_endpoint_alone(office: Office) -> None:
    office.happen(2)
    async with receiving(saying(500, 404, 302, location="/other")) as failing, receiving() as well:
        office.endpoint(failing)
        office.endpoint(well)
        for wait in (0, WELL, 6 * MINUTE, 40 * MINUTE):
            office.clock.forward(wait)
            await office.delivery.look_once()
    assert failing.numbers == [1, 1, 1, 1, 2, 3, 4]
    assert well.numbers == [1, 2, 3, 4]
    assert [message.headers["webhook-id"] for message in failing.messages[:4]] == ["evt_1"] * 4
    stamps = [int(message.headers["webhook-timestamp"]) for message in failing.messages[:4]]
    assert stamps == sorted(set(stamps))  # of each try
    assert all(message.signed_by(SECRET) for message in failing.messages)


async def test_an_answer_that_is_lost_brings_the_event_again_under_the_same_id(office: Office) -> None:
    office.happen(2)
    receiver: Receiver

    async def hang_up_once(message: Message) -> None:
        if message.id == "evt_2" and message.id not in receiver.taken:
            receiver.taken[message.id] = message  # it took it, and the line broke
            raise ConnectionResetError

    async with receiving(hang_up_once) as receiver:
        office.endpoint(receiver)
        await office.delivery.look_once()
        office.clock.forward(WELL)
        await office.delivery.look_once()
    assert receiver.numbers == [1, 2, 2, 3, 4]
    assert [message.data for message in receiver.taken.values()] == office.events()


async def test_two_workers_deliver_each_event_once_and_in_order(
    office: Office, make_store: Callable[[str], Store]
) -> None:
    office.happen(5)
    other = EventDelivery(make_store(office.store.url), office.sender, office.clock)
    async with receiving() as receiver:
        office.endpoint(receiver)
        await asyncio.gather(office.delivery.look_once(), other.look_once())
        office.happen(5)
        await asyncio.gather(other.look_once(), office.delivery.look_once())
    assert receiver.numbers == list(range(1, 21))
    assert receiver.most_at_once == 1


async def test_only_wanted_types_are_sent_and_the_others_are_passed_over(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_delivery, "PAGE", 2)
    office.happen(3)
    async with receiving() as receiver:
        endpoint = office.endpoint(receiver, types=("rating.received",))
        none = office.endpoint(receiver, types=("rating.withdrawn",))
        await office.delivery.look_once()
    wanted = [event["number"] for event in office.events() if event["type"] == "rating.received"]
    assert receiver.numbers == wanted
    assert len(wanted) == 3
    for each in (endpoint, none):
        assert office.look_at(each).standing.position == 6


async def test_a_paused_endpoint_keeps_its_place_and_loses_nothing(office: Office) -> None:
    async with receiving() as receiver:
        endpoint = office.endpoint(receiver)
        office.happen()
        office.change(endpoint, state=EndpointState.PAUSED)
        await office.delivery.look_once()
        assert receiver.messages == []
        office.happen()
        office.change(endpoint, state=EndpointState.ACTIVE)
        await office.delivery.look_once()
        assert receiver.numbers == [1, 2, 3, 4]
        office.change(endpoint, since=1)
        await office.delivery.look_once()
    assert receiver.numbers[4:] == [2, 3, 4]


async def test_a_new_endpoint_gets_only_what_is_new(office: Office) -> None:
    office.happen()
    async with receiving() as receiver:
        office.endpoint(receiver, since=None)
        office.happen()
        await office.delivery.look_once()
    assert receiver.numbers == [3, 4]


async def test_both_secrets_sign_for_a_day_and_then_the_new_one_alone(office: Office) -> None:
    async with receiving() as receiver:
        endpoint = office.endpoint(receiver)
        new = new_secret()
        office.store.writer.do_now(RotateSecret(endpoint, "test", new, DAY))
        office.happen()
        await office.delivery.look_once()
        for secret in (SECRET, new):
            Webhook(secret).verify(receiver.messages[-1].body, receiver.messages[-1].headers)
        office.clock.forward(DAY)
        office.happen()
        await office.delivery.look_once()
    last = receiver.messages[-1]
    assert (last.signed_by(new), last.signed_by(SECRET)) == (True, False)


async def test_a_secret_that_is_ended_while_events_go_out_signs_none_of_the_next(office: Office) -> None:
    office.happen()
    new = new_secret()

    async def end_it(_message: Message) -> None:
        if len(receiver.messages) == 1:
            office.store.writer.do_now(RotateSecret(endpoint, "test", new, 0))

    async with receiving(end_it) as receiver:
        endpoint = office.endpoint(receiver)
        await office.delivery.look_once()
    assert [(each.signed_by(SECRET), each.signed_by(new)) for each in receiver.messages] == [
        (True, False),
        (False, True),
    ]


async def test_a_receiver_that_is_gone_is_not_asked_again_until_it_is_switched_on(office: Office) -> None:
    office.happen()
    async with receiving(saying(410)) as receiver:
        endpoint = office.endpoint(receiver)
        await office.delivery.look_once()
        standing = office.look_at(endpoint).standing
        assert (standing.state, standing.reason) == (EndpointState.DISABLED, "it answered 410: it is gone")
        office.clock.forward(10 * DAY)
        await office.delivery.look_once()
        assert receiver.numbers == [1]
        office.change(endpoint, state=EndpointState.ACTIVE)
        await office.delivery.look_once()
    assert receiver.numbers == [1, 1, 2]


@pytest.mark.parametrize("status", [429, 503])
async def test_who_asks_to_wait_is_left_alone_for_that_long(office: Office, status: int) -> None:
    office.happen()
    async with receiving(saying(status, retry_after="3600")) as receiver:
        endpoint = office.endpoint(receiver)
        await office.delivery.look_once()
        office.clock.forward(HOUR - 1)
        await office.delivery.look_once()
        assert receiver.numbers == [1]
        office.clock.forward(1)
        await office.delivery.look_once()
    assert receiver.numbers == [1, 1, 2]
    assert office.look_at(endpoint).standing.tries == 0


async def test_a_receiver_that_fails_for_days_is_given_up_with_the_reason_and_goes_on_where_it_stood(
    office: Office,
) -> None:
    office.happen()
    async with receiving(saying(*[500] * 10)) as receiver:
        endpoint = office.endpoint(receiver)
        for _ in range(12):
            await office.delivery.look_once()
            office.clock.forward(DAY)
        assert receiver.numbers == [1] * 10
        standing = office.look_at(endpoint).standing
        assert standing.state is EndpointState.DISABLED
        assert standing.reason is not None
        assert standing.reason.endswith("the last time, it answered 500")
        office.change(endpoint, state=EndpointState.ACTIVE)
        await office.delivery.look_once()
    assert receiver.numbers[10:] == [1, 2]
    oldest = office.store.read_now(list_deliveries, endpoint).items[-1]
    assert len(oldest["reply"]) == 500
    assert oldest["reply"].startswith("no, thanks\N{REPLACEMENT CHARACTER}no, thanks")


async def test_a_change_of_the_url_while_a_delivery_is_on_its_way_sends_it_to_the_new_one(office: Office) -> None:
    office.happen()
    async with receiving() as new:

        async def move(_message: Message) -> web.StreamResponse | None:
            office.change(endpoint, url=new.url)
            return web.Response(status=410)

        async with receiving(move) as old:
            endpoint = office.endpoint(old)
            await office.delivery.look_once()
            await office.delivery.look_once()
        assert (old.numbers, new.numbers) == ([1], [1, 2])
    assert office.look_at(endpoint).standing.state is EndpointState.ACTIVE


async def test_a_receiver_that_hangs_is_left_after_its_time(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_delivery, "TIMEOUT_SECONDS", 0.05)
    office.happen()
    for_ever = asyncio.Event()

    async def hang(_message: Message) -> None:
        await for_ever.wait()

    async with receiving(hang) as receiver:
        endpoint = office.endpoint(receiver)
        await office.delivery.look_once()
        for_ever.set()
    (tried,) = office.store.read_now(list_deliveries, endpoint).items
    assert (tried["status"], tried["ok"]) == (None, False)
    assert "in" in tried["problem"]


async def test_a_private_address_is_refused_at_every_delivery(office: Office) -> None:
    office.happen()
    async with receiving() as receiver, HttpClient(guard=Guard()) as guarded:
        endpoint = office.endpoint(receiver)
        strict = EventDelivery(office.store, EventSender(guarded, office.clock), office.clock)
        await strict.look_once()
    assert receiver.messages == []
    (tried,) = office.store.read_now(list_deliveries, endpoint).items
    assert tried["problem"].startswith("nothing is sent there")


async def test_stopping_waits_for_the_request_that_is_out_and_records_it(office: Office) -> None:
    office.happen(2)
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def wait(_message: Message) -> None:
        arrived.set()
        await go_on.wait()

    async with receiving(wait) as receiver:
        endpoint = office.endpoint(receiver)
        running = asyncio.create_task(office.delivery.run())
        await arrived.wait()
        finishing = asyncio.create_task(office.delivery.finish(20))
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(running, finishing)
    assert receiver.numbers == [1]
    assert office.look_at(endpoint).standing.position == 1
    again = EventDelivery(office.store, office.sender, office.clock)
    async with receiving() as receiver:
        office.change(endpoint, url=receiver.url)
        await again.look_once()  # the lease was given back
    assert receiver.numbers == [2, 3, 4]
