"""One bot at Pyrus. Translates between the desk contract and Pyrus's API v4; retries nothing, stores nothing."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import ClassVar

from desks.base import Capabilities, Desk, Result, Told, Verb, Written
from desks.pyrus import findings, webhook
from desks.pyrus.client import Client
from desks.pyrus.config import PyrusConfig
from desks.pyrus.history import Us
from desks.pyrus.register import Look
from desks.pyrus.register import listen as look_around
from desks.pyrus.writer import Forms, write
from net.errors import DeliveryError
from net.findings import Finding, Phrase, failure
from net.hooks import HookRequest
from ratings.times import Instant


class Pyrus(Desk):
    """The forms of one organization, as one bot sees them. A ticket is a task, its id the task's number."""

    kind = "pyrus"
    title = "Pyrus"
    Config: ClassVar[type[PyrusConfig]] = PyrusConfig
    capabilities = Capabilities(
        verbs={
            Verb.SCORE: "native",
            Verb.COMMENT: "native",
            Verb.RATED_AT: "native",
            Verb.TAG: "emulated",  # by a choice field or lists: Pyrus knows no tags
            Verb.UNTAG: "emulated",
            Verb.REOPEN_KEEP: "native",
            Verb.REOPEN_CLEAR: "emulated",  # by a queue, or by emptying a person field
            Verb.CLOSE: "native",
            Verb.CLOSE_UNRATED: "native",
            Verb.NOTE: "native",
            Verb.SUPPRESS_NATIVE: "native",
        },
        hooks=True,
        polls=True,
        max_body=webhook.MAX_BODY,
    )

    config: PyrusConfig

    def __init__(self, name: str, config: PyrusConfig) -> None:
        super().__init__(name, config)
        secret = (config.webhook_secret or config.security_key).get_secret_value()
        if not secret.strip():
            raise ValueError("a hook needs a secret: without one it believes everybody")
        self._secret = secret
        self._client = Client(config)
        self._forms = Forms(self._client)
        self._bot_id = config.bot_id
        self._heard = False
        self.clock: Callable[[], Instant] = lambda: int(time.time() * 1000)
        self.wait: Callable[[float], Awaitable[None]] = asyncio.sleep

    # --- what comes in

    def verify(self, request: HookRequest, now: Instant) -> None:  # noqa: ARG002 - Pyrus signs no time
        """Compare X-Pyrus-Sig with the body's HMAC-SHA1. Raises WebhookRejected."""
        webhook.verify(request, self._secret)
        self._heard = True

    def parse(self, request: HookRequest, now: Instant) -> Sequence[Told]:
        """One thing a call."""
        return [webhook.read_call(request.body, self.name, self.config, self._us(), now)]

    @property
    def polls(self) -> bool:
        """True in mode polling."""
        return self.config.mode == "polling"

    async def listen(self, position: str | None) -> AsyncIterator[tuple[Sequence[Told], str]]:
        """Poll the registers. `position` is JSON, with times."""
        await self._learn()
        look = Look(self._client, self.config, self.name, self._us(), self.clock, self.wait)
        async for told in look_around(look, position):
            yield told

    # --- what goes out

    async def write(self, result: Result) -> Written:
        """Look at the task, and write in one comment what is not so yet."""
        await self._learn()
        return await write(result, self._client, self._forms, self.config, self._us())

    # --- the account

    async def check(self, url: str | None) -> Sequence[Finding]:
        """Ask Pyrus who we are and for every form that is named."""
        try:
            profile = await self._client.profile()
        except DeliveryError as error:
            hint = Phrase("see login, security_key, auth_url and api_url")
            return [failure("pyrus.credentials", error, hint)]
        found = [
            Finding("pyrus.credentials", "ok", Phrase("Pyrus took the login")),
            findings.bot(profile.person_id, self.config),
        ]
        self._bot_id = self.config.bot_id or profile.person_id
        found += findings.forms(self.config)
        for form_id in self.config.all_forms:
            found += await self._check_form(form_id)
        found += findings.clearing(self.config)
        found.append(findings.native_survey(self.config))
        found.append(findings.hook(self.config, url, heard=self._heard))
        return found

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()

    async def _check_form(self, form_id: int) -> list[Finding]:
        try:
            form = await self._client.form(form_id)
        except DeliveryError as error:
            text = Phrase("form %(form)s: %(told)s", form=form_id, told=error.text)
            return [Finding("pyrus.form", "error", text, Phrase("give the bot access to the form"), error.code)]
        return [findings.named(form_id, form.name), *findings.fields(form, self.config.of_form(form_id))]

    # --- who we are

    def _us(self) -> Us:
        return Us(self._bot_id, self.config.login)

    async def _learn(self) -> None:
        """Ask once for the bot's own id: before the first comment of ours there is none to recognize."""
        if self._bot_id is None:
            self._bot_id = (await self._client.profile()).person_id
