from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, Table, create_engine, insert, select
from sqlalchemy.exc import StatementError

from podion.storage.columns import UtcTime, Words

metadata = MetaData()
things = Table("things", metadata, Column("at", UtcTime), Column("words", Words))
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
times = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=zones)


@given(st.lists(times, min_size=1, max_size=5))
def test_times_come_back_equal_in_utc_and_in_order(sent: list[datetime]) -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        metadata.create_all(connection)
        connection.execute(insert(things), [{"at": at, "words": ()} for at in sent])
        found = list(connection.execute(select(things.c.at).order_by(things.c.at)).scalars())
    engine.dispose()
    assert found == sorted(sent)
    assert all(at.tzinfo is UTC for at in found)


def test_a_time_without_zone_is_refused() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection, pytest.raises(StatementError, match="has no time zone"):
        metadata.create_all(connection)
        connection.execute(insert(things).values(at=datetime(2026, 1, 1), words=()))
    engine.dispose()


def test_words_come_back_as_a_tuple() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        metadata.create_all(connection)
        connection.execute(insert(things).values(at=None, words=("b", "a")))
        assert connection.execute(select(things)).one() == (None, ("b", "a"))
    engine.dispose()
