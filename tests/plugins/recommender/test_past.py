"""A user's past as the head reads it: nothing of what came later, the latest two hundred, and on from a state."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from podion_recommender.past import VisitHistory, with_step
from podion_recommender.schema import LONGEST_PAST, Step, Visit


def visit(user: str, item: str | None, at: float, **more: object) -> Visit:
    return Visit.model_validate({"user_id": user, "item_id": item, "timestamp": at, **more})


def items(record: Visit) -> list[str]:
    return [step.item_id for step in record.past or ()]


def test_a_visit_sees_what_came_before_it_whatever_the_order_of_the_rows() -> None:
    rows = [visit("ada", "c", 3), visit("bo", "x", 1), visit("ada", "a", 1), visit("ada", "b", 2)]
    filled = VisitHistory().follow(rows)
    assert [items(record) for record in filled] == [["a", "b"], [], [], ["a"]]
    assert [record.item_id for record in filled] == ["c", "x", "a", "b"]


def test_of_one_moment_what_stands_first_came_first() -> None:
    filled = VisitHistory().follow([visit("ada", item, 5) for item in "abc"])
    assert [items(record) for record in filled] == [[], ["a"], ["a", "b"]]


def test_a_past_that_came_with_a_visit_stays_and_its_item_counts_for_the_next() -> None:
    given_past = (Step(item_id="z", at=0),)
    filled = VisitHistory().follow([visit("ada", "a", 1, past=given_past), visit("ada", "b", 2)])
    assert [items(record) for record in filled] == [["z"], ["a"]]


def test_what_lies_further_back_than_the_past_has_room_for_is_excluded_at_the_end() -> None:
    many = LONGEST_PAST + 30
    filled = VisitHistory().follow([visit("ada", f"i{at}", at) for at in range(many + 1)])
    assert items(filled[-1]) == [f"i{at}" for at in range(30, many)]
    assert set(filled[-1].exclude) == {f"i{at}" for at in range(30)}
    assert filled[-2].exclude == (), "only the last visit of a user is asked about everything"


def test_times_are_seconds_however_they_were_written() -> None:
    moment = datetime(2024, 5, 1, 12, tzinfo=UTC)
    seconds = moment.timestamp()
    for written in (moment, moment.isoformat(), "2024-05-01T12:00:00Z", seconds, str(seconds)):
        assert Visit.model_validate({"user_id": 7, "timestamp": written}).timestamp == seconds
    assert Visit.model_validate({"user_id": 7, "timestamp": "12"}).timestamp == 12.0
    assert Visit.model_validate({"user_id": 7, "timestamp": 1}).user_id == "7"


@given(
    st.lists(st.tuples(st.sampled_from(["ada", "bo", "玉\0兰"]), st.integers(0, 9)), max_size=40), st.integers(0, 40)
)
def test_going_on_from_a_state_is_as_never_having_stopped(rows: list[tuple[str, int]], cut: int) -> None:
    visits = [visit(user, f"i{place}", at) for place, (user, at) in enumerate(rows)]
    visits.sort(key=lambda record: record.timestamp)
    cut = min(cut, len(visits))
    whole = VisitHistory().follow(visits)
    first = VisitHistory()
    parts = first.follow(visits[:cut])
    parts += VisitHistory(first.state()).follow(visits[cut:])
    assert [items(record) for record in parts] == [items(record) for record in whole]


@given(st.lists(st.integers(0, 20), max_size=30))
def test_a_server_keeps_the_past_that_the_history_would_fill_in(times: list[int]) -> None:
    past: tuple[Step, ...] = ()
    for place, at in enumerate(times):
        past = with_step(past, Step(item_id=f"i{place}", at=at))
    history = VisitHistory()
    history.follow([visit("ada", f"i{place}", at) for place, at in enumerate(times)])
    (asked,) = history.follow([visit("ada", None, 21)])
    assert asked.past == past
    full = tuple(Step(item_id=f"i{at}", at=at) for at in range(LONGEST_PAST))
    assert len(with_step(full, Step(item_id="new", at=LONGEST_PAST))) == LONGEST_PAST
