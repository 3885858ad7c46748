"""`/surveys/{id}/all`: the survey as a text, to be kept in a file, read over and brought back."""

from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.survey_toml import NoDocument, read_document, survey_to_toml
from bot.web.api.survey_schemas import ANSWERED_ONLY
from bot.web.pages.shell import Shell
from bot.web.pages.speech import mark
from bot.web.pages.surveys.found import find_survey, no_survey, save, version_of
from bot.web.pages.surveys.problems import problem_said
from bot.web.pages.surveys.sections import SECTIONS
from bot.web.pages.visit import HEADERS, Visit
from ratings.errors import FieldError, InvalidInput
from ratings.rights import Right
from ratings.survey import Survey, parse_survey


class Whole:
    """One survey as TOML."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        page, path = self._shell.page, "/surveys/{survey_id}/all"
        return [
            page(path, self.show, self.bring_back, right=Right.SURVEYS),
            page(f"{path}/file", self.file, right=Right.SURVEYS),
        ]

    async def show(self, visit: Visit) -> Response:
        """Show it as TOML, to be changed or replaced."""
        survey = await find_survey(visit)
        return no_survey(visit) if survey is None else self._show(visit, survey, survey_to_toml(survey))

    async def file(self, visit: Visit) -> Response:
        """Give it as a file."""
        survey = await find_survey(visit)
        if survey is None:
            return no_survey(visit)
        headers = {**HEADERS, "content-disposition": f'attachment; filename="{survey.id}.toml"'}
        return Response(survey_to_toml(survey), 200, headers, "application/toml; charset=utf-8")

    async def bring_back(self, visit: Visit) -> Response:
        """Save what the text says as the next version; what it does not name is the default."""
        survey = await find_survey(visit)
        if survey is None:
            return no_survey(visit)
        form = await visit.form()
        text = form.get("whole", "")
        try:
            read = read_document(text)
            read = {key: value for key, value in read.items() if key not in {*ANSWERED_ONLY, "version"}}
            wanted = parse_survey({"id": survey.id, "name": survey.name, **read})
        except NoDocument as error:
            problem = FieldError("", visit.say("It is neither TOML nor JSON: %(where)s", where=error))
            return self._show(visit, survey, text, [problem], 422)
        except InvalidInput as error:
            return self._show(visit, survey, text, list(error.errors), 422)
        if wanted.id != survey.id:
            problem = FieldError("/id", mark("This is the text of another survey."))
            return self._show(visit, survey, text, [problem], 422)
        saved = await save(visit, wanted, version_of(form))
        if saved.conflict:
            problem = FieldError(
                "", mark("Somebody saved another version meanwhile: look at it, then bring this back.")
            )
            return self._show(visit, saved.survey or survey, text, [problem], 409)
        assert saved.survey is not None
        if saved.survey.version == survey.version:
            return visit.redirect(f"/surveys/{survey.id}", visit.say("It says the same already."))
        notice = visit.say("Saved as version %(number)s.", number=saved.survey.version)
        return visit.redirect(f"/surveys/{survey.id}", notice)

    def _show(
        self, visit: Visit, survey: Survey, text: str, problems: list[FieldError] | None = None, status: int = 200
    ) -> Response:
        return visit.render(
            "surveys/all.html",
            status,
            survey=survey,
            tab="all",
            sections=SECTIONS,
            whole=text,
            problems=problems or [],
            mended=lambda detail: problem_said(visit.speech, detail),
        )
