"""docs/operations.md knows every finding and every metric, and no other."""

import re
from pathlib import Path

from prometheus_client import Metric

from bot.check import IDS
from bot.cli import COMMANDS
from bot.metrics import Metrics
from channels import registry

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def test_every_finding_has_its_line() -> None:
    rows = dict(
        re.findall(r"^\| `([a-z_.]+)` \| (.+) \|$", PAGE.split("## What `tapfive check` finds")[1], re.MULTILINE)
    )
    of_kinds = {name for name in rows if name.partition(".")[0] in registry.kinds()}
    assert {name: text for name, text in rows.items() if name not in of_kinds} == dict(IDS)
    for kind in registry.kinds():
        sources = (ROOT / "channels" / kind).glob("*.py")
        named = {found for path in sources for found in re.findall(rf'"({kind}\.[a-z_]+)"', path.read_text("utf-8"))}
        assert named == {name for name in of_kinds if name.startswith(f"{kind}.")}


def test_every_id_that_the_check_uses_is_declared() -> None:
    source = "\n".join((ROOT / "bot" / name).read_text(encoding="utf-8") for name in ("check.py", "account_checks.py"))
    used = set(re.findall(r'(?:Finding\(|found = )"([a-z_.]+)"', source))
    assert used == set(IDS)


def test_every_metric_has_its_line_with_its_type() -> None:
    collected: list[Metric] = list(Metrics().registry.collect())
    rows = re.findall(r"^\| `(tapfive_[a-z_]+)` \| (\w+) \|", PAGE, re.MULTILINE)
    assert dict(rows) == {metric.name: metric.type for metric in collected}


def test_every_command_that_runs_is_on_a_page() -> None:
    pages = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md"))
    for name in COMMANDS:
        assert f"tapfive {name}" in pages or f"`{name}`" in pages
