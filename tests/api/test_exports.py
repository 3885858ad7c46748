"""The registry as a file: each format read back, and equal to the rows."""

import csv
from datetime import datetime
from io import BytesIO, StringIO
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
import xlrd

from bot.exporting.columns import COLUMNS
from bot.exporting.words import OUTCOMES, REASONS, STATE_REASONS, STATES, VOTE_STATES
from net.errors import DeliveryError
from ratings.decisions import SkipReason
from ratings.lifecycle import State, Trigger
from ratings.outcomes import Then
from ratings.reports.registry import list_registry, parse_wanted
from ratings.store.keys import Scope
from ratings.votes import VoteState
from tests.api.service import ZONE, Service

EVIL = "=HYPERLINK(1)"
CHOSEN = "rated_at,value,symbol,label,comment,ticket_id,ticket_subject,customer,state,reason,satisfied,id"


async def fill(service: Service) -> None:
    """Three rated, with words that a spreadsheet would run; one that nobody answered; one that nobody was asked about."""
    about: dict[str, Any] = {"form": "web", "customer": {"name": "+7 Мария"}, "subject": "@SUM(1)"}
    asked = [(await service.close(number, **about))["invitation"] for number in (1, 2, 3, 4)]
    await service.close(5, ask=False)
    service.send()
    for number, value, words in ((1, 5, EVIL), (2, 1, "-1, очень\nдолго"), (3, 4, "")):
        service.clock.forward(61_234)
        service.rate(asked[number - 1], number, value, words)


async def export(service: Service, **parameters: str) -> bytes:
    response = await service.ask("GET", "/v1/ratings/export", scope=Scope.READ, params=parameters)
    assert response.status_code == 200, response.text
    assert f'filename="ratings.{parameters.get("format", "csv")}"' in response.headers["content-disposition"]
    return response.content


