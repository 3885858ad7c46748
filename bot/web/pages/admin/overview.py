"""`/settings`: the installation at a glance, and the rule by which agents are compared."""

from starlette.responses import Response
from starlette.routing import BaseRoute

from bot import __version__
from bot.web.pages.admin.tools import AdminTools
from bot.web.pages.shell import Shell
from bot.web.pages.speech import mark
from bot.web.pages.visit import Visit
from ratings.deliveries import EndpointState
from ratings.reports.agents import CALLIBRI, HONEST, comparison_rule
from ratings.reports.channels import account_states
from ratings.reports.jobs import failed_groups
from ratings.rights import Right
from ratings.store.endpoints import list_endpoints
from ratings.store.keys import list_keys
from ratings.store.loading import desk_account
from ratings.store.retention import load_retention
from ratings.store.settings import SaveSetting

COMPARISONS = {
    HONEST: (
        mark("Honest"),
        mark(
            "Nobody is ranked on few ratings; those whom chance alone could have swapped share a place, and nobody is named the worst."
        ),
    ),
    CALLIBRI: (
        mark("As Callibri does"),
        mark("Whoever is below 60% of the median, in volume or in mean, is shown pale and gets no awards."),
    ),
}


class Overview:
    """`/settings`."""

    def __init__(self, shell: Shell, tools: AdminTools) -> None:
        self._shell = shell
        self._tools = tools

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        page = self._shell.page
        return [
            page("/settings", self.show, right=Right.SETUP),
            page("/settings/comparison", post=self.compare, right=Right.SETUP),
        ]

    async def show(self, visit: Visit) -> Response:
        """Show it."""
        settings, read = self._tools.settings, self._shell.store.read
        wanted = [*settings.channels, *(desk_account(name) for name in settings.desks)]
        states = await read(account_states, wanted, visit.now)
        endpoints = await read(list_endpoints)
        return visit.render(
            "admin/overview.html",
            version=__version__,
            public_url=settings.server.public_url,
            store=settings.store.url.get_secret_value().partition(":")[0].partition("+")[0],
            accounts=len(settings.channels),
            desks=len(settings.desks),
            held=[state.name for state in states if state.held_at is not None],
            failed=sum(group.jobs for group in await read(failed_groups)),
            keys=sum(key.revoked_at is None for key in await read(list_keys)),
            endpoints=len(endpoints),
            given_up=sum(each.standing.state is EndpointState.DISABLED for each in endpoints),
            retention=await read(load_retention),
            rule=await read(comparison_rule),
            comparisons=COMPARISONS,
        )

    async def compare(self, visit: Visit) -> Response:
        """Set the rule of comparison."""
        rule = (await visit.form()).get("rule", "")
        if rule in COMPARISONS:
            await self._shell.store.writer.do(SaveSetting("comparison", rule, visit.by))
        return visit.redirect("/settings", visit.say("It is set."))
