"""Draws pictures until its standard input ends: a program of its own, for what draws takes 200 MB that a service should not keep.

Reads requests from its standard input, each a line of JSON, and answers each on its standard output: a line with "drawn" or
"refused" and a number, then so many bytes: the picture, or what is wrong. Nothing is loaded from anywhere: no address is
allowed, and specifications carry their data.
"""

import json
import sys
from typing import Any

import vl_convert


def main() -> None:
    """Read, draw, write, until there is nothing more to read."""
    for line in sys.stdin.buffer:
        try:
            word, made = "drawn", _draw(json.loads(line))
        except ValueError as error:
            word, made = "refused", " ".join(str(error).split()).encode()
        sys.stdout.buffer.write(f"{word} {len(made)}\n".encode() + made)
        sys.stdout.buffer.flush()


def _draw(request: dict[str, Any]) -> bytes:
    kind = request["kind"]
    if kind == "bundle":
        return vl_convert.javascript_bundle(request["snippet"]).encode()
    options = {
        "allowed_base_urls": [],
        "format_locale": request["format_locale"],
        "time_format_locale": request["time_format_locale"],
    }
    if kind == "png":
        return vl_convert.vegalite_to_png(request["spec"], scale=request["scale"], **options)
    return vl_convert.vegalite_to_svg(request["spec"], **options).encode()


if __name__ == "__main__":
    main()
