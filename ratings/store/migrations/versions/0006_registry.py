"""The registry: what its sorts walk along, and where a ticket is found by its id alone."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_index("ix_ratings_value_rated_at_id", "ratings", ["value", "rated_at", "id"])
    op.create_index("ix_ratings_closed_at_id", "ratings", ["closed_at", "id"])
    op.create_index("ix_invitations_ticket_id", "invitations", ["ticket_id"])
