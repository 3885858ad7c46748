"""The registry: what its sorts walk along, where the rows of one form, agent, group or reason are, and where a ticket is by its id."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_SKIPPED = sa.text("reason IS NOT NULL")


def upgrade() -> None:
    op.create_index("ix_ratings_value_rated_at_id", "ratings", ["value", "rated_at", "id"])
    op.create_index("ix_ratings_closed_at_id", "ratings", ["closed_at", "id"])
    for name in ("form", "agent_id", "group_id"):
        op.create_index(f"ix_ratings_{name}_rated_at_id", "ratings", [name, "rated_at", "id"])
    op.create_index("ix_invitations_ticket_id", "invitations", ["ticket_id"])
    for name in ("form", "agent_id"):
        op.create_index(f"ix_invitations_{name}_closed_at_id", "invitations", [name, "closed_at", "id"])
    op.create_index(
        "ix_invitations_reason_closed_at_id",
        "invitations",
        ["reason", "closed_at", "id"],
        sqlite_where=_SKIPPED,
        postgresql_where=_SKIPPED,
    )
