"""The whole service on a loopback of its own, and the few things that a test of the API does with it."""

from collections.abc import Mapping
from typing import Any

import httpx

from bot.assembly import Parts, assemble
from bot.settings import Settings, build_settings
from ratings.store.claims import Claim
from ratings.store.events import NumberEvents
from ratings.store.inbound import Receive, Tapped, Wrote
from ratings.store.keys import CreateKey, Scope, new_key
from ratings.store.results import Done, Finish
from ratings.store.store import Store
from ratings.times import MINUTE, format_instant
from tests.conftest import Clock

ACCOUNT = "telegram.support"
ZONE = "Europe/Moscow"
MAX_BODY = 2_048


def settings_for(url: str, **server: Any) -> Settings:
    """Settings with one bot that only sends and one desk, so that nothing outside is asked for anything."""
    return build_settings(
        {
            "server": {"secret": ["env:SECRET"], "timezone": ZONE, "max_body": MAX_BODY, **server},
            "store": {"url": "env:STORE"},
            "desks": {"generic": {"shop": {"secret": "env:DESK", "callback_url": "http://127.0.0.1:9/"}}},
            "channels": {"telegram": {"support": {"token": "env:TOKEN", "mode": "send-only"}}},
        },
        environ={"SECRET": "s" * 40, "DESK": f"whsec_{'d' * 44}", "STORE": url, "TOKEN": "123456:" + "t" * 35},
    )


class Service:
    """A started service. `read`, `write` and `admin` are its keys."""

    def __init__(self, parts: Parts, clock: Clock) -> None:
        self.parts = parts
        self.clock = clock
        self.keys = {scope: self._new_key(scope) for scope in Scope}
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(parts.application), base_url="http://tapfive.test/api"
        )
        self._happened = 0

    def _new_key(self, scope: Scope) -> str:
        key_id, key, key_hash = new_key()
        self.store.writer.do_now(CreateKey(key_id, scope.value, scope, key_hash, "test"))
        return key

    @property
    def store(self) -> Store:
        return self.parts.store

    async def ask(
        self,
        method: str,
        path: str,
        *,
        scope: Scope | None = Scope.ADMIN,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        """Send one request with the key of a scope; None: without any."""
        authorization = {} if scope is None else {"authorization": f"Bearer {self.keys[scope]}"}
        return await self.client.request(method, path, headers={**authorization, **(headers or {})}, **more)

    async def get(self, path: str, **parameters: Any) -> Any:
        """Read something that must be there."""
        response = await self.ask("GET", path, scope=Scope.READ, params=parameters)
        assert response.status_code == 200, response.text
        return response.json()

    async def close(self, number: int | str, **more: Any) -> dict[str, Any]:
        """Close a ticket; return the decision."""
        response = await self.ask("POST", "/v1/tickets/closed", scope=Scope.WRITE, json=self.ticket(number, **more))
        assert response.status_code in {200, 202}, response.text
        decision: dict[str, Any] = response.json()
        return decision

    def ticket(self, number: int | str, **more: Any) -> dict[str, Any]:
        """A ticket, closed a minute ago by a customer of its own."""
        return {
            "id": f"T-{number}",
            "closed_at": format_instant(self.clock.now - MINUTE),
            "address": {"channel": ACCOUNT, "id": f"9{number}"},
            **more,
        }

    def send(self) -> None:
        """Send every prompt that is due."""
        claim = Claim(ACCOUNT, 1000, 1e6, 1e6, MINUTE, idempotent=False, acknowledge_within=None)
        for job in self.store.writer.do_now(claim).jobs:
            outcome = Done(external_id=f"m{job.job_id}")
            self.store.writer.do_now(Finish(job.job_id, job.attempt_id, outcome, self.clock.now, idempotent=False))

    def rate(self, invitation: int, number: int | str, value: int, comment: str = "") -> None:
        """The customer of a ticket taps, and writes."""
        self._happened += 2
        tap = Tapped(event_id=f"e{self._happened}", sender=f"9{number}", invitation_id=invitation, value=value, tap="")
        words = Wrote(
            event_id=f"e{self._happened + 1}",
            sender=f"9{number}",
            message_id=f"w{self._happened}",
            text=comment,
            reply_to=None,
            edited=False,
        )
        happenings = (tap, words) if comment else (tap,)
        received = self.store.writer.do_now(Receive(ACCOUNT, happenings))
        assert received.outcomes[0] in {"rated", "changed"}

    def number_events(self) -> None:
        """Do what upkeep does all the time."""
        self.store.writer.do_now(NumberEvents())


def make_parts(url: str, clock: Clock, **server: Any) -> Parts:
    """The service, not started."""
    return assemble(settings_for(url, **server), clock)
