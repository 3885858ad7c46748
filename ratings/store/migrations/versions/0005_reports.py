"""Reports: counts by days, what there is to filter by, and the indexes of the registry."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_PLACE = ("survey_id", "account", "form", "group_id", "agent_id", "priority")
_TICKETS = (
    "closed",
    "ask",
    "answered_of_closed",
    "reactions",
    "handlings",
    "asked",
    "delivered",
    "answered",
    "answered_satisfied",
    "commented",
)


def upgrade() -> None:
    op.create_table(
        "roll_up_state",
        sa.Column("only", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("only", name="pk_roll_up_state"),
    )
    # For no zone yet: the first process that keeps it says which, and counts what is there.
    op.execute("INSERT INTO roll_up_state VALUES (1, '', 0, -1)")
    op.create_table(
        "roll_up_changes",
        sa.Column("id", _ID, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in _PLACE),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("many", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_roll_up_changes"),
    )
    op.create_table(
        "roll_up_cells",
        sa.Column("id", _ID, nullable=False),
        sa.Column("cube", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in _PLACE),
        sa.PrimaryKeyConstraint("id", name="pk_roll_up_cells"),
        sa.UniqueConstraint("cube", *_PLACE, name="uq_roll_up_cells_place"),
    )
    op.create_table(
        "roll_up_tickets",
        *_span(),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _TICKETS),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("reaction_s", "handling_s")),
        sa.PrimaryKeyConstraint("unit", "cell", "start", name="pk_roll_up_tickets"),
        sqlite_with_rowid=False,
    )
    for name, by in (("roll_up_ratings", "value"), ("roll_up_hours", "hour")):
        op.create_table(
            name,
            *_span(),
            sa.Column("scale", sa.Text(), nullable=False),
            sa.Column(by, sa.Integer(), autoincrement=False, nullable=False),
            sa.Column("ratings", sa.Integer(), nullable=False),
            sa.Column("satisfied", sa.Integer(), nullable=False),
            sa.PrimaryKeyConstraint("unit", "cell", "start", "scale", by, name=f"pk_{name}"),
            sqlite_with_rowid=False,
        )
    op.create_table(
        "roll_up_others",
        *_span(),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("many", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("unit", "cell", "start", "what", name="pk_roll_up_others"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "directory",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", name="pk_directory"),
        sqlite_with_rowid=False,
    )


def _span() -> tuple["sa.Column[int]", ...]:
    return (
        sa.Column("unit", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cell", _ID, autoincrement=False, nullable=False),
        sa.Column("start", sa.Integer(), autoincrement=False, nullable=False),
    )
