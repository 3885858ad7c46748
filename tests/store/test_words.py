"""Words instead of taps: replies by mail from anybody, values with a comment, what is unclear, and what is not ours."""

import pytest

from ratings.lifecycle import Delivery
from ratings.store.inbound import Allowed, Delivered, Happening, Receive, Refused, Tapped, Wrote
from ratings.store.results import Done
from ratings.store.schema import addresses, comments, held_texts, ratings, votes
from ratings.times import DAY, HOUR, MINUTE, SECOND
from tests.conftest import Clock
from tests.store.links import check_recount, counting_value, rating, state, vote
from tests.store.world import ACCOUNT, ANN, World

MAIL = "email.support"
ANNA = "ann@example.org"


@pytest.fixture(autouse=True)
def mail_and_messenger(world: World) -> None:
    world.accounts = frozenset({ACCOUNT, MAIL})


def asked_by_mail(world: World, ticket_id: str = "T-1") -> int:
    number = world.close(ticket_id, address={"channel": MAIL, "id": ANNA}).invitation_id
    (job,) = world.claim(account=MAIL)
    world.finish(job, Done(external_id=f"<{ticket_id}@x>"))
    return number


def receive(world: World, *happenings: Happening, account: str = MAIL) -> tuple[str, ...]:
    return world.store.writer.do_now(Receive(account, happenings)).outcomes


def mail(number: int | None, text: str, *, sender: str = ANNA, event_id: str = "1", **more: str | None) -> Wrote:
    return Wrote(
        event_id=event_id,
        sender=sender,
        message_id=f"<reply-{event_id}@x>",
        text=text,
        reply_to=more.get("reply_to"),
        edited=False,
        invitation_id=number,
        client=more.get("client"),
    )


def notices(world: World, account: str = MAIL) -> list[str]:
    found = [job for job in world.claim(account=account) if job.kind == "notice"]
    for job in found:
        world.finish(job, Done(external_id="n"))
    return [job.text for job in found]


def words(world: World, number: int) -> str | None:
    row = rating(world, number)
    return row["comment"] if row is not None else None


# --- a mail names its invitation --------------------------------------------------------------------------------------


def test_an_answer_from_another_sender_is_the_invitation_s_and_says_who_wrote(world: World) -> None:
    number = asked_by_mail(world)
    assert receive(world, mail(number, "4\nспасибо", sender="assistant@example.org")) == ("rated",)
    assert (counting_value(world, number), words(world, number)) == (4, "спасибо")
    (part,) = world.rows(comments)
    assert part["sender"] == "assistant@example.org"
    check_recount(world, number)


def test_who_was_asked_is_not_named_again(world: World) -> None:
    number = asked_by_mail(world)
    receive(world, mail(number, "спасибо за помощь"))
    (part,) = world.rows(comments)
    assert part["sender"] is None


@pytest.mark.parametrize(
    ("text", "value", "comment"),
    [("5, спасибо", 5, "спасибо"), ("5", 5, None), ("отлично!", 5, None), ("2, долго ждал", 2, "долго ждал")],
)
def test_a_value_and_a_comment_in_one_reply(world: World, text: str, value: int, comment: str | None) -> None:
    number = asked_by_mail(world)
    assert receive(world, mail(number, text)) == ("rated",)
    assert (counting_value(world, number), words(world, number), state(world, number)) == (value, comment, "answered")
    (row,) = world.rows(votes)
    assert (row["state"], row["source"], row["account"]) == ("confirmed", "typed", MAIL)


def test_words_before_the_value_and_behind_it_are_one_comment(world: World) -> None:
    number = asked_by_mail(world)
    assert receive(world, mail(number, "Очень быстро всё починили, приятно")) == ("commented",)
    assert rating(world, number) is None
    assert receive(world, mail(number, "5, всем бы так", event_id="2")) == ("rated",)
    assert words(world, number) == "Очень быстро всё починили, приятно\nвсем бы так"


def test_a_second_mail_with_a_value_is_a_change_of_mind(world: World, clock: Clock) -> None:
    number = asked_by_mail(world)
    receive(world, mail(number, "5"))
    clock.forward(HOUR)
    assert receive(world, mail(number, "2, опять сломалось", event_id="2")) == ("changed",)
    assert (counting_value(world, number), words(world, number)) == (2, "опять сломалось")


def test_after_the_edit_window_a_mail_with_a_value_is_words(world: World, clock: Clock) -> None:
    number = asked_by_mail(world)
    receive(world, mail(number, "5"))
    clock.forward(DAY)
    assert receive(world, mail(number, "2, опять сломалось", event_id="2")) == ("commented",)
    assert (counting_value(world, number), words(world, number)) == (5, "2, опять сломалось")


def test_a_reply_wins_over_what_a_scanner_left(world: World, clock: Clock) -> None:
    number = asked_by_mail(world)
    clock.forward(MINUTE)
    for value in (1, 2, 3, 4):
        vote(world, number, value, agent="gateway")
    assert receive(world, mail(number, "5")) == ("rated",)
    assert counting_value(world, number) == 5
    check_recount(world, number)


def test_a_mail_that_names_nothing_of_ours_is_not_ours(world: World) -> None:
    asked_by_mail(world)
    assert receive(world, mail(999_999, "5", sender="stranger@example.org")) == ("not_ours",)
    assert world.rows(votes) == world.rows(ratings) == []


def test_a_mail_by_its_thread_alone_binds_for_who_was_asked(world: World) -> None:
    number = asked_by_mail(world)
    assert receive(world, mail(None, "4", reply_to="<T-1@x>")) == ("rated",)
    assert counting_value(world, number) == 4


