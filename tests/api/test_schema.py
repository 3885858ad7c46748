"""The published OpenAPI, held against the service by generated requests, right ones and wrong ones (schemathesis)."""

from collections.abc import AsyncIterator
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.errors import UnsupportedSchema
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from bot.assembly import running
from ratings.store.keys import Scope
from tests.api.service import Service, make_parts
from tests.api.test_access import OPERATIONS
from tests.conftest import Clock

EXAMPLES = 6
"""Of each operation and kind. They are the same in every run; a larger number was tried by hand."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture
async def filled(store_url: str, clock: Clock) -> AsyncIterator[Service]:
    """A service that has something of every kind to show."""
    parts = make_parts(store_url, clock, max_body=65_536, public_url="https://rate.example", allow_private_hooks=True)
    async with running(parts, work=False):
        service = Service(parts, clock)
        asked = await service.close(1, form="web", agent={"id": "7"}, url="https://desk.example/1")
        await service.close(2, ask=False)
        service.send()
        service.rate(asked["invitation"], 1, 2, "так себе")
        service.rate((await service.close(3, desk="generic.shop"))["invitation"], 3, 1)
        service.number_events()
        await service.ask("POST", "/v1/endpoints", json={"url": "https://93.184.216.34/", "since": 0})
        yield service
        await service.client.aclose()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_service_is_as_its_openapi_says(filled: Service, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", filled.parts.application)
    tried = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        hold(found.ok(), mode, filled.keys[Scope.ADMIN])
        tried += 1
    assert tried == len({(method, path.partition("?")[0]) for method, path, *_ in OPERATIONS})


@st.composite
def cases(draw: st.DrawFn, generated: st.SearchStrategy[Any]) -> Any:
    """The generated requests. Where schemathesis finds that it cannot say what is wrong in the way that it chose, it chooses another."""
    try:
        return draw(generated)
    except UnsupportedSchema:
        reject()


def hold(operation: Any, mode: GenerationMode, key: str) -> None:
    """Try one operation."""
    checks = list(CHECKS)
    if mode is GenerationMode.NEGATIVE and operation.body and not operation.path.endswith("/batch"):
        # A batch is answered 200 with a problem in the place of each bad ticket. And where a query's null is generated, the
        # service is sent the text "null", which may be right: test_access tries wrong parameters.
        checks.append(negative_data_rejection)

    @given(case=cases(operation.as_strategy(generation_mode=mode)))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def holds(case: Any) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, checks=checks)

    holds()


async def test_what_is_listed_is_as_the_openapi_says(filled: Service) -> None:
    """The generated queries hardly ever match something: these do."""
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", filled.parts.application)
    for path in (
        "/v1/ratings",
        "/v1/invitations",
        "/v1/events",
        "/v1/summary",
        "/v1/surveys",
        "/v1/surveys/{survey_id}",
        "/v1/invitations/{invitation_id}/votes",
    ):
        asked = (await filled.get("/v1/invitations", state="answered"))["items"][0]
        listed = await filled.get(path.replace("{survey_id}", "default").replace("{invitation_id}", str(asked["id"])))
        assert listed.get("items", True), path
        response = schema[path]["GET"].definition.raw["responses"]["200"]
        wanted = response["content"]["application/json"]["schema"]
        document = {**wanted, "components": schema.raw_schema["components"]}
        jsonschema_rs.validate(document, listed)
