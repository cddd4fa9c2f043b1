import math

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine

from podion.storage import tenants, usage
from podion.storage.database import Connection
from podion.storage.tables import metadata

entries = st.lists(
    st.tuples(st.sampled_from(["ten_ours", "ten_theirs"]), st.sampled_from("abc"), st.floats(0, 1e6)), max_size=12
)


@given(entries)
def test_totals_are_the_sums_of_ones_own(entries: list[tuple[str, str, float]]) -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        metadata.create_all(connection)
        for tenant in ("ten_ours", "ten_theirs"):
            tenants.insert(connection, tenants.TenantRow(id=tenant, name=tenant))
        for tenant, meter, quantity in entries:
            usage.add(connection, tenant, meter, quantity)
        for tenant in ("ten_ours", "ten_theirs"):
            totals = usage.totals(connection, tenant)
            mine = [(meter, quantity) for owner, meter, quantity in entries if owner == tenant]
            assert set(totals) == {meter for meter, _ in mine}
            for meter, total in totals.items():
                assert math.isclose(total, sum(q for m, q in mine if m == meter), abs_tol=1e-6)
    engine.dispose()


def test_totals_of_a_period_include_its_start_and_not_its_end(connection: Connection) -> None:
    rows = [usage.add(connection, "ten_ours", "predictions", number) for number in (1, 2, 4)]
    usage.add(connection, "ten_theirs", "predictions", 100)
    assert usage.totals(connection, "ten_ours", since=rows[1].at) == {"predictions": 6}
    assert usage.totals(connection, "ten_ours", until=rows[2].at) == {"predictions": 3}
    assert usage.totals(connection, "ten_ours", rows[1].at, rows[2].at) == {"predictions": 2}
    assert usage.totals(connection, "ten_nobody") == {}


def test_rows_are_ones_own_newest_first(connection: Connection) -> None:
    first = usage.add(connection, "ten_ours", "predictions", 1, "pred_1")
    second = usage.add(connection, "ten_ours", "feedback", 1, "fb_1")
    usage.add(connection, "ten_theirs", "feedback", 1)
    assert usage.page(connection, "ten_ours") == [second, first]
    assert usage.page(connection, "ten_ours", after=second.id) == [first]
