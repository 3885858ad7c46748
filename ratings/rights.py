"""Who may see and do what. Pure, and the one place that decides: pages ask `may`, queries ask a viewer's `Sight`.

Roles are ordered by what they are for, not by rank: a manager looks, an admin sets up, an owner does both and lets others in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """What somebody is here for."""

    OWNER = "owner"
    ADMIN = "admin"
    MANAGER = "manager"
    AGENT = "agent"


class Right(StrEnum):
    """One thing that not everybody may do."""

    REPORTS = "reports"
    """See numbers: the dashboard, the table of agents."""
    RATINGS = "ratings"
    """See single ratings: their values, words and customers; export them."""
    OWN_RATINGS = "own_ratings"
    """See what was said of oneself, where the survey lets it out and once it is released."""
    EDIT = "edit"
    """Say that another value counts."""
    SURVEYS = "surveys"
    """Switch surveys, write their texts and rules."""
    SETUP = "setup"
    """Channels, desks, keys, webhooks, failed jobs."""
    PEOPLE = "people"
    """Let people in, and see what was changed by whom."""
    ERASE = "erase"
    """Give out or erase what is known of a customer; say for how long it is kept."""


_RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.OWNER: frozenset(Right) - {Right.OWN_RATINGS},
    Role.ADMIN: frozenset(Right) - {Right.OWN_RATINGS, Right.EDIT},
    Role.MANAGER: frozenset({Right.REPORTS, Right.RATINGS}),
    Role.AGENT: frozenset({Right.OWN_RATINGS}),
}


@dataclass(frozen=True, slots=True)
class Sight:
    """What of the tickets somebody may see: those of some forms (None: of all)."""

    forms: tuple[str, ...] | None = None


EVERYTHING = Sight()
"""What a key, the command line and the service itself see."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who is signed in. `agents` are the ids under which desks know them."""

    id: int
    name: str
    role: Role
    forms: tuple[str, ...] | None = None
    agents: tuple[str, ...] = ()
    may_edit: bool = False
    language: str | None = None
    preferences: Mapping[str, object] = field(default_factory=dict)

    @property
    def sight(self) -> Sight:
        """What of the tickets they may see."""
        return EVERYTHING if self.role in {Role.OWNER, Role.ADMIN} else Sight(self.forms)


def may(viewer: Viewer, right: Right) -> bool:
    """True when somebody has a right. To edit ratings is given to people one by one (but owners have it)."""
    if right is Right.EDIT and viewer.may_edit:
        return viewer.role is not Role.AGENT
    return right in _RIGHTS[viewer.role]


def may_give_edit(viewer: Viewer) -> bool:
    """True when somebody may let others correct ratings: an admin could else give it to themselves."""
    return viewer.role is Role.OWNER


def may_appoint(viewer: Viewer, role: Role) -> bool:
    """True when somebody may let in, change or shut out people of a role: only owners touch owners."""
    return may(viewer, Right.PEOPLE) and (viewer.role is Role.OWNER or role is not Role.OWNER)
