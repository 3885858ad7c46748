"""`/`: what somebody wants to see first."""

from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.web.pages.shell import Shell
from bot.web.pages.visit import Visit


class Home:
    """`/`: the dashboard."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [self._shell.page("/", self.show)]

    async def show(self, visit: Visit) -> Response:
        """Show the dashboard."""
        return visit.render("home.html")
