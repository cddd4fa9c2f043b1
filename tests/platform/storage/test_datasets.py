from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine

from podion.storage import datasets, tenants
from podion.storage.database import Connection
from podion.storage.datasets import DatasetRow, RefusalRow
from podion.storage.ids import new_id
from podion.storage.tables import metadata


def dataset(tenant: str, task: str = "praise/judge", name: str | None = None) -> DatasetRow:
    return DatasetRow(
        tenant=tenant,
        id=name or new_id("ds"),
        task=task,
        digest="d",
        rows=3,
        labels={"praise": 2, "投诉": 1},
        report={"duplicates": 0},
    )


def test_a_dataset_is_its_tenants_alone(connection: Connection) -> None:
    row, same_id = dataset("ten_ours"), dataset("ten_theirs", name="ds_same")
    datasets.insert(connection, row)
    datasets.insert(connection, same_id)
    datasets.insert(connection, dataset("ten_ours", task="other/task", name="ds_same"))
    assert datasets.get(connection, "ten_ours", row.id) == row
    assert datasets.get(connection, "ten_theirs", row.id) is None
    assert datasets.get(connection, "ten_theirs", "ds_same") == same_id
    assert datasets.page(connection, "ten_theirs") == [same_id]
    assert datasets.latest(connection, "ten_theirs", "other/task") is None


def test_pages_take_a_task_or_a_vertical_newest_first(connection: Connection) -> None:
    rows = [dataset("ten_ours", task) for task in ("praise/judge", "praise/other", "praise2/judge")]
    for row in rows:
        datasets.insert(connection, row)
    assert datasets.page(connection, "ten_ours") == rows[::-1]
    assert datasets.page(connection, "ten_ours", "praise/") == [rows[1], rows[0]]
    assert datasets.page(connection, "ten_ours", "praise/", after=rows[1].id) == [rows[0]]
    assert datasets.page(connection, "ten_theirs", after=rows[1].id) == []


def test_the_latest_is_of_exactly_the_task(connection: Connection) -> None:
    rows = [dataset("ten_ours", task) for task in ("praise/judge", "praise/judge", "praise/judge2")]
    for row in rows:
        datasets.insert(connection, row)
    assert datasets.latest(connection, "ten_ours", "praise/judge") == rows[1]
    assert datasets.latest(connection, "ten_ours", "praise/jud") is None


def test_refusals_are_the_tenants_alone_and_add_up(connection: Connection) -> None:
    for tenant in ("ten_ours", "ten_theirs"):
        datasets.insert(connection, dataset(tenant, name="ds_1"))
    rows = [RefusalRow(line=n, field="text" if n % 2 else None, reason=f"reason {n}") for n in range(1, 5)]
    datasets.insert_refusals(connection, "ten_ours", "ds_1", rows[:2])
    datasets.insert_refusals(connection, "ten_ours", "ds_1", [])
    datasets.insert_refusals(connection, "ten_ours", "ds_1", rows[2:])
    assert datasets.page_refusals(connection, "ten_ours", "ds_1") == rows
    assert datasets.page_refusals(connection, "ten_ours", "ds_1", after_line=3) == rows[3:]
    assert datasets.page_refusals(connection, "ten_theirs", "ds_1") == []


@given(lines=st.lists(st.integers(1, 6), max_size=15), limit=st.integers(1, 5))
def test_paging_refusals_loses_none_and_parts_no_line(lines: list[int], limit: int) -> None:
    engine = create_engine("sqlite://")
    rows = [RefusalRow(line=line, field=None, reason=str(number)) for number, line in enumerate(sorted(lines))]
    found: list[RefusalRow] = []
    with engine.begin() as connection:
        metadata.create_all(connection)
        tenants.insert(connection, tenants.TenantRow(id="ten_ours", name="ours"))
        datasets.insert(connection, dataset("ten_ours", name="ds_1"))
        datasets.insert_refusals(connection, "ten_ours", "ds_1", rows)
        while page := datasets.page_refusals(connection, "ten_ours", "ds_1", found[-1].line if found else 0, limit):
            assert len(page) <= limit or len({row.line for row in page}) == 1
            found += page
    engine.dispose()
    assert found == rows
