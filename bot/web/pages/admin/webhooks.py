"""`/settings/webhooks`: where events are posted, what became of it, and giving it new secrets."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.event_delivery import new_secret
from bot.web.api.endpoint_bodies import MAX_DESCRIPTION, TYPES
from bot.web.pages.admin.tools import AdminTools, ask_first
from bot.web.pages.shell import Shell, refuse
from bot.web.pages.speech import mark
from bot.web.pages.visit import Form, Visit
from net.guard import MAX_URL, ForbiddenUrl
from ratings.deliveries import KEEP_SECRET, EndpointState, Reply
from ratings.errors import InvalidInput
from ratings.reports.deliveries import list_deliveries
from ratings.rights import Right
from ratings.store.endpoints import (
    KEEP,
    ChangeEndpoint,
    CreateEndpoint,
    DeleteEndpoint,
    Endpoint,
    RotateSecret,
    TooMany,
    list_endpoints,
    load_endpoint,
)
from ratings.times import parse_instant

EVENTS = {
    "invitation.asked": mark("a customer was asked"),
    "invitation.cancelled": mark("an asking was cancelled"),
    "invitation.lapsed": mark("nobody answered in time"),
    "invitation.undeliverable": mark("no messenger took the question"),
    "rating.received": mark("a rating came"),
    "rating.changed": mark("a rating was changed"),
    "rating.commented": mark("a comment was written"),
    "rating.withdrawn": mark("a rating was taken back"),
}
STATES = {
    EndpointState.ACTIVE: mark("active"),
    EndpointState.PAUSED: mark("paused"),
    EndpointState.DISABLED: mark("given up"),
}

NO_URL = mark("This is no address that can be read.")
FORBIDDEN = {
    "expected a URL that starts with https://": mark("The address has to begin with https://."),
    "a URL with blanks, line ends or backslashes; expected them escaped": mark(
        "The address has blanks or backslashes in it: write them as %%20 and %%5C."
    ),
    "a URL with a user or password; signatures tell who sends": mark(
        "The address has a user or a password in it. They are not needed: a signature tells who sends."
    ),
    "a private address; expected a public one": mark(
        "This is an address of a private network: a public one is expected."
    ),
    "a name that leads to a private address; expected a public one": mark(
        "This name leads into a private network: a public address is expected."
    ),
}
"""Why the guard lets nothing be posted to an address, as it says it to programs, and as people are told; else `NO_URL`."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A webhook's form as it was filled in. No types: all of them."""

    url: str = ""
    description: str = ""
    types: tuple[str, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()

    @property
    def wrong(self) -> dict[str, str]:
        """What is wrong, by the field."""
        return {"url": "", "description": "", **dict(self.problems)}


class WebhookPages:
    """`/settings/webhooks` and what it does."""

    def __init__(self, shell: Shell, tools: AdminTools) -> None:
        self._shell = shell
        self._tools = tools

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        page, one = self._shell.page, "/settings/webhooks/{endpoint_id:int}"
        return [
            page("/settings/webhooks", self.show, self.make, right=Right.SETUP),
            page(one, self.one, self.change, right=Right.SETUP),
            page(f"{one}/state", post=self.switch, right=Right.SETUP),
            page(f"{one}/test", post=self.test, right=Right.SETUP),
            page(f"{one}/secret", self.ask_secret, self.rotate, right=Right.SETUP),
            page(f"{one}/replay", post=self.replay, right=Right.SETUP),
            page(f"{one}/delete", self.ask_delete, self.delete, right=Right.SETUP),
        ]

    async def show(self, visit: Visit) -> Response:
        """Show all webhooks, and the form that makes one."""
        return await self._show(visit, Typed())

    async def make(self, visit: Visit) -> Response:
        """Make a webhook; its secret is shown once."""
        typed = await self._typed(visit, await visit.form())
        if typed.problems:
            return await self._show(visit, typed, 422)
        secret = new_secret()
        operation = CreateEndpoint(typed.url, secret, visit.by, typed.types or None, typed.description)
        try:
            endpoint = await self._shell.store.writer.do(operation)
        except TooMany:
            wrong = (("url", visit.say("There are as many webhooks as there may be.")),)
            return await self._show(visit, replace(typed, problems=wrong), 409)
        return self._shown_once(visit, endpoint, secret, visit.say("The webhook is made. Its secret"))

    async def one(self, visit: Visit) -> Response:
        """Show one webhook with what became of it."""
        endpoint = await self._find(visit)
        return endpoint if isinstance(endpoint, Response) else await self._show_one(visit, endpoint)

    async def change(self, visit: Visit) -> Response:
        """Change where it goes and what."""
        endpoint = await self._find(visit)
        if isinstance(endpoint, Response):
            return endpoint
        typed = await self._typed(visit, await visit.form())
        if typed.problems:
            return await self._show_one(visit, endpoint, typed, status=422)
        url = typed.url if typed.url != endpoint.url else KEEP
        return await self._do(
            visit,
            endpoint,
            ChangeEndpoint(endpoint.id, visit.by, url, typed.types or None, typed.description),
            visit.say("The webhook is changed."),
        )

    async def switch(self, visit: Visit) -> Response:
        """Pause it, or let it go on from where it stands."""
        endpoint = await self._find(visit)
        if isinstance(endpoint, Response):
            return endpoint
        active = (await visit.form()).get("state") == EndpointState.ACTIVE.value
        state = EndpointState.ACTIVE if active else EndpointState.PAUSED
        said = (
            visit.say("It goes on where it stood.")
            if active
            else visit.say("It is paused; what happens meanwhile is kept for it.")
        )
        return await self._do(visit, endpoint, ChangeEndpoint(endpoint.id, visit.by, state=state), said)

    async def test(self, visit: Visit) -> Response:
        """Send a signed test message, and show what came of it."""
        endpoint = await self._find(visit)
        if isinstance(endpoint, Response):
            return endpoint
        return await self._show_one(visit, endpoint, tested=await self._tools.sender.test(endpoint))

    async def ask_secret(self, visit: Visit) -> Response:
        """Ask before it gets a new secret."""
        endpoint = await self._find(visit)
        if isinstance(endpoint, Response):
            return endpoint
        return ask_first(
            visit,
            title=visit.say("Give it a new secret?"),
            texts=[
                visit.say(
                    "The new one is shown to you once. The old one signs beside it for another day, so that the receiver can change in peace."
                )
            ],
            action=f"/settings/webhooks/{endpoint.id}/secret",
            label=visit.say("Make a new secret"),
            back=f"/settings/webhooks/{endpoint.id}",
            danger=False,
        )

    async def rotate(self, visit: Visit) -> Response:
        """Give it a new secret, shown once."""
        endpoint = await self._find(visit)
        if isinstance(endpoint, Response):
            return endpoint
        secret = new_secret()
        try:
            await self._shell.store.writer.do(RotateSecret(endpoint.id, visit.by, secret, KEEP_SECRET))
        except TooMany:
            return refuse(
                visit, 409, mark("It has too many secrets"), mark("Wait a day: then the old ones sign no more.")
            )
        return self._shown_once(visit, endpoint, secret, visit.say("The new secret"))

    async def replay(self, visit: Visit) -> Response:
        """Set it back to an event: everything after it is delivered again."""
        endpoint = await self._find(visit)
        if isinstance(endpoint, Response):
            return endpoint
        told = (await visit.form()).get("since", "").strip()
        if not (told.isascii() and told.isdigit() and len(told) < 19):  # noqa: PLR2004 - digits that every engine holds
            return await self._show_one(
                visit, endpoint, since=(told, visit.say("A number of an event, such as 1200.")), status=422
            )
        operation = ChangeEndpoint(endpoint.id, visit.by, since=max(0, int(told) - 1))
        try:
            return await self._do(
                visit, endpoint, operation, visit.say("It begins again with event %(number)s.", number=told)
            )
        except InvalidInput:
            problem = visit.say("The newest event has the number %(last)s.", last=endpoint.last)
            return await self._show_one(visit, endpoint, since=(told, problem), status=422)

    async def ask_delete(self, visit: Visit) -> Response:
        """Ask before it is deleted."""
        endpoint = await self._find(visit)
        if isinstance(endpoint, Response):
            return endpoint
        return ask_first(
            visit,
            title=visit.say("Delete this webhook?"),
            texts=[
                endpoint.url,
                visit.say("Its secrets and the record of its deliveries go with it. A pause keeps them."),
            ],
            action=f"/settings/webhooks/{endpoint.id}/delete",
            label=visit.say("Delete it"),
            back=f"/settings/webhooks/{endpoint.id}",
        )

    async def delete(self, visit: Visit) -> Response:
        """Delete it."""
        await self._shell.store.writer.do(DeleteEndpoint(visit.request.path_params["endpoint_id"], visit.by))
        return visit.redirect("/settings/webhooks", visit.say("The webhook is deleted."))

    # --- parts ---

    async def _find(self, visit: Visit) -> Endpoint | Response:
        found = await self._shell.store.read(load_endpoint, visit.request.path_params["endpoint_id"])
        return found or refuse(visit, 404, mark("There is no such webhook"), mark("Perhaps somebody has deleted it."))

    async def _do(self, visit: Visit, endpoint: Endpoint, operation: ChangeEndpoint, said: str) -> Response:
        if await self._shell.store.writer.do(operation) is None:
            return refuse(visit, 404, mark("There is no such webhook"), mark("Perhaps somebody has deleted it."))
        return visit.redirect(f"/settings/webhooks/{endpoint.id}", said)

    async def _typed(self, visit: Visit, form: Form) -> Typed:
        url, description = form.get("url", "").strip(), form.get("description", "").strip()
        types = tuple(each for each in TYPES if each in form.getlist("types"))
        problems: list[tuple[str, str]] = []
        if not url or len(url) > MAX_URL:
            problems.append(("url", visit.say("It is missing, or too long.")))
        else:
            try:
                await self._tools.guard.check_resolved(url)
            except ForbiddenUrl as error:
                problems.append(("url", visit.say(FORBIDDEN.get(str(error), NO_URL))))
        if len(description) > MAX_DESCRIPTION or not description.isprintable():
            problems.append(
                ("description", visit.say("At most %(most)s characters on one line.", most=MAX_DESCRIPTION))
            )
        return Typed(url, description, () if len(types) == len(TYPES) else types, tuple(problems))

    async def _show(self, visit: Visit, typed: Typed, status: int = 200) -> Response:
        found = await self._shell.store.read(list_endpoints)
        return visit.render(
            "admin/webhooks.html", status, endpoints=found, typed=typed, events=EVENTS, states=STATES, now=visit.now
        )

    async def _show_one(
        self,
        visit: Visit,
        endpoint: Endpoint,
        typed: Typed | None = None,
        *,
        tested: Reply | None = None,
        since: tuple[str, str] = ("", ""),
        status: int = 200,
    ) -> Response:
        cursor = visit.query.get("cursor") or None
        found = await self._shell.store.read(list_deliveries, endpoint.id, cursor=cursor)
        deliveries: list[dict[str, Any]] = [{**item, "at": parse_instant(item["at"])} for item in found.items]
        shown = typed or Typed(endpoint.url, endpoint.description, endpoint.types or ())
        return visit.render(
            "admin/webhook.html",
            status,
            endpoint=endpoint,
            typed=shown,
            deliveries=deliveries,
            following=None if found.next is None else urlencode({"cursor": found.next}),
            begins=cursor is None,
            tested=tested,
            since=since,
            events=EVENTS,
            states=STATES,
            now=visit.now,
        )

    def _shown_once(self, visit: Visit, endpoint: Endpoint, secret: str, title: str) -> Response:
        return visit.render(
            "admin/shown_once.html", title=title, secret=secret, back=f"/settings/webhooks/{endpoint.id}"
        )
