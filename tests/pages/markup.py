"""A reader of a page's HTML that finds what a browser forgives: unclosed elements, fields without a label, code within the page."""

from html.parser import HTMLParser

_VOID = frozenset({"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
_FIELDS = frozenset({"input", "select", "textarea"})
_SILENT = frozenset({"hidden", "submit", "button", "reset"})
_REFERENCES = ("for", "aria-describedby", "aria-labelledby", "aria-controls", "list", "form")


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.problems: list[str] = []
        self.open: list[str] = []
        self.ids: list[str] = []
        self.wanted: set[str] = set()
        self.labelled: set[str] = set()
        self.fields: list[tuple[str, str | None]] = []
        self.headings = 0
        self.title = ""
        self.form: dict[str, bool] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in _VOID:
            self.open.append(tag)
        if len(given) != len(attrs):
            self.problems.append(f"<{tag}> has an attribute twice")
        self._look_for_code(tag, given)
        if "id" in given:
            self.ids.append(given["id"])
        for name in _REFERENCES:
            self.wanted.update(given.get(name, "").split())
        if tag == "label" and "for" in given:
            self.labelled.add(given["for"])
        if tag in _FIELDS and given.get("type") not in _SILENT:
            named = "label" in self.open or "aria-label" in given or "aria-labelledby" in given
            self.fields.append((f"<{tag} name={given.get('name')!r}>", None if named else given.get("id", "")))
        if tag == "h1":
            self.headings += 1
        if tag == "html" and not given.get("lang"):
            self.problems.append("<html> says no language")
        if tag == "img" and "alt" not in given:
            self.problems.append("<img> without alt")
        if tag == "form":
            self.form = {"post": given.get("method", "get").lower() == "post", "token": False}
        if tag == "input" and given.get("name") == "csrf" and self.form is not None:
            self.form["token"] = True

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.problems.append(f"</{tag}> closes {self.open[-3:]}")
            if tag not in self.open:
                return
            while self.open[-1] != tag:
                self.open.pop()
        self.open.pop()
        if tag == "form":
            if self.form is not None and self.form["post"] and not self.form["token"]:
                self.problems.append("a form that is posted has no token")
            self.form = None

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["title"] and "svg" not in self.open:
            self.title += data

    def _look_for_code(self, tag: str, given: dict[str, str]) -> None:
        if tag == "script" and "src" not in given and given.get("type") != "application/json":
            self.problems.append("a script within the page")
        if tag == "style" or "style" in given:
            self.problems.append(f"style within the page: <{tag}>")
        self.problems += [f"{name} on <{tag}>" for name in given if name.startswith("on")]
        for name in ("src", "href", "action"):
            value = given.get(name, "").strip().lower()
            if value.startswith("javascript:") or (
                tag in {"script", "link", "img"} and value.startswith(("http", "//"))
            ):
                self.problems.append(f"{name}={value!r} on <{tag}>")


def problems_of(html: str, *, tokens: bool = True) -> list[str]:
    """Return what is wrong with a page. `tokens`: its forms must carry one."""
    page = _Page()
    page.feed(html)
    page.close()
    found = [each for each in page.problems if tokens or each != "a form that is posted has no token"]
    found += [f"<{tag}> is never closed" for tag in page.open]
    found += [
        f"the id {each!r} is there twice" for each in sorted({one for one in page.ids if page.ids.count(one) > 1})
    ]
    found += [f"{name} has no label" for name, key in page.fields if key is not None and key not in page.labelled]
    found += [f"nothing has the id {each!r}" for each in sorted(page.wanted - set(page.ids))]
    if page.headings != 1:
        found.append(f"{page.headings} headings of the first level")
    if not page.title.strip(" ·").removesuffix("Tapfive").strip(" ·"):
        found.append("no title of its own")
    return found
