"""`/tickets/{id}`: the whole life of a ticket, a correction of its rating, and putting back what failed."""

from urllib.parse import quote, urlencode

from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.web.pages.shell import Shell, refuse
from bot.web.pages.speech import mark
from bot.web.pages.ticket_timeline import lines_of, said_value
from bot.web.pages.visit import Visit
from ratings.lifecycle import Outcome
from ratings.reports.lives import desks_of, seen_invitation, ticket_life
from ratings.rights import Right
from ratings.store.rating_edits import EditRating
from ratings.store.replays import ReplayJobs

MAX_WHY = 500


class Tickets:
    """The ticket's page."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        page = self._shell.page
        return [
            page("/tickets/{ticket_id:path}", self.show, right=Right.RATINGS),
            page("/ratings/{invitation:int}/correct", post=self.correct, right=Right.EDIT),
            page("/ratings/{invitation:int}/replay", post=self.replay, right=Right.SETUP),
        ]

    async def show(self, visit: Visit) -> Response:
        """Show a ticket. Where several desks have one of this id, let one be chosen."""
        ticket = visit.request.path_params["ticket_id"]
        desk = visit.query.get("desk", "")
        read = self._shell.store.read
        if "\0" in ticket or "\0" in desk:
            return _nothing(visit)
        if not desk:
            desks = await read(desks_of, ticket, visit.sight)
            if len(desks) > 1:
                return visit.render("ticket_desks.html", ticket=ticket, desks=desks)
            desk = desks[0] if desks else ""
        return await self._page(visit, desk, ticket)

    async def _page(self, visit: Visit, desk: str, ticket: str, problem: str = "", status: int = 200) -> Response:
        life = await self._shell.store.read(ticket_life, desk, ticket, visit.sight)
        if life is None:
            return _nothing(visit)
        speech = visit.speech
        return visit.render(
            "ticket.html",
            status,
            life=life,
            newest=life.closings[0].row,
            closings=[
                (
                    closing,
                    lines_of(closing, speech),
                    said_value(closing.scale, closing.row.value, speech.language),
                    [
                        said_value(closing.scale, value, speech.language)
                        for value in (closing.scale.values if closing.scale is not None else ())
                    ],
                )
                for closing in life.closings
            ],
            now=visit.now,
            problem=problem,
            max_why=MAX_WHY,
        )

    async def correct(self, visit: Visit) -> Response:
        """Say that another value counts, and why."""
        form = await visit.form()
        number = visit.request.path_params["invitation"]
        place = await self._shell.store.read(seen_invitation, number, visit.sight)
        if place is None:
            return _nothing(visit)
        why, value = " ".join(form.get("why", "").split()), form.get("value", "")
        if not why or len(why) > MAX_WHY or not value.isdecimal() or len(value) > 2:  # noqa: PLR2004 - digits of a value
            return await self._page(visit, *place, visit.say("Choose a value and say why."), 422)
        outcome = await self._shell.store.writer.do(EditRating(number, int(value), visit.by, why))
        if outcome in {Outcome.CHANGED, Outcome.REPEATED}:
            return visit.redirect(_address(*place), visit.say("The rating is corrected."))
        problem = (
            visit.say("The scale has no such value.")
            if outcome is Outcome.OUT_OF_SCALE
            else visit.say("There is no rating here that counts and could be corrected.")
        )
        return await self._page(visit, *place, problem, 422)

    async def replay(self, visit: Visit) -> Response:
        """Put back one of a ticket's acts that failed for good."""
        form = await visit.form()
        number = visit.request.path_params["invitation"]
        place = await self._shell.store.read(seen_invitation, number, visit.sight)
        life = None if place is None else await self._shell.store.read(ticket_life, *place, visit.sight)
        acts = {act.id for closing in life.closings for act in closing.acts} if life else set()
        job = form.get("job", "")
        if place is None or not job.isdecimal() or len(job) > _DIGITS or int(job) not in acts:
            return _nothing(visit)
        done = await self._shell.store.writer.do(ReplayJobs(visit.by, job_id=int(job), twice=form.get("twice") == "1"))
        said = (
            visit.say("It is put back and tried anew.")
            if done.jobs
            else visit.say("There was nothing to put back any more.")
        )
        return visit.redirect(_address(*place), said)


_DIGITS = 18


def _address(desk: str, ticket: str) -> str:
    return f"/tickets/{quote(ticket, safe='')}?{urlencode({'desk': desk})}"


def _nothing(visit: Visit) -> Response:
    return refuse(
        visit,
        404,
        mark("No such ticket"),
        mark("No desk has reported its closing, or it is of a form that you may not see."),
    )
