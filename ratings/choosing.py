"""Which survey a ticket belongs to: the most specific one that is on. Pure."""

from collections.abc import Iterable

from ratings.survey import Survey
from ratings.ticket import Ticket


def choose_survey(surveys: Iterable[Survey], ticket: Ticket) -> Survey | None:
    """The survey of a ticket: one that is on before one that is off, then the one with more bindings.

    Ties go by position, then by id. None when none covers the ticket; one that is off when only such do.
    """
    covering = [survey for survey in surveys if covers(survey, ticket)]
    if len(covering) == 1:
        return covering[0]
    return min(covering, key=lambda one: (not one.enabled, -len(one.bound), one.position, one.id), default=None)


def covers(survey: Survey, ticket: Ticket) -> bool:
    """True when every binding of the survey fits the ticket. The channel is that of its preferred address.

    A form or a group fits by its id, a channel by its kind (`telegram`) or its account (`telegram.support`).
    """
    if survey.desks and ticket.desk not in survey.desks:
        return False
    if survey.forms and (ticket.form is None or ticket.form.id not in survey.forms):
        return False
    if survey.groups and (ticket.group is None or ticket.group.id not in survey.groups):
        return False
    if survey.channels:
        account = ticket.addresses[0].channel if ticket.addresses else ""
        return account in survey.channels or account.partition(".")[0] in survey.channels
    return True
