"""Every page, who may open it and who may send its forms: a new page adds one line here.

With it, `test_every_page` asks it as everybody, and `test_every_look` opens it in a browser.
"""

from dataclasses import dataclass
from typing import Literal

from ratings.rights import Right
from ratings.store.endpoints import CreateEndpoint
from ratings.store.holds import HoldAccount
from ratings.store.keys import CreateKey, RevokeKey, Scope
from ratings.store.releases import LetOut
from ratings.store.results import Failed
from ratings.store.surveys import SaveSurvey, load_surveys
from ratings.store.views import SaveView
from ratings.survey import parse_survey, survey_to_dict
from tests.pages.office import Office
from tests.store.world import ACCOUNT

Want = Right | Literal["everybody", "signed in"]
EVERYBODY: Literal["everybody"] = "everybody"
"""Strangers, too."""
SIGNED_IN: Literal["signed in"] = "signed in"


@dataclass(frozen=True, slots=True)
class Place:
    """An address: what its page wants and what its forms want (None: it has none).

    `at`: where an example of it is; `{user}` and the like are filled by `examples`. `status`: what whoever may open it is
    answered. `endless`: it goes on for ever, so that only refusals can be looked at. `unseen`: nothing to look at in a browser.
    """

    get: Want | None = None
    post: Want | None = None
    at: str = ""
    status: int = 200
    endless: bool = False
    unseen: bool = False


PLACES: dict[str, Place] = {
    # signing in
    "/login": Place(EVERYBODY, EVERYBODY),
    "/logout": Place(post=SIGNED_IN),
    "/language": Place(post=EVERYBODY),
    "/setup/{secret}": Place(EVERYBODY, EVERYBODY, at="/setup/used", status=410),
    "/{path:path}": Place(EVERYBODY, at="/setings", status=404),
    # everybody's own
    "/": Place(SIGNED_IN),
    "/account": Place(SIGNED_IN),
    "/account/password": Place(post=SIGNED_IN),
    "/account/sign-out": Place(post=SIGNED_IN),
    # reports
    "/agents": Place(Right.REPORTS),
    "/charts/{name}.{kind}": Place(Right.REPORTS, at="/charts/csat.txt", status=404, unseen=True),
    "/first-steps": Place(post=Right.SETUP),
    # digests
    "/settings/digests": Place(Right.SETUP, Right.SETUP),
    "/settings/digests/remove": Place(post=Right.SETUP),
    # people
    "/settings/users": Place(Right.PEOPLE, Right.PEOPLE),
    "/settings/users/{user_id:int}": Place(Right.PEOPLE, Right.PEOPLE, at="/settings/users/{user}"),
    "/settings/users/{user_id:int}/forget": Place(post=Right.PEOPLE, at="/settings/users/{user}/forget"),
    "/settings/users/{user_id:int}/password": Place(post=Right.PEOPLE, at="/settings/users/{user}/password"),
    # ratings
    "/ratings": Place(Right.RATINGS),
    "/ratings/new": Place(Right.RATINGS, at="/ratings/new?id={ticket}", unseen=True),
    "/ratings/live": Place(Right.RATINGS, endless=True),
    "/ratings/export": Place(Right.RATINGS, unseen=True),
    "/ratings/columns": Place(post=Right.RATINGS),
    "/ratings/views": Place(post=Right.RATINGS),
    "/ratings/views/{view_id:int}": Place(post=Right.RATINGS, at="/ratings/views/{view}"),
    "/ratings/{invitation:int}/correct": Place(post=Right.EDIT, at="/ratings/{ticket}/correct"),
    "/ratings/{invitation:int}/replay": Place(post=Right.SETUP, at="/ratings/{ticket}/replay"),
    "/tickets/{ticket_id:path}": Place(Right.RATINGS, at="/tickets/T-4"),
    # the admin's
    "/settings": Place(Right.SETUP),
    "/settings/comparison": Place(post=Right.SETUP),
    "/settings/channels": Place(Right.SETUP),
    "/settings/channels/check": Place(post=Right.SETUP),
    "/settings/channels/hold": Place(Right.SETUP, Right.SETUP, at="/settings/channels/hold?name=telegram.support"),
    "/settings/channels/release": Place(post=Right.SETUP),
    "/settings/keys": Place(Right.SETUP, Right.SETUP),
    "/settings/keys/revoke": Place(Right.SETUP, Right.SETUP, at="/settings/keys/revoke?name=crm"),
    "/settings/webhooks": Place(Right.SETUP, Right.SETUP),
    "/settings/webhooks/{endpoint_id:int}": Place(Right.SETUP, Right.SETUP, at="/settings/webhooks/{webhook}"),
    "/settings/webhooks/{endpoint_id:int}/state": Place(post=Right.SETUP, at="/settings/webhooks/{webhook}/state"),
    "/settings/webhooks/{endpoint_id:int}/test": Place(post=Right.SETUP, at="/settings/webhooks/{webhook}/test"),
    "/settings/webhooks/{endpoint_id:int}/secret": Place(
        Right.SETUP, Right.SETUP, at="/settings/webhooks/{webhook}/secret"
    ),
    "/settings/webhooks/{endpoint_id:int}/replay": Place(post=Right.SETUP, at="/settings/webhooks/{webhook}/replay"),
    "/settings/webhooks/{endpoint_id:int}/delete": Place(
        Right.SETUP, Right.SETUP, at="/settings/webhooks/{webhook}/delete"
    ),
    "/settings/data": Place(Right.ERASE),
    "/settings/data/find": Place(post=Right.ERASE),
    "/settings/data/export": Place(post=Right.ERASE),
    "/settings/data/erase": Place(post=Right.ERASE),
    "/settings/data/periods": Place(post=Right.ERASE),
    "/settings/audit": Place(Right.PEOPLE),
    "/jobs": Place(Right.SETUP),
    "/jobs/replay": Place(Right.SETUP, Right.SETUP, at="/jobs/replay?id=1"),
    # surveys
    "/surveys": Place(Right.SURVEYS),
    "/surveys/_new": Place(Right.SURVEYS, Right.SURVEYS),
    "/surveys/{survey_id}/switch": Place(post=Right.SURVEYS, at="/surveys/default/switch"),
    "/surveys/{survey_id}": Place(Right.SURVEYS, at="/surveys/default"),
    "/surveys/{survey_id}/general": Place(Right.SURVEYS, Right.SURVEYS, at="/surveys/default/general"),
    "/surveys/{survey_id}/scale": Place(Right.SURVEYS, Right.SURVEYS, at="/surveys/default/scale"),
    "/surveys/{survey_id}/scale/preview": Place(post=Right.SURVEYS, at="/surveys/default/scale/preview"),
    "/surveys/{survey_id}/texts": Place(Right.SURVEYS, Right.SURVEYS, at="/surveys/default/texts"),
    "/surveys/{survey_id}/texts/preview": Place(post=Right.SURVEYS, at="/surveys/default/texts/preview"),
    "/surveys/{survey_id}/rules": Place(Right.SURVEYS, Right.SURVEYS, at="/surveys/default/rules"),
    "/surveys/{survey_id}/rules/rehearsal": Place(post=Right.SURVEYS, at="/surveys/default/rules/rehearsal"),
    "/surveys/{survey_id}/timing": Place(Right.SURVEYS, Right.SURVEYS, at="/surveys/default/timing"),
    "/surveys/{survey_id}/outcomes": Place(Right.SURVEYS, Right.SURVEYS, at="/surveys/default/outcomes"),
    "/surveys/{survey_id}/try": Place(Right.SURVEYS, Right.SURVEYS, at="/surveys/default/try"),
    "/surveys/{survey_id}/all": Place(Right.SURVEYS, Right.SURVEYS, at="/surveys/default/all"),
    "/surveys/{survey_id}/all/file": Place(Right.SURVEYS, at="/surveys/default/all/file", unseen=True),
    "/surveys/{survey_id}/versions": Place(Right.SURVEYS, at="/surveys/default/versions"),
    "/surveys/{survey_id}/versions/{version:int}/restore": Place(
        post=Right.SURVEYS, at="/surveys/default/versions/1/restore"
    ),
}
"""By the route's path, as the code writes it."""


