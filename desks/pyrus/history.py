"""What happened to a task, by its comments: is it closed, which comment closed it, who wrote when. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from desks.pyrus.shapes import FINISHED, REOPENED, Comment, Person, Task
from ratings.times import SECOND, Instant, parse_instant

_INTERNAL = "private_channel"  # a channel for staff alone
_TURNS = frozenset({FINISHED, REOPENED})


@dataclass(frozen=True, slots=True)
class Us:
    """How our own comments are recognized: by the bot's id, and as long as that is not known by its login."""

    bot_id: int | None
    login: str

    def wrote(self, comment: Comment | None, user_id: int | None = None) -> bool:
        """True for a comment of ours. `user_id` is the one in a webhook's body: good for a bot's comments only."""
        author = None if comment is None else comment.author
        if author is None:
            return False
        if self.bot_id is not None:
            return author.id == self.bot_id
        by_login = author.email is not None and author.email.lower() == self.login.lower()
        return by_login or (author.type == "bot" and author.id == user_id)


@dataclass(frozen=True, slots=True)
class Talk:
    """Who wrote how often and when; None where no comment tells a channel, or where not all comments are at hand."""

    customer: int | None = None
    agent: int | None = None
    customer_at: Instant | None = None
    agent_at: Instant | None = None
    first_response_at: Instant | None = None


def ordered(task: Task) -> list[Comment]:
    """The comments, oldest first: their ids grow."""
    return sorted(task.comments or (), key=lambda comment: comment.id)


def is_closed(task: Task, comments: Sequence[Comment]) -> bool:
    """True when the task stands closed: by its newest comment, else by what the task itself says."""
    if comments and comments[-1].action in _TURNS:
        return comments[-1].action == FINISHED
    return task.close_date is not None if task.is_closed is None else task.is_closed


def closing_comment(comments: Sequence[Comment]) -> Comment | None:
    """The comment that closed the task the last time; None where it was opened again, or nobody told."""
    turn = next((comment for comment in reversed(comments) if comment.action in _TURNS), None)
    return turn if turn is not None and turn.action == FINISHED else None


def instant(text: str | None) -> Instant | None:
    """A time as Pyrus writes it: UTC, whether it says so or not. None for what is none."""
    if not text:
        return None
    for written in (text, f"{text}Z"):
        try:
            return parse_instant(written)
        except (ValueError, OverflowError):
            continue
    return None


def closed_at(task: Task, closing: Comment | None) -> Instant | None:
    """When the task was closed."""
    at = instant(task.close_date)
    return at if at is not None or closing is None else instant(closing.create_date)


def after_the_close(task: Task, comment: Comment) -> bool:
    """True when a comment is surely younger than the closing."""
    at, closed = instant(comment.create_date), instant(task.close_date)
    return at is not None and closed is not None and at // SECOND > closed // SECOND


def side(comment: Comment) -> Literal["customer", "agent"] | None:
    """Who wrote to whom by a channel. None for remarks among staff, and for what bots send out by themselves."""
    channel = comment.channel
    if channel is None or channel.type == _INTERNAL:
        return None
    by_user = comment.author is not None and comment.author.type == "user"
    direction = (channel.direction or "").lower()
    if direction.startswith("in"):
        return "customer"
    outgoing = direction.startswith("out")
    if not outgoing and (channel.sender is None) != (channel.to is None):
        outgoing = channel.to is not None
    elif not outgoing:
        outgoing = by_user  # both are named, or neither
    if not outgoing:
        return "customer"
    return "agent" if by_user else None


def talk(comments: Sequence[Comment]) -> Talk:
    """Count the messages of both sides, and derive the first response: the agent's first after the customer's."""
    customer = agent = 0
    customer_at = agent_at = first = None
    for comment in comments:
        wrote = side(comment)
        if wrote == "customer":
            customer, customer_at = customer + 1, instant(comment.create_date)
        elif wrote == "agent":
            agent, agent_at = agent + 1, instant(comment.create_date)
            if customer and first is None:
                first = agent_at
    if len(comments) <= 1 or not customer + agent:
        return Talk(customer_at=customer_at, agent_at=agent_at)
    return Talk(customer, agent, customer_at, agent_at, first)


def is_role(person: Person | None) -> bool:
    """True for a role: a group of people, and nobody."""
    return person is not None and person.type == "role"
