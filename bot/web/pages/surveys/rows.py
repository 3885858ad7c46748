"""Rows of forms that are added and taken away: inputs named LIST.NUMBER.WHAT, numbered from 0. Pure."""

from bot.web.pages.surveys.fields import Typed


def rows(typed: Typed, prefix: str) -> list[int]:
    """Return the numbers of a list's rows, in order."""
    begin = f"{prefix}."
    found = {name[len(begin) :].partition(".")[0] for name in typed if name.startswith(begin)}
    return sorted(int(number) for number in found if number.isascii() and number.isdigit() and len(number) < 5)  # noqa: PLR2004 - no form has so many


def row(typed: Typed, prefix: str) -> Typed:
    """Return what stands below a name, under what is left of the names."""
    begin = f"{prefix}."
    return {name[len(begin) :]: text for name, text in typed.items() if name.startswith(begin)}


def add_row(typed: Typed, prefix: str, new: Typed) -> Typed:
    """Return a form with one more row at a list's end."""
    numbers = rows(typed, prefix)
    at = numbers[-1] + 1 if numbers else 0
    return typed | {f"{prefix}.{at}.{name}": text for name, text in new.items()}


def remove_row(typed: Typed, name: str) -> Typed:
    """Return a form without a row; those behind it move up."""
    prefix, _, _number = name.rpartition(".")
    kept = {key: text for key, text in typed.items() if not key.startswith(f"{name}.")}
    return numbered(kept, prefix)


def numbered(typed: Typed, prefix: str) -> Typed:
    """Return a form in which a list's rows are numbered without gaps."""
    new = {old: at for at, old in enumerate(rows(typed, prefix))}
    begin = f"{prefix}."
    moved: Typed = {}
    for name, text in typed.items():
        number, dot, rest = name[len(begin) :].partition(".") if name.startswith(begin) else ("", "", "")
        if dot and number.isascii() and number.isdigit() and int(number) in new:
            moved[f"{begin}{new[int(number)]}.{rest}"] = text
        else:
            moved[name] = text
    return moved
