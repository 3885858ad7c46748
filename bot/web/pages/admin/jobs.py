"""`/jobs`: what failed for good, why in plain words, what to do, and putting it back."""

from urllib.parse import quote, urlencode

from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.web.pages.admin.tools import ask_first
from bot.web.pages.shell import Shell, refuse
from bot.web.pages.speech import mark
from bot.web.pages.troubles import KINDS, trouble
from bot.web.pages.visit import Form, Visit
from ratings.lifecycle import JobKind
from ratings.reports.jobs import UNKNOWN, failed_groups, failed_job, list_failed
from ratings.rights import Right
from ratings.store.loading import DESK_PREFIX
from ratings.store.replays import ReplayJobs
from ratings.times import parse_instant

FILTERS = ("account", "kind", "code")


class JobPages:
    """`/jobs` and what it does."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        page = self._shell.page
        return [
            page("/jobs", self.show, right=Right.SETUP),
            page("/jobs/replay", self.ask, self.replay, right=Right.SETUP),
        ]

    async def show(self, visit: Visit) -> Response:
        """Show what failed alike, and each of it."""
        read = self._shell.store.read
        chosen = {name: visit.query.get(name, "") for name in FILTERS}
        found = await read(
            list_failed,
            accounts=[chosen["account"]] if chosen["account"] else [],
            kinds=[chosen["kind"]] if chosen["kind"] else [],
            codes=[chosen["code"]] if chosen["code"] else [],
            cursor=visit.query.get("cursor") or None,
        )
        kept = {name: value for name, value in chosen.items() if value}
        groups = await read(failed_groups)
        return visit.render(
            "admin/jobs.html",
            jobs=[{**item, "failed_at": parse_instant(item["failed_at"])} for item in found.items],
            following=None if found.next is None else urlencode({**kept, "cursor": found.next}),
            begins="cursor" not in visit.query,
            groups=groups,
            many=sum(group.jobs for group in groups),
            chosen=kept,
            kinds=KINDS,
            trouble=trouble,
            ticket_at=lambda ticket: f"/tickets/{quote(ticket['id'], safe='')}?{urlencode({'desk': ticket['desk']})}",
            named=lambda account: account.removeprefix(DESK_PREFIX),
            now=visit.now,
        )

    async def ask(self, visit: Visit) -> Response:
        """Ask before what may have been carried out is done again."""
        fields = {name: visit.query[name] for name in ("id", "account", "kind") if visit.query.get(name)}
        return ask_first(
            visit,
            title=visit.say("It may come twice"),
            texts=[
                visit.say(
                    "The request went out and no answer came, so nobody knows whether the customer has it already."
                ),
                visit.say(
                    "Put it back only if a customer who gets it a second time is better than one who gets nothing."
                ),
            ],
            action="/jobs/replay",
            label=visit.say("Put it back all the same"),
            back="/jobs",
            fields={**fields, "twice": "yes"},
        )

    async def replay(self, visit: Visit) -> Response:
        """Put back one job, or all of an account and a kind."""
        form = await visit.form()
        wanted = _wanted(visit, form)
        if wanted is None:
            return refuse(
                visit, 404, mark("There is no such job that failed"), mark("Perhaps somebody has put it back just now.")
            )
        job = None if wanted.job_id is None else await self._shell.store.read(failed_job, wanted.job_id)
        if wanted.job_id is not None and job is None:
            return refuse(
                visit, 404, mark("There is no such job that failed"), mark("Perhaps somebody has put it back just now.")
            )
        if job is not None and job["state"] == UNKNOWN and not wanted.twice and job["kind"] != JobKind.DESK:
            return visit.redirect(f"/jobs/replay?{urlencode({'id': job['id']})}")
        done = await self._shell.store.writer.do(wanted)
        said = visit.plural("%(number)s job is put back.", "%(number)s jobs are put back.", done.jobs)
        if done.unknown:
            left = visit.plural(
                "%(number)s was left, since it may have been carried out.",
                "%(number)s were left, since they may have been carried out.",
                done.unknown,
            )
            said = f"{said} {left}"
        return visit.redirect("/jobs", said)


def _wanted(visit: Visit, form: Form) -> ReplayJobs | None:
    number, kind = form.get("id", ""), form.get("kind", "")
    if number and not (number.isascii() and number.isdigit() and len(number) < 19):  # noqa: PLR2004 - digits that every engine holds
        return None
    if kind and kind not in list(JobKind):
        return None
    return ReplayJobs(
        visit.by,
        job_id=int(number) if number else None,
        account=form.get("account") or None,
        kind=JobKind(kind) if kind else None,
        twice=form.get("twice") == "yes",
    )
