"""docs/adding-a-channel.md holds a whole kind: the contract suite runs over it, so that the page stays true."""

import inspect
import json
import re
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import SecretStr

from channels import registry
from channels.base import Channel, HookRequest, Mode, OptIn, OptOut, TextReceived
from tests.channels import test_contract, test_contract_hearing, test_contract_variety
from tests.channels.heard import Heard
from tests.channels.kinds import KindCase, _answer, _with_header
from tests.channels.platform import Answer, Platform, Recorded

PAGE = (Path(__file__).parents[2] / "docs" / "adding-a-channel.md").read_text(encoding="utf-8")
TOKEN = "secret-of-the-loft"
CUSTOMER = "555001"


@pytest.fixture(autouse=True)
def pigeon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kind of the page, in the registry."""
    for name in ("config", "adapter"):
        (code,) = re.findall(rf"`channels/pigeon/{name}\.py`:\n\n```python\n(.*?)```", PAGE, re.DOTALL)
        module = ModuleType(f"channels.pigeon.{name}")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(compile(code, f"docs/adding-a-channel.md {name}", "exec"), vars(module))  # noqa: S102 - our own page
    ((slug, config, channel),) = re.findall(r'"(\w+)": _Kind\("([\w.:]+)", "([\w.:]+)"\),', PAGE)
    monkeypatch.setitem(registry._KINDS, slug, registry._Kind(config, channel))


def make(api_url: str, mode: Mode, hook_secrets: tuple[str, ...], timeout: float) -> Channel:
    keys = {"token": SecretStr(TOKEN), "api_url": api_url, "mode": mode, "timeout": timeout}
    return registry.load("pigeon")("pigeon.support", registry.config_class("pigeon").model_validate(keys), hook_secrets)


def payloads(request: Recorded) -> list[str]:
    return [payload for _, payload in json.loads(request.body)["buttons"]]


def hook(secret: str, **content: object) -> HookRequest:
    event = {"id": "a1", "sender": CUSTOMER, "at": 1790000000000, **content}
    return HookRequest("POST", {"x-pigeon-secret": secret}, json.dumps(event).encode())


def heard(secret: str, _customer: str) -> Heard:
    return {
        TextReceived: [hook(secret, id="a2", text="Быстро, спасибо")],
        OptOut: [hook(secret, id="a3", text="/stop")],
        OptIn: [hook(secret, id="a4", text="/start")],
    }


CASE = KindCase(
    kind="pigeon",
    library="none",
    make=make,
    hook_secrets=("new-hook-secret", "old-hook-secret"),
    secrets=(TOKEN, "new-hook-secret", "old-hook-secret"),
    address=CUSTOMER,
    accepted=_answer(200, {"id": "m1"}),
    throttled=_answer(429, {}, ("Retry-After", "7")),
    retry_after=7,
    out_of_order=_answer(502, {}),
    refused_credentials=_answer(401, {}),
    garbage=Answer(200, b"<html>captive portal</html>"),
    payloads=payloads,
    tap=lambda payload, secret: hook(secret, button=payload),
    forged=partial(_with_header, name="x-pigeon-secret", values=("wrong",)),
    heard=heard,
)

Test = Callable[..., Awaitable[None] | None]


def cases_of(test: Test) -> list[dict[str, Any]]:
    """The parameters of a test of the suite, as pytest would give them."""
    found: list[dict[str, Any]] = [{}]
    for mark in getattr(test, "pytestmark", []):
        names, values, *_ = mark.args
        keys = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
        if keys == ["case"]:
            continue
        rows = [dict(zip(keys, (value,) if len(keys) == 1 else value, strict=True)) for value in values]
        found = [{**one, **row} for one in found for row in rows]
    return found


def suite() -> list[tuple[Test, dict[str, Any]]]:
    """Every test of the contract suite that takes a case, with each of its parameters; but the ones by hypothesis."""
    modules = (test_contract, test_contract_variety, test_contract_hearing)
    tests = [thing for module in modules for name, thing in vars(module).items() if name.startswith("test_")]
    wanted = [
        test for test in tests if "case" in inspect.signature(test).parameters and not hasattr(test, "hypothesis")
    ]
    return [(test, parameters) for test in wanted for parameters in cases_of(test)]


@pytest.mark.parametrize(("test", "parameters"), suite())
async def test_the_example_keeps_the_contract(
    test: Test, parameters: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    if test.__name__ == "test_settings_do_not_import_the_library":
        pytest.skip("the example has none, and no process but this knows it")
    async with CASE.platform() as platform:
        platform.behaviour = CASE.accepted
        channel = CASE.make(platform.url, CASE.mode, CASE.hook_secrets, test_contract.PATIENT)
        await run(test, parameters, platform, channel, caplog)
        await channel.close()


async def run(
    test: Test, parameters: dict[str, Any], platform: Platform, channel: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    known = {"case": CASE, "platform": platform, "channel": channel, "caplog": caplog, **parameters}
    asked = inspect.signature(test).parameters
    result = test(**{name: known[name] for name in asked})
    if result is not None:
        await result
