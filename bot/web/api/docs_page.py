"""The page at /api/docs: the OpenAPI rendered here, as plain HTML. No script, and nothing from another host."""

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

Document = Mapping[str, Any]

CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color-scheme:light dark}
code,pre{font:14px/1.45 ui-monospace,monospace}pre{overflow:auto;padding:.75rem;border:1px solid #8885;border-radius:.4rem}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem}td,th{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #8883}
section{border-top:2px solid #8885;margin-top:2rem}h3{margin:1.25rem 0 .25rem;font-size:1rem}.method{text-transform:uppercase;font-weight:700}
"""


def render(document: Document) -> str:
    """Return the page of an OpenAPI document."""
    info = document["info"]
    base = document["servers"][0]["url"]
    operations = [
        (path, method, operation) for path, found in document["paths"].items() for method, operation in found.items()
    ]
    contents = "".join(
        f"<li><a href='#{_anchor(method, path)}'><code><span class=method>{escape(method)}</span> {escape(base + path)}</code></a> "
        f"{escape(operation['summary'])}</li>"
        for path, method, operation in operations
    )
    components = document["components"]
    security = "".join(f"<p>{_prose(scheme['description'])}</p>" for scheme in components["securitySchemes"].values())
    body = "".join(_operation(base, path, method, operation) for path, method, operation in operations)
    schemas = "".join(
        f"<section id='schema-{escape(name)}'><h2>{escape(name)}</h2>{_paragraph(schema.get('description'))}{_members(schema)}"
        f"{_examples(schema)}<details><summary>JSON Schema</summary>{_json(schema)}</details></section>"
        for name, schema in components["schemas"].items()
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{escape(info['title'])}</title><style>{_STYLE}</style><h1>{escape(info['title'])} {escape(info['version'])}</h1>"
        f"<p>{_prose(info['description'])}</p><p>As a document for tools: <a href=openapi.json>openapi.json</a>.</p>"
        f"<h2>Keys</h2><p><code>Authorization: Bearer tf_…</code></p>{security}"
        f"<h2>Operations</h2><ul>{contents}</ul>{body}<h1>Schemas</h1>{schemas}</html>"
    )


def _operation(base: str, path: str, method: str, operation: Document) -> str:
    parameters = _table(
        ("parameter", "in", "what", "type"),
        (
            (
                f"<code>{escape(one['name'])}</code>{' *' if one['required'] else ''}",
                escape(one["in"]),
                _prose(one["description"]),
                _type(one["schema"]),
            )
            for one in operation.get("parameters", ())
        ),
    )
    body = operation.get("requestBody")
    sent = f"<h3>Body</h3><p>{_content(body)}</p>" if body else ""
    responses = _table(
        ("status", "what", "body"),
        (
            (f"<code>{escape(status)}</code>", _prose(response["description"]), _content(response))
            for status, response in sorted(operation["responses"].items())
        ),
    )
    description = "".join(_paragraph(text) for text in operation["description"].split("\n\n"))
    return (
        f"<section id='{_anchor(method, path)}'><h2>{escape(operation['summary'])}</h2>"
        f"<p><code><span class=method>{escape(method)}</span> {escape(base + path)}</code></p>{description}"
        f"{'<h3>Parameters</h3>' + parameters if parameters else ''}{sent}<h3>Answers</h3>{responses}</section>"
    )


def _members(schema: Document) -> str:
    required = schema.get("required", ())
    return _table(
        ("member", "type", "what"),
        (
            (
                f"<code>{escape(name)}</code>{' *' if name in required else ''}",
                _type(member),
                _prose(member.get("description", "")),
            )
            for name, member in schema.get("properties", {}).items()
        ),
    )


def _type(schema: Document) -> str:
    """One line about a schema."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"<a href='#schema-{escape(name)}'>{escape(name)}</a>"
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(_type(one) for one in schema[several]))
    kinds = schema.get("type", "anything")
    said = " or ".join(kinds) if isinstance(kinds, list) else kinds
    if "items" in schema:
        said = f"{escape(said)} of {_type(schema['items'])}"
    elif "enum" in schema:
        said = " · ".join(f"<code>{escape(json.dumps(value))}</code>" for value in schema["enum"])
    else:
        said = escape(f"{said} ({schema['format']})" if "format" in schema else said)
    limits = [f"{name} {schema[key]}" for key, name in _LIMITS.items() if key in schema]
    return f"{said}; {escape(', '.join(limits))}" if limits else said


_LIMITS = {
    "minimum": "from",
    "maximum": "to",
    "maxLength": "characters at most",
    "maxItems": "items at most",
    "default": "default",
}


def _content(described: Document) -> str:
    return " ".join(
        f"<code>{escape(kind)}</code> {_type(content['schema'])}"
        for kind, content in described.get("content", {}).items()
    )


def _table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    written = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    head = "".join(f"<th>{title}</th>" for title in titles)
    return f"<table><tr>{head}</tr>{written}</table>" if written else ""


def _examples(schema: Document) -> str:
    return "".join(f"<h3>Example</h3>{_json(example)}" for example in schema.get("examples", ()))


def _json(value: Any) -> str:
    return f"<pre>{escape(json.dumps(value, ensure_ascii=False, indent=2))}</pre>"


def _paragraph(text: str | None) -> str:
    return f"<p>{_prose(text)}</p>" if text else ""


def _prose(text: str) -> str:
    """Escape a text; what stands in backquotes is code."""
    parts = escape(text, quote=False).split("`")
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))


def _anchor(method: str, path: str) -> str:
    return escape(method + path.replace("/", "-").replace("{", "").replace("}", ""))
