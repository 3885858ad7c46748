"""What each text of a survey is for, in a few words, and in which order they are edited. Pure."""

from dataclasses import dataclass

from bot.web.pages.speech import mark


@dataclass(frozen=True, slots=True)
class TextGroup:
    """Texts that are read in one place."""

    title: str
    keys: tuple[str, ...]


TITLES = {
    "question": mark("Question"),
    "reminder": mark("Reminder"),
    "reminder_2": mark("Second reminder"),
    "reminder_3": mark("Third reminder"),
    "greeting": mark("Greeting, before the first question"),
    "thanks": mark("Thanks"),
    "ask_comment": mark("Asking for a comment"),
    "comment_saved": mark("The comment is saved"),
    "acknowledged": mark("The short note over the messenger after a tap"),
    "stands": mark("The rating can no longer be changed"),
    "expired": mark("The time to rate is over"),
    "button_change": mark("Button: change the rating"),
    "button_comment": mark("Button: add a comment"),
    "button_skip": mark("Button: no comment"),
    "button_never": mark("Button: do not ask again"),
    "words_only": mark("Something else than words came as a comment"),
    "unclear": mark("A typed rating is not clear"),
    "not_ours": mark("A question came that nobody reads here"),
    "opted_out": mark("After “do not ask again”"),
    "opted_in": mark("After “ask me again”"),
    "welcome": mark("Welcome, when somebody starts the bot"),
    "test": mark("The answer to a tap on a test message"),
    "subject": mark("Subject of the mail, where the ticket has none"),
    "links_hint": mark("Hint below the links of a mail"),
    "page_question": mark("Page: question"),
    "page_comment": mark("Page: label of the comment"),
    "page_send": mark("Page: button that sends the rating"),
    "page_before": mark("Page: the rating so far"),
    "page_thanks": mark("Page: thanks"),
    "page_chosen": mark("Page: the rating that was given"),
    "page_saved": mark("Page: the rating is saved"),
    "page_not_saved": mark("Page: not saved yet"),
    "page_send_comment": mark("Page: button that sends the comment"),
    "page_commented": mark("Page: the comment is saved"),
    "page_withdraw": mark("Page: button that takes the rating back"),
    "page_withdrawn": mark("Page: the rating is taken back"),
    "page_often": mark("Page: too often?"),
    "page_less": mark("Page: button “ask less often”"),
    "page_never_here": mark("Page: button “not at this address”"),
    "page_never": mark("Page: button “nowhere”"),
    "page_again": mark("Page: button “ask again”"),
    "page_rests": mark("Page: asked less often from now on"),
    "page_stop": mark("Page: question before “never”"),
    "page_stop_hint": mark("Page: hint to that question"),
    "page_unknown": mark("Page: the link does not work"),
    "page_unknown_hint": mark("Page: hint to that"),
    "page_not_understood": mark("Page: the answer was not understood"),
    "page_stale": mark("Page: open for too long"),
    "page_choose": mark("Page: nothing is chosen"),
    "page_too_long": mark("Page: the comment is too long"),
    "page_busy": mark("Page: try again later"),
    "page_too_often": mark("Page: too many attempts"),
    "page_retry": mark("Page: button “try again”"),
    "page_language": mark("Page: language"),
}
"""By the text's key; a test compares them with those there are."""

REACTIONS = "reactions"
"""The place of the reactions, one for each value, among the groups."""

TEXT_GROUPS = (
    TextGroup(mark("The question"), ("question", "reminder", "reminder_2", "reminder_3", "greeting")),
    TextGroup(mark("After a rating"), ("thanks", REACTIONS, "ask_comment", "comment_saved", "stands", "expired")),
    TextGroup(
        mark("Buttons and short notes"),
        ("acknowledged", "button_change", "button_comment", "button_skip", "button_never"),
    ),
    TextGroup(
        mark("When something else comes"),
        ("words_only", "unclear", "not_ours", "opted_out", "opted_in", "welcome", "test"),
    ),
    TextGroup(mark("Mail"), ("subject", "links_hint")),
    TextGroup(mark("The rating page"), tuple(key for key in TITLES if key.startswith("page_"))),
)
"""The texts, in the order in which a customer meets them."""
