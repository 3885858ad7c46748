"""`/settings/digests`: who is told of the last day or week, when, and about what."""

import secrets

from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.web.pages.reporting.bar import options
from bot.web.pages.shell import Shell
from bot.web.pages.speech import LANGUAGES, mark
from bot.web.pages.visit import Form, Visit
from ratings.digests import DAILY, FILTERS, WEEKLY, Digest, is_destination
from ratings.errors import InvalidInput
from ratings.reports.directory import list_directory
from ratings.rights import Right
from ratings.store.digests import AddDigest, RemoveDigest, load_digests

PAGE = "/settings/digests"
PERIOD_NAMES = {DAILY: mark("every day"), WEEKLY: mark("every Monday")}
DEFAULT_HOUR = 9


class DigestPages:
    """The list of digests, and the form that adds one."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        page, right = self._shell.page, Right.SETUP
        return [
            page(PAGE, self.show, self.add, right=right),
            page(f"{PAGE}/remove", post=self.remove, right=right),
        ]

    async def show(self, visit: Visit) -> Response:
        """Show the digests."""
        return await self._page(visit)

    async def add(self, visit: Visit) -> Response:
        """Add a digest."""
        form = await visit.form()
        problem = self._problem(visit, form)
        if problem:
            return await self._page(visit, 422, form, problem)
        try:
            await self._shell.store.writer.do(AddDigest(_digest(form), visit.by))
        except (InvalidInput, ValueError):
            return await self._page(visit, 422, form, visit.say("Something in the form cannot be. Look at it again."))
        return visit.redirect(PAGE, visit.say("The digest is set up."))

    async def remove(self, visit: Visit) -> Response:
        """Remove a digest."""
        await self._shell.store.writer.do(RemoveDigest((await visit.form()).get("id", ""), visit.by))
        return visit.redirect(PAGE, visit.say("The digest is removed."))

    def _problem(self, visit: Visit, form: Form) -> str:
        """Return what is wrong with the place that a digest is to go to; "" where nothing is."""
        if form.get("account", "") not in self._shell.accounts:
            return visit.say("Choose by which account it goes.")
        if not is_destination(_destination(form)):
            return visit.say("Write a mail address, or the id of a chat.")
        return ""

    async def _page(self, visit: Visit, status: int = 200, form: Form | None = None, problem: str = "") -> Response:
        store = self._shell.store
        directory = await store.read(list_directory)
        typed = form if form is not None else Form([("hour", str(DEFAULT_HOUR)), ("language", visit.speech.language)])
        names = {name: {entry.id: entry.name or entry.id for entry in directory[name]} for name in FILTERS}
        return visit.render(
            "digests.html",
            status,
            digests=await store.read(load_digests),
            accounts=self._shell.accounts,
            periods=PERIOD_NAMES,
            names=names,
            dimensions=[(name, title, options(directory[name], typed.getlist(name))) for name, title in _titles(visit)],
            typed=typed,
            problem=problem,
        )


def _titles(visit: Visit) -> list[tuple[str, str]]:
    return [
        ("survey", visit.say("survey")),
        ("form", visit.say("form")),
        ("group", visit.say("group")),
        ("channel", visit.say("channel")),
    ]


def _destination(form: Form) -> str:
    return f"{form.get('account', '')}:{form.get('address', '').strip()}"


def _digest(form: Form) -> Digest:
    """Raises ValueError for an hour that is no number."""
    language = form.get("language", "")
    return Digest(
        id=secrets.token_hex(6),
        destination=_destination(form),
        period=form.get("period", DAILY),
        hour=int(form.get("hour", str(DEFAULT_HOUR))),
        language=language if language in LANGUAGES else "en",
        weekdays_only="weekdays_only" in form,
        filters={name: ids for name in FILTERS if (ids := tuple(each for each in form.getlist(name) if each))},
    )
