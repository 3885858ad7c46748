"""Every text of the pages, as gettext finds it; `python -m tests.pages.words` prints what has no Russian yet, as .po entries."""

from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.pofile import read_po

_ROOT = Path(__file__).parents[2]
_BOT = _ROOT / "bot"
PAGES = _BOT / "web" / "pages"
SPEAKING = (PAGES, _BOT / "exporting", _BOT / "charts", _ROOT / "channels", _ROOT / "desks")
"""The folders whose texts people read: files that are exported speak as the pages do; kinds say how their accounts do."""
SPEAKING_FILES = (_BOT / "account_checks.py",)

_METHODS = [("**.py", "python"), ("**.html", "jinja2.ext.babel_extract")]
_KEYWORDS = {"say": None, "mark": None, "plural": (1, 2), "Phrase": None}


def texts() -> dict[str | tuple[str, ...], str]:
    """Return every text (or pair of one and many) with the file that it stands in."""
    found: dict[str | tuple[str, ...], str] = {}
    for folder in SPEAKING:
        for file, line, text, _comments, _context in extract_from_dir(
            folder, method_map=_METHODS, keywords=_KEYWORDS, options_map={"**.html": {"trimmed": "true"}}
        ):
            found.setdefault(text, f"{folder.name}/{file}:{line}")
    for path in SPEAKING_FILES:
        for line, text, _comments, _context in extract_from_file("python", path, keywords=_KEYWORDS):
            found.setdefault(text, f"{path.name}:{line}")
    return found


def translated(language: str) -> dict[str | tuple[str, ...], Message]:
    """Return every translation of a language, over all of its files."""
    found: dict[str | tuple[str, ...], Message] = {}
    for path in sorted((PAGES / "locale" / language).glob("*.po")):
        with path.open("rb") as file:
            catalog: Catalog = read_po(file, language)
        for message in catalog:
            if message.id:
                found[message.id if isinstance(message.id, str) else tuple(message.id)] = message
    return found


def main() -> None:
    """Print what is missing."""
    known = translated("ru")
    for text, place in texts().items():
        if text in known:
            continue
        print(f"#: {place}")  # noqa: T201 - a tool for the terminal
        if isinstance(text, str):
            print(f'msgid "{_quoted(text)}"\nmsgstr ""\n')  # noqa: T201 - as above
        else:
            one, many = text
            print(f'msgid "{_quoted(one)}"\nmsgid_plural "{_quoted(many)}"\nmsgstr[0] ""\nmsgstr[1] ""\nmsgstr[2] ""\n')  # noqa: T201 - as above


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


if __name__ == "__main__":
    main()
