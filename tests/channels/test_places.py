"""A kind is named in its own package, in the registry, in its tests and its docs: everything else asks what it can do."""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from channels import registry

ROOT = Path(__file__).parents[2]
ROOMS = ("bot", "channels", "desks", "net", "ratings")

EXCEPTIONS: Mapping[str, Mapping[str, str]] = {
    "telegram": {
        "bot/customers.py": "the example of an account in an error's text",
        "bot/web/api/admin.py": "the example of an account in an error's text",
        "bot/web/api/admin_operations.py": "the example of an account in the API's description",
        "bot/cli/filters.py": "the example of an account in a help text",
        "bot/web/api/operations.py": "the example of an account in the API's description",
        "bot/web/api/schemas.py": "the example of an account in the API's description",
        "bot/web/api/survey_schemas.py": "the example of an account in the API's description",
        "desks/generic/mapping.py": "the example of an account in an error's text",
        "desks/pyrus/config.py": "the example of one of Pyrus's own channels in a help text",
        "ratings/ticket.py": "the example of an account in an error's text",
        "bot/demo/": "the demo plays the customers of each stand-in",
        "ratings/sample/cast.py": "the accounts of a history that never happened",
    },
    "email": {
        "bot/cli/customers.py": "the customer's e-mail, by which they are found",
        "bot/customers.py": "the customer's e-mail, by which they are found",
        "bot/oidc.py": "a claim of OpenID Connect",
        "bot/settings_tables.py": "a scope and a claim of OpenID Connect",
        "bot/web/api/admin_operations.py": "the customer's e-mail, by which they are found",
        "bot/web/pages/admin/audit.py": "the customer's e-mail, by which they are found",
        "bot/web/pages/admin/data.py": "the customer's e-mail, by which they are found",
        "bot/web/pages/surveys/problems.py": "the example of an account in an error's text",
        "ratings/digests.py": "the example of an account in an error's text",
        "ratings/reports/customers.py": "the customer's e-mail, by which they are found",
        "bot/notices.py": "the customer's e-mail, a member of the ticket",
        "bot/web/api/schemas.py": "the customer's and the agent's e-mail, members of the ticket",
        "ratings/ticket.py": "the customer's and the agent's e-mail, members of the ticket",
        "bot/logs.py": "the name of a field that no log may show",
        "bot/web/rate/requests.py": "EmailMessage of the standard library reads forms",
        "bot/web/api/survey_schemas.py": "the example of an account in the API's description",
        "desks/generic/mapping.py": "the customer's and the agent's e-mail, members of the ticket",
        "desks/pyrus/": "e-mail addresses of Pyrus's people, its fields of that type and its own channel of that name",
        "ratings/alerting.py": "the example of an account in an error's text",
        "ratings/send_rules.py": "the customer's e-mail, a member of the ticket",
        "ratings/reply_words.py": "an English word that customers write",
        "bot/demo/": "the demo plays the customers of each stand-in",
        "ratings/sample/cast.py": "the accounts of a history that never happened",
    },
    "viber": {
        "bot/demo/": "the demo plays the customers of each stand-in",
        "ratings/sample/cast.py": "the accounts of a history that never happened",
    },
    "vk": {
        "bot/logs.py": "the logger of a library, which says too much",
        "bot/demo/": "the demo plays the customers of each stand-in",
        "ratings/sample/cast.py": "the accounts of a history that never happened",
    },
}
"""Where else a kind's slug may stand, and why. A folder ends in a slash."""


def words(source: str) -> Iterator[str]:
    """What a program says by its names, imports and texts, in lower-case words; docstrings and comments say it to people."""
    tree = ast.parse(source)
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) not in told:
            for said in _said(node):
                yield from re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", said).lower())


def _said(node: ast.AST) -> list[str]:
    match node:
        case ast.Constant(value=str(text)) | ast.Name(id=text) | ast.Attribute(attr=text):
            return [text]
        case ast.FunctionDef(name=text) | ast.AsyncFunctionDef(name=text) | ast.ClassDef(name=text):
            return [text]
        case ast.arg(arg=str(text)) | ast.keyword(arg=str(text)):
            return [text]
        case ast.ImportFrom(module=module, names=names):
            ours = (module or "").partition(".")[0] not in sys.stdlib_module_names
            return [module or "", *(name.name for name in names)] if ours else []
        case ast.Import(names=names):
            return [name.name for name in names if name.name.partition(".")[0] not in sys.stdlib_module_names]
    return []


def named(kind: str) -> set[str]:
    """The files that name a kind, but for its own package and the registry."""
    own = (f"channels/{kind}/", "channels/registry.py")
    return {name for name, said in files().items() if kind in said and not name.startswith(own)}


@cache
def files() -> Mapping[str, frozenset[str]]:
    """The words of each file."""
    paths = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    return {str(path.relative_to(ROOT)): frozenset(words(path.read_text(encoding="utf-8"))) for path in paths}


@pytest.mark.parametrize("kind", registry.kinds())
def test_a_kind_is_named_nowhere_else(kind: str) -> None:
    allowed = EXCEPTIONS.get(kind, {})
    unexpected = {name for name in named(kind) if not name.startswith(tuple(allowed))}
    assert not unexpected, f"ask Capabilities, or another kind fails here one day: {sorted(unexpected)}"


@pytest.mark.parametrize("kind", registry.kinds())
def test_no_exception_is_left_over(kind: str) -> None:
    found = named(kind)
    assert not [where for where in EXCEPTIONS.get(kind, {}) if not any(name.startswith(where) for name in found)]


def test_the_places_of_a_kind_are_there() -> None:
    for kind in registry.kinds():
        for place in (f"channels/{kind}/__init__.py", f"docs/channels/{kind}.md"):
            assert (ROOT / place).is_file()
        assert f'kind: "{kind}"' in (ROOT / "sandbox" / "phones" / "kinds.js").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('if kind == "pigeon":\n    fly()', True),
        ("match kind:\n    case 'pigeon': fly()", True),
        ("from channels.pigeon.adapter import Bird", True),
        ("import channels.pigeon", True),
        ("def by_pigeon() -> None: ...", True),
        ("class PigeonPost: ...", True),
        ("send(pigeon=True)", True),
        ("accounts['pigeon.support']", True),
        ('def fly() -> None:\n    """As a pigeon does."""\n# pigeon', False),
        ("pigeons = 3", False),
    ],
)
def test_the_search_finds_what_it_should(source: str, *, found: bool) -> None:
    assert ("pigeon" in set(words(source))) is found


def test_a_package_of_the_standard_library_is_no_kind() -> None:
    assert "email" not in set(words("from email.message import EmailMessage\nimport email.policy"))
