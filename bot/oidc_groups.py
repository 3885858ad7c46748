"""What somebody's groups at the provider of OpenID Connect give them here. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.settings_tables import EVERY_FORM
from ratings.rights import Role
from ratings.store.sign_on import Grant

_HIGHEST_FIRST = (Role.ADMIN, Role.MANAGER, Role.AGENT)


def groups_in(claims: Mapping[str, Any], claim: str) -> tuple[str, ...]:
    """Return the groups that a token names. A claim that is none of the token's may be a path into it: `realm_access.roles`.

    A text alone is one group; whatever is no text is no group.
    """
    found: Any = claims.get(claim)
    if found is None:
        found = claims
        for part in claim.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        found = [found]
    return tuple(each for each in found if isinstance(each, str)) if isinstance(found, list) else ()


def granted(
    groups: Sequence[str], roles: Mapping[str, str], forms: Mapping[str, Sequence[str]], otherwise: str
) -> Grant:
    """Return what groups give: of their roles the highest, of their forms all. `otherwise`: the role of who is in none of them.

    Without `forms` they give no forms, and take none away. Who has a role and no form has nothing to see: no role either.
    """
    given = {roles[group] for group in groups if group in roles} or {otherwise}
    role = next((role for role in _HIGHEST_FIRST if role.value in given), None)
    if not forms or role is Role.ADMIN:
        return Grant(role)
    seen = tuple(dict.fromkeys(form for group in groups for form in forms.get(group, ())))
    if EVERY_FORM in seen:
        return Grant(role, rules_forms=True)
    return Grant(role if seen else None, seen, rules_forms=True)
