"""The HTTP API, mounted at /api: a FastAPI application whose handlers read bytes and write bytes.

FastAPI routes and publishes the OpenAPI. Reading a ticket is `ratings.ticket`'s (it lists every wrong field and is ten times
faster than a model), so the handlers take the request itself and their schemas stand beside them, in `operations`.
"""

import asyncio
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bot import __version__
from bot.closings import Closings
from bot.event_delivery import EventSender
from bot.settings import Settings
from bot.web.api import (
    admin_operations,
    alert_operations,
    desk_operations,
    endpoint_operations,
    export_operations,
    ledger_operations,
    operations,
    survey_operations,
)
from bot.web.api.access import Access
from bot.web.api.admin import AuditRoutes, ChannelRoutes, JobRoutes
from bot.web.api.alerts import AlertRoutes
from bot.web.api.bodies import answer
from bot.web.api.customers import CustomerRoutes
from bot.web.api.desks import DeskRoutes
from bot.web.api.docs_page import CONTENT_SECURITY_POLICY, render
from bot.web.api.endpoints import EndpointRoutes
from bot.web.api.errors import handle_errors
from bot.web.api.exports import ExportRoutes
from bot.web.api.idempotency import Idempotency
from bot.web.api.ledger import LedgerRoutes
from bot.web.api.notices import RenderRoutes
from bot.web.api.operations import COMPONENTS, SECURITY, Operation
from bot.web.api.reports import ReportRoutes
from bot.web.api.retention import RetentionRoutes
from bot.web.api.survey_trials import Surroundings, SurveyTrials
from bot.web.api.surveys import SurveyRoutes
from bot.web.api.tickets import TicketRoutes
from bot.web.api.votes import VoteRoutes
from bot.web.api.waiting import Handler, in_time
from net.guard import Guard
from ratings.store.store import Store
from ratings.times import Instant
from ratings.tokens import Tokens

MOUNTED_AT = "/api"


