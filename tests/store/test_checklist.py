"""The first steps: each is done once what it is about has happened, and a sample's rows are no steps."""

from dataclasses import replace

from ratings.reports import checklist
from ratings.reports.checklist import Checklist, PutChecklistAway, Step, load_checklist
from ratings.sample.plan import Plan
from ratings.store.engine import writer_engine
from ratings.store.people_tables import audit
from ratings.store.sample import fill
from ratings.store.store import Store
from ratings.store.surveys import SaveSurvey, load_surveys
from ratings.store.trials import QueueTest
from tests.conftest import START
from tests.store.world import ACCOUNT, World


def look(store: Store, *accounts: str) -> Checklist:
    return store.read_now(load_checklist, accounts)


def done(store: Store, *accounts: str) -> set[Step]:
    return {step for step, is_done in look(store, *accounts).steps if is_done}


def test_each_step_is_done_by_what_it_is_about(world: World) -> None:
    store = world.store
    assert done(store) == {Step.SURVEY}  # the first migration made one, and it is on
    assert done(store, ACCOUNT) == {Step.SURVEY, Step.CHANNEL}
    survey = store.read_now(load_surveys)[0]
    store.writer.do_now(SaveSurvey(replace(survey, enabled=False), None, "test"))
    assert done(store, ACCOUNT) == {Step.CHANNEL}
    store.writer.do_now(SaveSurvey(survey, None, "test"))
    asked = world.close()
    assert done(store, ACCOUNT) == {Step.CHANNEL, Step.SURVEY, Step.DESK}
    store.writer.do_now(QueueTest(ACCOUNT, "555", "{}"))
    assert Step.TEST not in done(store, ACCOUNT)  # it waits to be sent
    world.work()
    assert Step.TEST in done(store, ACCOUNT)
    assert look(store, ACCOUNT).shown
    world.receive(world.tapped(asked.invitation_id, 5))
    assert done(store, ACCOUNT) == set(Step)
    assert not look(store, ACCOUNT).shown


def test_a_sample_is_no_step(store: Store) -> None:
    fill(store.writer, Plan(200, 1, START), by="cli")
    assert done(store, ACCOUNT) == {Step.CHANNEL, Step.SURVEY}


def test_somebody_puts_it_away_and_takes_it_out_again_and_both_are_noted(world: World) -> None:
    store = world.store
    for away in (True, True, False):
        store.writer.do_now(PutChecklistAway("user:ann", away))
        assert look(store).dismissed is away
        assert look(store).shown is not away
    noted = [(row["by"], row["object"], row["before"], row["after"]) for row in world.rows(audit)]
    shown, hidden = '{"dismissed":false}', '{"dismissed":true}'
    assert noted == [("user:ann", "checklist", shown, hidden), ("user:ann", "checklist", hidden, shown)]


def test_it_reads_no_table_as_a_whole(sqlite_url: str) -> None:
    engine = writer_engine(sqlite_url)
    with engine.connect() as connection:
        for statement in (*checklist._REAL_CLOSINGS, *checklist._REAL_RATINGS, checklist._TESTS):
            text = statement.compile(engine, compile_kwargs={"literal_binds": True})
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
            assert not [step for step in plan if step.startswith("SCAN") and step != "SCAN CONSTANT ROW"], plan
    engine.dispose()