def expected(service: Service, **parameters: str) -> list[list[Any]]:
    """The rows as the registry's page has them: the columns of CHOSEN, in English."""
    wanted = parse_wanted({name: [value] for name, value in parameters.items()}, ZoneInfo(ZONE))
    return [
        [
            None
            if row.rated_at is None
            else datetime.fromtimestamp(row.rated_at // 1000, ZoneInfo(ZONE)).replace(tzinfo=None),
            row.value,
            row.picked.choice.symbol if row.picked else None,
            row.picked.choice.label("en") if row.picked else None,
            row.comment,
            row.ticket_id,
            row.subject,
            row.customer,
            STATES[row.state],
            REASONS[row.reason] if row.reason else None,
            row.satisfied,
            row.id,
        ]
        for row in service.store.read_now(list_registry, wanted).rows
    ]


def titles(language: str = "") -> list[str]:
    names = CHOSEN.split(",")
    return names if not language else [COLUMNS[name].title for name in names]


async def test_xlsx_and_xls_hold_the_same_rows_as_the_registry(service: Service) -> None:
    await fill(service)
    for parameters in ({"show": "all", "sort": "closed"}, {"value_max": "4", "sort": "value"}, {"value": "3"}):
        rows = expected(service, **parameters)
        asked = {**parameters, "columns": CHOSEN, "headers": "en"}
        book = openpyxl.load_workbook(BytesIO(await export(service, format="xlsx", **asked)))
        first, *others = book["Ratings"].iter_rows()
        assert [cell.value for cell in first] == [f"Rated ({ZONE})", *titles("en")[1:]]
        assert [[cell.value for cell in row] for row in others] == rows
        assert all(cell.data_type != "f" and cell.hyperlink is None for row in others for cell in row)
        old = xlrd.open_workbook(file_contents=await export(service, format="xls", **asked))
        sheet = old.sheet_by_index(0)
        assert [cell.value for cell in sheet.row(0)] == [f"Rated ({ZONE})", *titles("en")[1:]]
        assert [[_plain(old, cell) for cell in sheet.row(n)] for n in range(1, sheet.nrows)] == rows


def _plain(book: Any, cell: Any) -> Any:
    if cell.ctype in {xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK}:
        return None
    if cell.ctype == xlrd.XL_CELL_DATE:
        return xlrd.xldate_as_datetime(cell.value, book.datemode)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    return int(cell.value) if cell.ctype == xlrd.XL_CELL_NUMBER else cell.value


async def test_a_csv_runs_no_formula_and_speaks_the_language(service: Service) -> None:
    await fill(service)
    text = (await export(service, columns=CHOSEN, headers="ru")).decode("utf-8")
    assert text.startswith("\ufeff")
    first, *others = csv.reader(StringIO(text[1:], newline=""))
    assert first[:3] == [f"Оценено ({ZONE})", "Оценка", "Символ"]
    assert [row[1:10] for row in others] == [
        ["4", "🙂", "Хорошо", "", "T-3", "'@SUM(1)", "'+7 Мария", "получен ответ", ""],
        ["1", "😡", "Очень плохо", "'-1, очень\nдолго", "T-2", "'@SUM(1)", "'+7 Мария", "получен ответ", ""],
        ["5", "😍", "Отлично", f"'{EVIL}", "T-1", "'@SUM(1)", "'+7 Мария", "получен ответ", ""],
    ]
    assert [row[10] for row in others] == ["да", "нет", "да"]
    wanted = [str(row[0]) for row in expected(service)]
    assert [row[0] for row in others] == wanted


async def test_without_a_language_a_csv_is_for_programs(service: Service) -> None:
    await fill(service)
    rows = list(csv.DictReader(StringIO((await export(service, show="all", sort="-closed")).decode("utf-8-sig"))))
    assert list(rows[0]) == list(COLUMNS)
    by_ticket = {row["ticket_id"]: row for row in rows}
    assert by_ticket["T-5"]["reason"] == "ask_false"
    assert by_ticket["T-1"]["state"] == "answered"
    assert by_ticket["T-1"]["satisfied"] == "true"
    moment = datetime.fromisoformat(by_ticket["T-1"]["rated_at"])
    assert moment.utcoffset() == datetime.now(ZoneInfo(ZONE)).utcoffset()
    assert moment.replace(tzinfo=None) == expected(service, ticket="T-1")[0][0]


async def test_an_export_goes_over_many_chunks(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    await fill(service)
    whole = list(csv.DictReader(StringIO((await export(service, sort="rated")).decode("utf-8-sig"))))
    monkeypatch.setattr("bot.exporting.export.ROWS", 2)
    rows = list(csv.DictReader(StringIO((await export(service, sort="rated")).decode("utf-8-sig"))))
    assert [row["ticket_id"] for row in rows] == ["T-1", "T-2", "T-3"]
    assert rows == whole
    assert all(row["symbol"] and row["label"] for row in rows)


async def test_more_rows_than_xls_holds_are_refused(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.exporting.formats.Xls.most", 2)
    await fill(service)
    refused = await service.ask("GET", "/v1/ratings/export?format=xls", scope=Scope.READ)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/format")
    assert "narrow the filters, or choose another format" in refused.text
    await export(service, format="xls", value_max="4")


def test_every_code_has_its_words() -> None:
    assert set(STATES) == {each.value for each in State}
    assert set(VOTE_STATES) == {each.value for each in VoteState}
    assert set(OUTCOMES) == {each.value for each in Then}
    assert set(REASONS) == {each.value for each in SkipReason}
    silent = {
        Trigger.SENT,
        Trigger.VOTE,
        Trigger.NOT_DELIVERED,
        Trigger.NO_ANSWER,
    }  # these leave no reason of their own
    assert {each.value for each in set(Trigger) - silent} <= set(STATE_REASONS)
    assert {each.code for each in final_errors(DeliveryError)} - {"not_editable", "tap_expired"} <= set(STATE_REASONS)


def final_errors(family: type[DeliveryError]) -> set[type[DeliveryError]]:
    """Every error of delivery."""
    return {each for one in family.__subclasses__() for each in (one, *final_errors(one))}
