"""`/surveys`: the switch, the words, the rules, and what they do before anybody is asked."""

from bot.web.pages.surveys.routes import survey_routes

__all__ = ["survey_routes"]
