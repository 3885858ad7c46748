"""What stands above the dashboard: the first steps of an installation, and that what it shows was made up, where it was."""

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.web.pages.shell import Shell
from bot.web.pages.speech import mark
from bot.web.pages.visit import Visit
from ratings.reports.checklist import PutChecklistAway, Step, load_checklist
from ratings.rights import Right
from ratings.store.sample import load_sample


@dataclass(frozen=True, slots=True)
class _Words:
    """What a step says, how it is done, and the page where it is."""

    title: str
    hint: str
    path: str


_WORDS = {
    Step.CHANNEL: _Words(
        mark("Connect a channel"),
        mark("Name a bot, a community or a mailbox in config.toml, and start the service again."),
        "/settings",
    ),
    Step.DESK: _Words(
        mark("Connect a helpdesk"),
        mark("Let the helpdesk, by its webhook or the API, report a closed ticket."),
        "/settings",
    ),
    Step.SURVEY: _Words(mark("Switch a survey on"), mark("It says whom to ask, when, and in which words."), "/surveys"),
    Step.TEST: _Words(
        mark("Send yourself a test"),
        mark("See the question as your customers will, in the messenger itself."),
        "/surveys/default/try",
    ),
    Step.RATING: _Words(mark("Receive the first rating"), mark("Close a ticket of your own, and tap."), "/ratings"),
}


class FirstSteps:
    """`/first-steps`: the form that puts them away; and what they say to the dashboard."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [self._shell.page("/first-steps", post=self.put_away, right=Right.SETUP)]

    async def context(self, visit: Visit) -> dict[str, Any]:
        """Return what `first_steps.html` wants: the steps (None: nothing to show) and the sample (None: there is none)."""
        store = self._shell.store
        sample = await store.read(load_sample)
        if not visit.may(Right.SETUP):
            return {"first_steps": None, "sample": sample}
        found = await store.read(load_checklist, self._shell.accounts)
        steps = [(_WORDS[step], done) for step, done in found.steps] if found.shown else None
        return {"first_steps": steps, "sample": sample}

    async def put_away(self, visit: Visit) -> Response:
        """Show them to nobody any more."""
        await self._shell.store.writer.do(PutChecklistAway(visit.by))
        return visit.redirect("/")
