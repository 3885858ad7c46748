"""`/`: what somebody wants to see first."""

from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.web.pages.first_steps import FirstSteps
from bot.web.pages.own import show_own
from bot.web.pages.reporting.routes import Reporting
from bot.web.pages.shell import Shell
from bot.web.pages.visit import Visit
from ratings.rights import Right


class Home:
    """`/`: the dashboard for those who see reports, what was said of them for agents."""

    def __init__(self, shell: Shell, reporting: Reporting, first_steps: FirstSteps) -> None:
        self._shell = shell
        self._reporting = reporting
        self._first_steps = first_steps

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [self._shell.page("/", self.show)]

    async def show(self, visit: Visit) -> Response:
        """Show what somebody came for."""
        if not visit.may(Right.REPORTS):
            return await show_own(visit)
        return await self._reporting.dashboard(visit, **await self._first_steps.context(visit))
