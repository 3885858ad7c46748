"""`/settings/channels`: where accounts and desks stand, a look at one of them, holding and releasing."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.account_checks import Finding
from bot.web.pages.admin.findings import SaidFinding, said_finding
from bot.web.pages.admin.tools import AdminTools, ask_first
from bot.web.pages.shell import Shell, refuse
from bot.web.pages.speech import mark
from bot.web.pages.troubles import Words, trouble
from bot.web.pages.visit import Visit
from channels.base import Mode
from ratings.reports.channels import AccountState, account_states
from ratings.rights import Right
from ratings.store.holds import HoldAccount
from ratings.store.loading import desk_account
from ratings.times import SECOND, Instant

MODES = {
    Mode.WEBHOOK: mark("webhook: the messenger posts to us"),
    Mode.POLLING: mark("polling: we ask the messenger"),
    Mode.RELAY: mark("relay: the bot's owner forwards to us"),
    Mode.SEND_ONLY: mark("send only: nothing is heard"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """An account as its card shows it. `mode` is None for a desk; `waits_s` is how late the oldest that waits is."""

    state: AccountState
    name: str
    mode: str | None
    words: Words | None
    waits_s: float | None
    findings: Sequence[SaidFinding] | None = None


class ChannelPages:
    """`/settings/channels` and what it does."""

    def __init__(self, shell: Shell, tools: AdminTools) -> None:
        self._shell = shell
        self._tools = tools

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        page = self._shell.page
        path = "/settings/channels"
        return [
            page(path, self.show, right=Right.SETUP),
            page(f"{path}/check", post=self.check, right=Right.SETUP),
            page(f"{path}/hold", self.ask, self.hold, right=Right.SETUP),
            page(f"{path}/release", post=self.release, right=Right.SETUP),
        ]

    async def show(self, visit: Visit) -> Response:
        """Show where all of them stand."""
        return await self._show(visit)

    async def check(self, visit: Visit) -> Response:
        """Let one of them look at itself."""
        name = (await visit.form()).get("name", "")
        if self._account(name) is None:
            return _missing(visit)
        return await self._show(visit, name, await self._tools.check(name))

    async def ask(self, visit: Visit) -> Response:
        """Ask before one is held."""
        name = visit.query.get("name", "")
        if self._account(name) is None:
            return _missing(visit)
        texts = [
            visit.say(
                "Nothing is sent by it any more, until you release it: no questions, reminders, answers or alerts."
            ),
            visit.say(
                "What customers tap and write is still taken. What waits goes out when you release it, if it is not too old by then."
            ),
        ]
        if name in self._tools.settings.desks:
            texts = [
                visit.say(
                    "Nothing is written to its tickets any more, until you release it. Closings are still taken, and customers asked."
                ),
                visit.say("What waits is written when you release it, as it is by then."),
            ]
        return ask_first(
            visit,
            title=visit.say("Hold %(name)s?", name=name),
            texts=texts,
            action="/settings/channels/hold",
            label=visit.say("Hold it"),
            back="/settings/channels",
            fields={"name": name},
        )

    async def hold(self, visit: Visit) -> Response:
        """Hold one."""
        return await self._hold(visit, held=True)

    async def release(self, visit: Visit) -> Response:
        """Release one."""
        return await self._hold(visit, held=False)

    async def _hold(self, visit: Visit, *, held: bool) -> Response:
        name = (await visit.form()).get("name", "")
        account = self._account(name)
        if account is None:
            return _missing(visit)
        await self._shell.store.writer.do(HoldAccount(account, held, visit.by))
        text = (
            mark("%(name)s is held: nothing is sent by it.")
            if held
            else mark("%(name)s is released: what waited goes out now.")
        )
        return visit.redirect("/settings/channels", visit.say(text, name=name))

    async def _show(self, visit: Visit, name: str = "", findings: Sequence[Finding] | None = None) -> Response:
        settings = self._tools.settings
        channels, desks = sorted(settings.channels), sorted(settings.desks)
        wanted = [*channels, *(desk_account(each) for each in desks)]
        states = await self._shell.store.read(account_states, wanted, visit.now)
        said = None if findings is None else [said_finding(each, visit.say) for each in findings]
        shown = [self._shown(each, visit.now, said if each.name == name else None) for each in states]
        return visit.render(
            "admin/channels.html", channels=shown[: len(channels)], desks=shown[len(channels) :], now=visit.now
        )

    def _shown(self, state: AccountState, now: Instant, findings: Sequence[SaidFinding] | None) -> Shown:
        config = self._tools.settings.channels.get(state.account)
        return Shown(
            state,
            state.name,
            None if config is None else MODES[config.mode],
            None if state.last_error is None else trouble(state.last_error.code),
            None if state.oldest is None else (now - state.oldest) / SECOND,
            findings,
        )

    def _account(self, name: str) -> str | None:
        """Return the account of a channel or a desk that is set up; None for any other name."""
        if name in self._tools.settings.channels:
            return name
        return desk_account(name) if name in self._tools.settings.desks else None


def _missing(visit: Visit) -> Response:
    return refuse(
        visit, 404, mark("There is no such account"), mark("Accounts and desks are set up in the service's settings.")
    )