def test_the_same_mail_twice_is_one_answer(world: World) -> None:
    number = asked_by_mail(world)
    assert receive(world, mail(number, "5, спасибо")) == ("rated",)
    assert receive(world, mail(number, "5, спасибо")) == ("duplicate",)
    assert (len(world.rows(votes)), words(world, number)) == (1, "спасибо")


# --- unclear, and not ours -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["4 или 5", "не 5"])
def test_a_reply_that_needs_guessing_is_kept_and_asked_about(world: World, text: str) -> None:
    number = asked_by_mail(world)
    assert receive(world, mail(number, text)) == ("commented",)
    assert world.rows(votes) == []
    assert notices(world) == ["unclear"]
    assert receive(world, mail(number, "4", event_id="2")) == ("rated",)
    assert words(world, number) == text


def test_a_program_that_answers_our_question_is_asked_once_a_day(world: World, clock: Clock) -> None:
    number = asked_by_mail(world)
    for n in range(5):
        receive(world, mail(number, "4 или 5", event_id=str(n)))
        clock.forward(MINUTE)
    assert notices(world) == ["unclear"]
    clock.forward(DAY)
    receive(world, mail(number, "4 или 5?", event_id="9"))
    assert notices(world) == ["unclear"]


def test_after_the_answer_nothing_is_asked_about(world: World) -> None:
    number = asked_by_mail(world)
    receive(world, mail(number, "5"))
    receive(world, mail(number, "4 или 5", event_id="2"))
    assert notices(world) == []


def test_in_a_messenger_what_is_unclear_is_asked_about_once_it_is_no_comment(world: World, clock: Clock) -> None:
    number = world.asked()
    assert world.write("4 или 5") == "held"
    assert notices(world, ACCOUNT) == []
    clock.forward(31 * SECOND)
    assert notices(world, ACCOUNT) == ["unclear"]
    assert world.write("4") == "rated"
    assert counting_value(world, number) == 4


@pytest.mark.parametrize(
    "question",
    [
        "Здравствуйте! Когда приедет мастер?",
        "У меня 5 принтеров не печатают",
        "заказ 3 не пришёл",
        "можно перезвонить в 4?",
        "Good morning, I have 2 more questions",
    ],
)
def test_a_new_question_while_a_prompt_is_open_is_never_swallowed(world: World, clock: Clock, question: str) -> None:
    """It is no vote and no comment; whoever wrote it is told where to write, and the prompt stays open."""
    number = world.asked()
    assert world.write(question) == "held"
    assert world.rows(votes) == []
    clock.forward(31 * SECOND)
    assert notices(world, ACCOUNT)[0] in {"not_ours", "unclear"}
    assert world.rows(held_texts) == world.rows(comments) == []
    assert state(world, number) == "asked"
    assert world.tap(number, 5) == "rated"
    assert words(world, number) is None


def test_a_number_in_an_awaited_comment_is_no_vote(world: World) -> None:
    number = world.asked()
    world.tap(number, 2)
    assert world.write("5 раз звонил") == "commented"
    assert (counting_value(world, number), words(world, number)) == (2, "5 раз звонил")


# --- what an app tells of itself ------------------------------------------------------------------------------------


def test_what_an_app_tells_of_itself_is_known_at_the_next_prompt(world: World, clock: Clock) -> None:
    number = world.asked()
    message = Wrote(
        event_id="x", sender=ANN, message_id="m", text="hello", reply_to=None, edited=False, client="buttons=no"
    )
    receive(world, message, account=ACCOUNT)
    receive(world, Tapped(event_id="y", sender=ANN, invitation_id=number, value=5, tap="t"), account=ACCOUNT)
    world.work()
    clock.forward(HOUR)
    world.close("T-2")
    (job,) = [job for job in world.claim() if job.kind == "prompt"]
    assert job.client == "buttons=no"


def test_a_client_that_says_nothing_keeps_what_was_known_and_a_long_one_is_cut(world: World) -> None:
    number = asked_by_mail(world)
    receive(world, mail(number, "hm", client="x" * 500))
    receive(world, mail(number, "hm again", event_id="2"))
    (row,) = world.rows(addresses, account=MAIL)
    assert row["client"] == "x" * 100


def test_who_writes_can_be_written_to(world: World) -> None:
    number = asked_by_mail(world)
    gone = Delivered(
        event_id="b", sender="", external_id="", delivery=Delivery.BOUNCED, gone=True, invitation_id=number
    )
    receive(world, gone)
    (row,) = world.rows(addresses, account=MAIL)
    assert row["unreachable_at"] is not None
    receive(world, mail(number, "4"))
    (row,) = world.rows(addresses, account=MAIL)
    assert (row["unreachable_at"], row["bounces"]) == (None, 0)


def test_what_an_app_tells_of_itself_is_remembered_whatever_it_sends(world: World) -> None:
    number = world.asked()
    start = Allowed(event_id="e-start", sender=ANN, asked=True, client="text")
    world.receive(start)
    (known,) = world.rows(addresses, address=ANN)
    assert known["client"] == "text"
    world.receive(world.tapped(number, 5, client="callback"))
    (known,) = world.rows(addresses, address=ANN)
    assert known["client"] == "callback"


def test_a_tap_that_is_a_message_lifts_a_block(world: World) -> None:
    number = world.asked()
    world.receive(Refused(event_id="e-block", sender=ANN, asked=False))
    (known,) = world.rows(addresses, address=ANN)
    assert known["unreachable_at"] is not None
    world.receive(world.tapped(number, 5, client="10"))
    (known,) = world.rows(addresses, address=ANN)
    assert known["unreachable_at"] is None