def make_api(
    store: Store,
    closings: Closings,
    tokens: Tokens,
    settings: Settings,
    clock: Callable[[], Instant],
    event_sender: EventSender,
    guard: Guard,
    surroundings: Surroundings,
) -> FastAPI:
    """Return the API. `/docs` and `/openapi.json` are open to everybody; everything else wants a key."""
    server = settings.server
    api = FastAPI(
        title="Tapfive",
        version=__version__,
        description="Closed tickets in, ratings out. Times are RFC 3339 with an offset; errors are RFC 9457 problems.",
        servers=[{"url": urlsplit(server.public_url).path + MOUNTED_AT}],
        docs_url=None,  # FastAPI's pages load their scripts from another host
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    handle_errors(api)
    access = Access(store)
    idempotency = Idempotency(store, clock)
    tickets = TicketRoutes(closings, access, idempotency, server.max_body, clock)
    notices = RenderRoutes(store, closings, access, idempotency, tokens, server.public_url, server.max_body, clock)
    votes = VoteRoutes(store, access, server.max_body)
    reports = ReportRoutes(store, access, server.timezone)
    ledger = LedgerRoutes(store, access, ZoneInfo(server.timezone))
    surveys = SurveyRoutes(store, access, surroundings, server.max_body)
    trials = SurveyTrials(store, access, surroundings, server.max_body, clock)
    endpoints = EndpointRoutes(store, access, idempotency, event_sender, guard, server.max_body, clock)
    _add(api, "POST", "/v1/tickets/closed", tickets.close, operations.CLOSE)
    _add(api, "POST", "/v1/tickets/closed/batch", tickets.close_batch, operations.CLOSE_BATCH)
    _add(api, "POST", "/v1/tickets/reopened", tickets.reopen, operations.REOPEN)
    _add(api, "POST", "/v1/render", notices.render, operations.RENDER)
    _add(api, "GET", "/v1/invitations/{invitation_id}/votes", votes.list, operations.VOTES)
    _add(api, "POST", "/v1/invitations/{invitation_id}/overrule", votes.overrule, operations.OVERRULE)
    _add(api, "POST", "/v1/invitations/{invitation_id}/rating", votes.edit, desk_operations.EDIT_RATING)
    desks = DeskRoutes(store, access, settings.desks)
    _add(api, "GET", "/v1/desks", desks.list, desk_operations.LIST_DESKS)
    _add(api, "POST", "/v1/desks/{name}/retry", desks.retry, desk_operations.RETRY_DESK)
    _add(api, "GET", "/v1/ratings", reports.ratings, operations.RATINGS)
    exports = ExportRoutes(store, access, server.timezone)
    _add(api, "GET", "/v1/ratings/export", exports.ratings, export_operations.EXPORT_RATINGS)
    _add(api, "GET", "/v1/invitations", reports.invitations, operations.INVITATIONS)
    _add(api, "GET", "/v1/summary", reports.summary, operations.SUMMARY)
    _add(api, "GET", "/v1/events", reports.events, operations.EVENTS)
    _add_surveys(api, surveys, trials)
    _add(api, "GET", "/v1/tickets/{ticket_id:path}/ledger", ledger.ticket, ledger_operations.TICKET)
    _add(api, "GET", "/v1/recovery", ledger.recoveries, ledger_operations.RECOVERIES)
    _add_endpoints(api, endpoints)
    secrets = [secret.get_secret_value().encode() for secret in server.secret]
    alerts = AlertRoutes(store, access, frozenset(settings.channels), secrets, guard)
    _add(api, "GET", "/v1/alerts", alerts.list, alert_operations.LIST_ALERTS)
    _add(api, "GET", "/v1/alerts/secret", alerts.secret, alert_operations.ALERT_SECRET)
    channels = ChannelRoutes(store, access, settings.channels, clock)
    _add_admin(api, channels, desks, JobRoutes(store, access, server.max_body), AuditRoutes(store, access))
    customers = CustomerRoutes(store, access, server.max_body, clock)
    _add(api, "POST", "/v1/customers/find", customers.find, admin_operations.FIND_CUSTOMER)
    _add(api, "POST", "/v1/customers/export", customers.export, admin_operations.EXPORT_CUSTOMER)
    _add(api, "POST", "/v1/customers/erase", customers.erase, admin_operations.ERASE_CUSTOMER)
    retention = RetentionRoutes(store, access, server.max_body, clock)
    _add(api, "GET", "/v1/retention", retention.show, admin_operations.SHOW_RETENTION)
    _add(api, "PATCH", "/v1/retention", retention.change, admin_operations.SET_RETENTION)
    _add(api, "POST", "/v1/retention/preview", retention.preview, admin_operations.PREVIEW_RETENTION)
    _publish(api)
    return api


_PLAIN = str.maketrans({"/": "_", "{": None, "}": None})


def _add_admin(api: FastAPI, channels: ChannelRoutes, desks: DeskRoutes, jobs: JobRoutes, audit: AuditRoutes) -> None:
    _add(api, "GET", "/v1/channels", channels.list, admin_operations.LIST_CHANNELS)
    _add(api, "POST", "/v1/channels/{account}/hold", channels.hold, admin_operations.HOLD_CHANNEL)
    _add(api, "POST", "/v1/channels/{account}/release", channels.release, admin_operations.RELEASE_CHANNEL)
    _add(api, "POST", "/v1/desks/{name}/hold", desks.hold, admin_operations.HOLD_DESK)
    _add(api, "POST", "/v1/desks/{name}/release", desks.release, admin_operations.RELEASE_DESK)
    _add(api, "GET", "/v1/jobs", jobs.list, admin_operations.LIST_JOBS)
    _add(api, "POST", "/v1/jobs/replay", jobs.replay, admin_operations.REPLAY_JOBS)
    _add(api, "POST", "/v1/jobs/{job_id}/replay", jobs.replay_one, admin_operations.REPLAY_JOB)
    _add(api, "GET", "/v1/audit", audit.list, admin_operations.LIST_AUDIT)


def _add_surveys(api: FastAPI, routes: SurveyRoutes, trials: SurveyTrials) -> None:
    one = "/v1/surveys/{survey_id}"
    _add(api, "GET", "/v1/surveys", routes.list, survey_operations.LIST_SURVEYS)
    _add(api, "POST", "/v1/surveys", routes.create, survey_operations.CREATE_SURVEY)
    _add(api, "GET", one, routes.get, survey_operations.GET_SURVEY)
    _add(api, "PATCH", one, routes.change, survey_operations.CHANGE_SURVEY)
    _add(api, "GET", f"{one}/versions", routes.versions, survey_operations.SURVEY_VERSIONS)
    _add(api, "POST", f"{one}/preview", trials.preview, survey_operations.PREVIEW_SURVEY)
    _add(api, "POST", f"{one}/test", trials.test, survey_operations.TEST_SURVEY)
    _add(api, "POST", f"{one}/rehearse", trials.rehearse, survey_operations.REHEARSE_SURVEY)


def _add_endpoints(api: FastAPI, routes: EndpointRoutes) -> None:
    one = "/v1/endpoints/{endpoint_id}"
    _add(api, "GET", "/v1/endpoints", routes.list, endpoint_operations.LIST_ENDPOINTS)
    _add(api, "POST", "/v1/endpoints", routes.create, endpoint_operations.CREATE_ENDPOINT)
    _add(api, "GET", one, routes.get, endpoint_operations.GET_ENDPOINT)
    _add(api, "PATCH", one, routes.change, endpoint_operations.CHANGE_ENDPOINT)
    _add(api, "DELETE", one, routes.delete, endpoint_operations.DELETE_ENDPOINT)
    _add(api, "POST", f"{one}/rotate", routes.rotate, endpoint_operations.ROTATE_SECRET)
    _add(api, "POST", f"{one}/test", routes.test, endpoint_operations.TEST_ENDPOINT)
    _add(api, "GET", f"{one}/deliveries", routes.deliveries, endpoint_operations.DELIVERIES)


def _add(api: FastAPI, method: str, path: str, handler: Handler, operation: Operation) -> None:
    """Add a route. FastAPI sees nothing but the request, so that what it publishes is the operation as described."""
    api.add_api_route(
        path,
        in_time(handler),
        methods=[method],
        response_class=Response,
        response_model=None,
        openapi_extra=operation.describe(),
        name=operation.summary,
        operation_id=method.lower() + path.replace(":path", "").translate(_PLAIN),
    )


def _publish(api: FastAPI) -> None:
    """Serve the OpenAPI as JSON and as a page.

    Both are made once, when somebody first asks: it takes a tenth of a second, in a thread, for which no start waits.
    """

    @cache
    def document() -> dict[str, Any]:
        made = get_openapi(
            title=api.title, version=api.version, description=api.description, servers=api.servers, routes=api.routes
        )
        made["components"] = {
            "schemas": {
                **COMPONENTS,
                **survey_operations.SURVEY_COMPONENTS,
                **ledger_operations.LEDGER_COMPONENTS,
                **alert_operations.ALERT_COMPONENTS,
                **admin_operations.ADMIN_COMPONENTS,
            },
            "securitySchemes": SECURITY,
        }
        return made

    page = cache(lambda: render(document()))
    api.openapi = document  # type: ignore[method-assign] # how FastAPI wants its document replaced

    async def openapi(_request: Request) -> Response:
        return answer(await asyncio.to_thread(document))

    async def docs(_request: Request) -> Response:
        html = await asyncio.to_thread(page)
        return HTMLResponse(html, headers={"content-security-policy": CONTENT_SECURITY_POLICY})

    api.add_route("/openapi.json", openapi)
    api.add_route("/docs", docs)


__all__ = ["MOUNTED_AT", "make_api"]