def examples(office: Office) -> dict[str, object]:
    """Make a little of everything, and return what stands in the addresses of `PLACES`."""
    world = office.world
    agent = {"id": "a-1", "name": "Ann Agent"}
    ticket, rated = 0, []
    for number, value in enumerate((5, 4, 2, 5, 1, 3)):
        form, customer = ("sales", "help")[number % 2], {"id": f"c-{number}", "name": "Карина <b>&amp;</b> Ko"}
        ticket = world.close(f"T-{number}", form=form, agent=agent, customer=customer).invitation_id
        world.work()
        world.tap(ticket, value)
        rated.append(ticket)
        if value % 2:
            world.write("Долго, но <script>alert(1)</script> всё решили; thank you!")
    world.close("T-unanswered", form="help", agent=agent)
    writer = office.parts.store.writer
    (survey,) = office.parts.store.read_now(load_surveys)
    told = parse_survey({**survey_to_dict(survey), "release": {"to_agents": True}})
    writer.do_now(SaveSurvey(told, None, "test"))
    writer.do_now(LetOut(office.clock.now, dict.fromkeys(rated, "a-1")))
    view = writer.do_now(SaveView(office.ids["manager"], "/ratings", "Worst <b>&", "value_max=2", True, "test"))
    return {"user": office.ids["manager"], "ticket": ticket, "view": view.id, "webhook": admins_examples(office)}


def admins_examples(office: Office) -> int:
    """Make what the admin's pages show: jobs that failed, an account that is held, a key, a webhook; return the webhook's id."""
    world, writer = office.world, office.parts.store.writer
    for number, code in enumerate(("rejected", "outcome_unknown")):
        world.close(
            f"T-failed-{number}", address={"channel": ACCOUNT, "id": f"77{number}"}, customer={"name": "<b>& Co"}
        )
        job = next(job for job in world.claim() if job.address == f"77{number}")
        world.finish(job, Failed(code, again=False, text="<script>alert(1)</script> no", platform_code="400"))
    writer.do_now(HoldAccount(ACCOUNT, True, "test"))
    writer.do_now(CreateKey("0a0b0c0d", "crm", Scope.WRITE, "no hash", "test"))
    writer.do_now(CreateKey("0a0b0c0e", "old <b>& key", Scope.READ, "no hash", "test"))
    writer.do_now(RevokeKey("old <b>& key", "test"))
    return writer.do_now(CreateEndpoint("https://127.0.0.1:9/<b>&", f"whsec_{'d' * 44}", "test")).id


def address(path: str, place: Place, filled: dict[str, object]) -> str:
    """Return where the example of a place is."""
    return (place.at or path).format(**filled)
