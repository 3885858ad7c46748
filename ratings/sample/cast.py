"""Who and what there is in a sample: agents, groups, forms, channels, customers; and what is true of them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from ratings.sample.people import AGENTS, CUSTOMERS
from ratings.sample.plan import INCIDENT_DROP, Calendar, Plan

DESK = "sample"
LEAST_AGENTS, MOST_AGENTS = 5, 60


@dataclass(frozen=True, slots=True)
class Form:
    """A form of the desk: how hard its tickets are (`shift` of CSAT), and its part of what is closed."""

    id: str
    name: str
    kind: str
    weight: float
    shift: float


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to customers: its part of them, who answers, how soon (median), and how much CSAT differs on it.

    `address` makes a customer's of their number, `gone` is what the platform says where it takes no messages (code, text).
    `links`: votes come by them, `receipts`: it tells what was delivered and seen.
    """

    account: str
    weight: int
    response: float
    minutes: float
    shift: float
    address: str
    gone: tuple[str, str]
    links: bool = False
    receipts: bool = False


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody who closes tickets: on which forms (a weight each), how well, and in how many seconds (medians)."""

    id: str
    name: str
    group: str
    weight: float
    satisfied: float
    forms: tuple[float, ...]
    first_response_s: float
    handling_s: float


FORMS = (
    Form("support", "Техподдержка", "chat", 0.42, 0.0),
    Form("orders", "Заказы и доставка", "ticket", 0.28, 0.05),
    Form("billing", "Счета и возвраты", "ticket", 0.16, -0.13),
    Form("phone", "Телефонная линия", "call", 0.14, 0.02),
)
SUPPORT, ORDERS, BILLING, PHONE = range(len(FORMS))
INCIDENT_FORM = ORDERS

CHANNELS = (
    Channel(
        *("telegram.sample", 9, 0.46, 3, 0.01),
        address="7{0:09}",
        gone=("403", "Forbidden: bot was blocked by the user"),
    ),
    Channel(
        *("vk.sample", 4, 0.37, 6, 0.0),
        address="6{0:08}",
        gone=("901", "the user does not allow messages from this community"),
    ),
    Channel(
        *("viber.sample", 3, 0.41, 5, 0.0),
        address="sample-{0:010}==",
        gone=("6", "notSubscribed"),
        receipts=True,
    ),
    Channel(
        *("email.sample", 4, 0.19, 240, -0.03),
        address="customer{0}@example.com",
        gone=("550 5.1.1", "mailbox unavailable"),
        links=True,
    ),
)

GROUPS: Mapping[str, str] = {
    "first-line": "Первая линия",
    "second-line": "Вторая линия",
    "night": "Ночная смена",
    "seniors": "Старшие специалисты",
}
_TEAMS = ("first-line", "first-line", "second-line", "night")

RECOVERED = 0.58
"""CSAT of those who were asked once more after a bad rating. The seniors alone close such tickets."""

RECOVERY_RESPONSE = 0.5

_EASY, _HARD = (0.14, 0.66, 0.06, 0.14), (0.14, 0.06, 0.66, 0.14)


@dataclass(frozen=True, slots=True)
class AgentTruth:
    """What is true of an agent: CSAT over all that they closed, medians in seconds."""

    name: str
    group: str
    satisfied: float
    first_response_s: float
    handling_s: float


@dataclass(frozen=True, slots=True)
class ChannelTruth:
    """What is true of a channel: who answers of those who are asked, and their CSAT."""

    response: float
    satisfied: float


@dataclass(frozen=True, slots=True)
class Paradox:
    """Simpson's: `better` has the higher CSAT on every form, and the lower one over all, since hard tickets go there."""

    better: str
    worse: str
    by_form: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Truth:
    """The probabilities behind a sample. Of ratings that were not asked for once more: the seniors' are `recovered`."""

    satisfied: float
    response: float
    agents: Mapping[str, AgentTruth]
    channels: Mapping[str, ChannelTruth]
    forms: Mapping[str, float]
    paradox: Paradox
    recovered: float = RECOVERED
    recovery_response: float = RECOVERY_RESPONSE


