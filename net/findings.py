"""What `tapfive check` has to say of an account of a channel or of a desk."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that `tapfive check` has to say. `id` is stable; a hint says what to do."""

    id: str
    level: Literal["ok", "warning", "error"]
    text: str
    hint: str = ""
