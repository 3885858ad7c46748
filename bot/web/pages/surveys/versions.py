"""`/surveys/{id}/versions`: who changed what when, what differs, and back to how it was."""

from dataclasses import dataclass, replace

from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.web.pages.shell import Shell, refuse
from bot.web.pages.speech import mark
from bot.web.pages.surveys.differences import difference
from bot.web.pages.surveys.found import find_survey, no_survey, save, version_of, who
from bot.web.pages.surveys.sections import SECTIONS
from bot.web.pages.visit import Visit
from ratings.rights import Right
from ratings.store.survey_history import Version, list_versions, pauses
from ratings.store.surveys import load_survey_version
from ratings.survey import Survey

SHOWN = 50
"""Versions on the page; older ones are reached by comparing."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Two versions, the older one first."""

    before: int
    after: int


class Versions:
    """The versions of one survey."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        page, path = self._shell.page, "/surveys/{survey_id}/versions"
        return [
            page(path, self.show, right=Right.SURVEYS),
            page(f"{path}/{{version:int}}/restore", post=self.restore, right=Right.SURVEYS),
        ]

    async def show(self, visit: Visit) -> Response:
        """Show the versions, and what differs between two of them: the newest two, where nobody asks for others."""
        survey = await find_survey(visit)
        return no_survey(visit) if survey is None else await self._show(visit, survey)

    async def restore(self, visit: Visit) -> Response:
        """Save an old version as the newest. The switch stays as it is: nobody restores words and begins to ask by it."""
        survey = await find_survey(visit)
        if survey is None:
            return no_survey(visit)
        wanted = visit.request.path_params["version"]
        if not 1 <= wanted <= survey.version:
            return refuse(visit, 404, mark("There is no such version"))
        old = await visit.shell.store.read(load_survey_version, survey.id, wanted)
        saved = await save(visit, replace(old, enabled=survey.enabled), version_of(await visit.form()))
        if saved.conflict:
            problem = visit.say(
                "Somebody changed it meanwhile, so nothing was restored. Look what they did, then try again."
            )
            return await self._show(visit, saved.survey or survey, 409, problem)
        assert saved.survey is not None
        path = f"/surveys/{survey.id}/versions"
        if saved.survey.version == survey.version:
            return visit.redirect(path, visit.say("It says the same already."))
        notice = visit.say(
            "Version %(old)s is restored, as version %(new)s. The switch is left as it is.",
            old=wanted,
            new=saved.survey.version,
        )
        return visit.redirect(path, notice)

    async def _show(self, visit: Visit, survey: Survey, status: int = 200, problem: str = "") -> Response:
        store = visit.shell.store
        versions = await store.read(list_versions, survey.id)
        compared = _compared(visit, versions)
        told = None
        if compared is not None:
            before = await store.read(load_survey_version, survey.id, compared.before)
            after = await store.read(load_survey_version, survey.id, compared.after)
            told = difference(before, after, visit.speech)
        return visit.render(
            "surveys/versions.html",
            status,
            survey=survey,
            tab="versions",
            sections=SECTIONS,
            versions=versions[::-1][:SHOWN],
            many=len(versions),
            pauses=pauses(versions)[::-1],
            compared=compared,
            told=told,
            who=lambda by: who(visit.say, by),
            problem=problem,
        )


def _compared(visit: Visit, versions: list[Version]) -> Compared | None:
    """Return the two versions that the address names, else the newest two; None where there are no two."""
    there = {str(each.version): each.version for each in versions}
    given = [there.get(visit.query.get(name, "")) for name in ("before", "after")]
    before, after = given
    if before is not None and after is not None and before != after:
        return Compared(min(before, after), max(before, after))
    if len(versions) > 1:
        return Compared(versions[-2].version, versions[-1].version)
    return None