class Cast:
    """Everybody in a sample. The first two agents are the paradox; the last one or two are the seniors."""

    def __init__(self, plan: Plan) -> None:
        chance = Random(f"{plan.seed}:cast")  # noqa: S311 - a seeded random is what a sample wants
        many = plan.agents or min(MOST_AGENTS, max(LEAST_AGENTS, 4 + round(plan.rows**0.25)))
        seniors = 1 if many < 20 else 2  # noqa: PLR2004 - one in a small team
        names = chance.sample(AGENTS, many)
        usual = tuple(form.weight for form in FORMS)
        self.agents = [_agent(chance, number, names[number], many - seniors, usual) for number in range(many - seniors)]
        self.seniors = [
            Agent(f"a{number + 1}", names[number], "seniors", 0.0, RECOVERED, usual, 300.0, 2400.0)
            for number in range(many - seniors, many)
        ]
        self.customers = max(40, plan.rows // 3)
        self.first_customer = chance.randrange(len(CUSTOMERS))
        self.agent_ends = list(accumulate(agent.weight for agent in self.agents))
        self.form_ends = [list(accumulate(agent.forms)) for agent in self.agents]

    @property
    def everybody(self) -> Sequence[Agent]:
        """All agents, the seniors last."""
        return [*self.agents, *self.seniors]


def _agent(chance: Random, number: int, name: str, many: int, usual: tuple[float, ...]) -> Agent:
    # Spread evenly over a range, so that some are alike and some are not; the two of the paradox stand in its middle.
    satisfied = 0.62 + 0.24 * ((number * 7) % many + chance.random()) / many
    forms, weight = usual, chance.uniform(0.5, 1.5)
    if number < 2:  # noqa: PLR2004 - the two of the paradox
        satisfied, forms, weight = (0.78, _HARD, 1.2) if number == 0 else (0.74, _EASY, 1.2)
    elif number == many - 1 and many > LEAST_AGENTS:
        weight = 0.05  # a newcomer, of whom little can be said
    return Agent(
        id=f"a{number + 1}",
        name=name,
        group=_TEAMS[number % len(_TEAMS)],
        weight=weight,
        satisfied=satisfied,
        forms=forms,
        first_response_s=round(chance.lognormvariate(5.2, 0.5), 1),
        handling_s=round(chance.lognormvariate(6.9, 0.4), 1),
    )


def truth_of(plan: Plan) -> Truth:
    """Return what is true of a plan's history."""
    return tell_truth(Cast(plan), Calendar(plan))


def tell_truth(cast: Cast, calendar: Calendar) -> Truth:
    """Return what is true of a cast and a calendar: closed forms, since who, where and when are drawn independently."""
    answering = sum(each.weight * each.response for each in CHANNELS)
    by_channel = sum(each.weight * each.response * each.shift for each in CHANNELS) / answering
    incident = INCIDENT_DROP * calendar.incident_share
    moved = [
        calendar.mean_shift + form.shift - (incident if number == INCIDENT_FORM else 0.0)
        for number, form in enumerate(FORMS)
    ]

    def over_forms(agent: Agent) -> float:
        return agent.satisfied + sum(weight * moved[form] for form, weight in enumerate(agent.forms))

    whole = sum(agent.weight for agent in cast.agents)
    satisfied = by_channel + sum(agent.weight * over_forms(agent) for agent in cast.agents) / whole
    agents = {
        agent.id: AgentTruth(
            agent.name, agent.group, over_forms(agent) + by_channel, agent.first_response_s, agent.handling_s
        )
        for agent in cast.agents
    }
    first, second = cast.agents[0], cast.agents[1]
    return Truth(
        satisfied=satisfied,
        response=answering / sum(each.weight for each in CHANNELS),
        agents=agents,
        channels={each.account: ChannelTruth(each.response, satisfied - by_channel + each.shift) for each in CHANNELS},
        forms={form.id: by_channel + moved[number] + _mean_of_form(cast, number) for number, form in enumerate(FORMS)},
        paradox=Paradox(
            first.id,
            second.id,
            {
                form.id: tuple(by_channel + moved[number] + agent.satisfied for agent in (first, second))  # type: ignore[misc] # of two
                for number, form in enumerate(FORMS)
            },
        ),
    )


def _mean_of_form(cast: Cast, form: int) -> float:
    weights = [agent.weight * agent.forms[form] for agent in cast.agents]
    return sum(w * agent.satisfied for w, agent in zip(weights, cast.agents, strict=True)) / sum(weights)
