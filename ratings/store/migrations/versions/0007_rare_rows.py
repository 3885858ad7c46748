"""The registry: where the rows of one survey or channel are, be they three among millions.

On SQLite the conditions, which hold for each row, keep them from queries that do not say so (`ratings.store.schema.SAID`).
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_RATED, _CLOSED = sa.text("changed_at > 0"), sa.text("revision >= 0")


def upgrade() -> None:
    for name in ("survey_id", "account"):
        op.create_index(f"ix_ratings_{name}_rated_at_id", "ratings", [name, "rated_at", "id"], sqlite_where=_RATED)
    op.create_index(
        "ix_invitations_survey_id_closed_at_id", "invitations", ["survey_id", "closed_at", "id"], sqlite_where=_CLOSED
    )
