"""Hooks of the desks."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.types import Receive, Scope, Send

from bot.desk_reports import DeskReports
from bot.metrics import Metrics
from bot.web.asgi import answer, headers_of
from bot.web.hook_endpoint import HookEndpoint
from desks.base import Desk
from net.hooks import HookReply, HookRequest
from ratings.store.loading import desk_account
from ratings.times import Instant

PREFIX = "/hooks/desks/"


def desk_hook_path(name: str) -> str:
    """Return the path of a desk's hook: "pyrus.main" is at /hooks/desks/pyrus/main."""
    kind, _, own = name.partition(".")
    return f"{PREFIX}{kind}/{own}"


class DeskHooks(HookEndpoint[Desk]):
    """The ASGI endpoint of all desks' hooks; one path each."""

    def __init__(
        self, desks: Mapping[str, Desk], reports: DeskReports, metrics: Metrics, clock: Callable[[], Instant]
    ) -> None:
        super().__init__(
            {desk_hook_path(name): desk for name, desk in desks.items() if desk.capabilities.hooks}, metrics
        )
        self._reports = reports
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] == "OPTIONS" and scope["path"] in self._owners:
            await _allow(scope, send)
        else:
            await super().__call__(scope, receive, send)

    def name(self, owner: Desk) -> str:
        """Return the account of the desk's jobs."""
        return desk_account(owner.name)

    def limit(self, owner: Desk) -> int:
        """Return the kind's limit: some desks send a whole task with everything that was ever said in it."""
        return owner.capabilities.max_body

    def verify(self, owner: Desk, request: HookRequest) -> None:
        """Let the desk look at the request's proof."""
        owner.verify(request, self._clock())

    def take(self, owner: Desk, request: HookRequest) -> Awaitable[object]:
        """Decide about what was closed, and store the rest."""
        return self._reports.receive(owner, owner.parse(request, self._clock()))

    def reply(self, owner: Desk, request: HookRequest) -> HookReply:
        """Answer as the desk wants it."""
        return owner.reply(request)


async def _allow(scope: Scope, send: Send) -> None:
    """Say that we want what a CloudEvents sender is about to deliver (HTTP Webhook specification 1.0.1, section 4)."""
    origin = headers_of(scope).get("webhook-request-origin", "")
    more: tuple[tuple[bytes, bytes], ...] = ((b"allow", b"OPTIONS, POST"),)
    if origin:
        more = (*more, (b"webhook-allowed-origin", origin.encode("latin-1")), (b"webhook-allowed-rate", b"*"))
    await answer(send, 200, b"", "text/plain", more)
