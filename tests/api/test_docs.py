"""docs/api.md names every operation, filter, status and reason."""

from pathlib import Path

from bot.web.api.operations import _PROBLEMS
from bot.web.api.reports import REASONS
from ratings.reports.filters import NAMES, STATES
from tests.api.service import Service

DOCS = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


async def test_the_docs_name_every_operation_with_its_scope(local: Service) -> None:
    document = (await local.client.get("/openapi.json")).json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            row = next((line for line in DOCS.splitlines() if f"| `{method.upper()} /api{path}` |" in line), "")
            assert row, f"{method} {path}"
            scope = row.split("|")[2].strip()
            assert f"scope `{scope}`" in operation["description"]
            for parameter in operation.get("parameters", ()):
                assert parameter["name"] in DOCS


def test_the_docs_name_every_filter_status_and_reason() -> None:
    for word in (*NAMES, *STATES, *REASONS):
        assert f"`{word}`" in DOCS, word
    for status in _PROBLEMS:
        assert str(status) in DOCS, status
