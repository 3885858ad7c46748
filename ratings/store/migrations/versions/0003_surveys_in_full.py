"""Surveys in full: why a survey was chosen, the customer's zone, windows, recovery, results on the desk, alerts."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("invitations", sa.Column("chosen", sa.Text()))
    op.add_column("invitations", sa.Column("inclusion", sa.Float()))
    op.add_column("invitations", sa.Column("timezone", sa.Text()))
    op.add_column("invitations", sa.Column("window_until", sa.BigInteger()))
    op.add_column("invitations", sa.Column("recovery_of", _ID))
    op.add_column("invitations", sa.Column("writes_back", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(
        "ix_invitations_recovery_of",
        "invitations",
        ["recovery_of"],
        sqlite_where=sa.text("recovery_of IS NOT NULL"),
        postgresql_where=sa.text("recovery_of IS NOT NULL"),
    )
    op.create_index(
        "ix_invitations_scheduled",
        "invitations",
        ["survey_id"],
        sqlite_where=sa.text("state = 'scheduled'"),
        postgresql_where=sa.text("state = 'scheduled'"),
    )
    op.add_column("ratings", sa.Column("raw", sa.Integer()))
    op.add_column("rating_history", sa.Column("why", sa.Text()))
    op.add_column("addresses", sa.Column("greeted_by", _ID))
    op.add_column("surveys", sa.Column("paused_at", sa.BigInteger()))
    op.create_table(
        "desk_results",
        sa.Column("invitation_id", _ID, nullable=False, autoincrement=False),
        sa.Column("outcome", sa.Text()),
        sa.Column("tag", sa.Text()),
        sa.Column("value", sa.Integer()),
        sa.Column("written_at", sa.BigInteger()),
        sa.Column("refused", sa.Text()),
        sa.PrimaryKeyConstraint("invitation_id", name="pk_desk_results"),
        sa.ForeignKeyConstraint(["invitation_id"], ["invitations.id"], name="fk_desk_results_invitation_id"),
    )
    op.create_table(
        "alerts",
        sa.Column("id", _ID, nullable=False),
        sa.Column("invitation_id", _ID, nullable=False),
        sa.Column("survey_id", sa.Text(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("said_at", sa.BigInteger()),
        sa.Column("said_by", _ID),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        sa.ForeignKeyConstraint(["invitation_id"], ["invitations.id"], name="fk_alerts_invitation_id"),
        sa.UniqueConstraint(
            "invitation_id", "destination", "reason", name="uq_alerts_invitation_id_destination_reason"
        ),
    )
    op.create_index(
        "ix_alerts_waiting",
        "alerts",
        ["destination", "at"],
        sqlite_where=sa.text("said_at IS NULL"),
        postgresql_where=sa.text("said_at IS NULL"),
    )
    op.create_index("ix_alerts_destination_said_at", "alerts", ["destination", "said_at"])
    op.create_table(
        "endpoints",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("types", sa.Text()),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("failing_since", sa.BigInteger()),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("lease", sa.Text()),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_endpoints"),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("endpoint_id", _ID, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("reply", sa.Text()),
        sa.Column("problem", sa.Text()),
        sa.Column("duration", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
    )
    op.create_index("ix_deliveries_endpoint_id_ok_id", "deliveries", ["endpoint_id", "ok", "id"])
    op.create_index("ix_deliveries_at", "deliveries", ["at"])
