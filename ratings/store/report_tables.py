"""The tables of the reports: what was counted by days, and what there is to filter by. The migrations create them, too.

`roll_up_changes` is what the transactions of the day wrote; upkeep folds it into the counts of cells. A cell is one place in
one cube: the columns that a cube leaves out are "" there.
"""

from sqlalchemy import BigInteger, Column, Integer, Table, Text, UniqueConstraint

from ratings.store.schema import Id, metadata

PLACE = ("survey_id", "account", "form", "group_id", "agent_id", "priority")
"""The columns of a place, in the order of `ratings.tallies.Place`."""

TICKET_COUNTS = (
    "closed",
    "ask",
    "answered_of_closed",
    "reactions",
    "reaction_s",
    "handlings",
    "handling_s",
    "asked",
    "delivered",
    "answered",
    "answered_satisfied",
    "commented",
)
"""What is counted of closings and askings, under the names of `ratings.tallies`."""

_SECONDS = frozenset({"reaction_s", "handling_s"})

roll_up_state = Table(
    "roll_up_state",
    metadata,
    Column("only", Integer, primary_key=True, autoincrement=False),
    Column("zone", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
)
"""For which zone and by which version of the program it was counted, and up to which invitation: those behind it are not counted yet, and neither are their changes."""

roll_up_changes = Table(
    "roll_up_changes",
    metadata,
    Column("id", Id, primary_key=True),  # the database's own
    *(Column(name, Text, nullable=False) for name in PLACE),
    Column("day", Integer, nullable=False),
    Column("what", Text, nullable=False),
    Column("many", BigInteger, nullable=False),
)

roll_up_cells = Table(
    "roll_up_cells",
    metadata,
    Column("id", Id, primary_key=True),  # the database's own
    Column("cube", Integer, nullable=False),
    *(Column(name, Text, nullable=False) for name in PLACE),
    UniqueConstraint("cube", *PLACE, name="uq_roll_up_cells_place"),
)

roll_up_tickets = Table(
    "roll_up_tickets",
    metadata,
    Column("unit", Integer, primary_key=True, autoincrement=False),
    Column("cell", Id, primary_key=True, autoincrement=False),
    Column("start", Integer, primary_key=True, autoincrement=False),
    *(Column(name, BigInteger if name in _SECONDS else Integer, nullable=False) for name in TICKET_COUNTS),
    sqlite_with_rowid=False,
)

roll_up_ratings = Table(
    "roll_up_ratings",
    metadata,
    Column("unit", Integer, primary_key=True, autoincrement=False),
    Column("cell", Id, primary_key=True, autoincrement=False),
    Column("start", Integer, primary_key=True, autoincrement=False),
    Column("scale", Text, primary_key=True),
    Column("value", Integer, primary_key=True, autoincrement=False),
    Column("ratings", Integer, nullable=False),
    Column("satisfied", Integer, nullable=False),
    sqlite_with_rowid=False,
)

roll_up_hours = Table(
    "roll_up_hours",
    metadata,
    Column("unit", Integer, primary_key=True, autoincrement=False),
    Column("cell", Id, primary_key=True, autoincrement=False),
    Column("start", Integer, primary_key=True, autoincrement=False),
    Column("scale", Text, primary_key=True),
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("ratings", Integer, nullable=False),
    Column("satisfied", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""By hour of the week."""

roll_up_others = Table(
    "roll_up_others",
    metadata,
    Column("unit", Integer, primary_key=True, autoincrement=False),
    Column("cell", Id, primary_key=True, autoincrement=False),
    Column("start", Integer, primary_key=True, autoincrement=False),
    Column("what", Text, primary_key=True),
    Column("many", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""What comes in many kinds: reasons of skips, states, deliveries, votes."""

directory = Table(
    "directory",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("name", Text),
    Column("seen", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""Who and what closings have named, under the newest name, and on which day (UTC) they last did: what there is to filter by."""

SPANS = (roll_up_tickets, roll_up_ratings, roll_up_hours, roll_up_others)
