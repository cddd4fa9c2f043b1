import pytest

from podion.storage import audit, usage
from podion.storage.database import Connection, Database
from podion.tenancy.usage import Meter, record


def test_usage_is_the_tenants_alone(connection: Connection) -> None:
    row = record(connection, "ten_ours", Meter.PREDICTIONS, 2, "pred_1")
    record(connection, "ten_theirs", Meter.PREDICTIONS, 5)
    assert usage.page(connection, "ten_ours") == [row]
    assert usage.totals(connection, "ten_ours") == {"predictions": 2.0}


def test_usage_comes_and_goes_with_its_effect(database: Database) -> None:
    def effect(connection: Connection) -> None:
        audit.add(connection, "ten_ours", "key", "upload", "ds_1")
        record(connection, "ten_ours", Meter.ROWS_UPLOADED, 10, "ds_1")

    with pytest.raises(KeyError), database.writing() as connection:
        effect(connection)
        raise KeyError
    with database.reading() as connection:
        assert usage.totals(connection, "ten_ours") == {}
    with database.writing() as connection:
        effect(connection)
    with database.reading() as connection:
        assert usage.totals(connection, "ten_ours") == {"rows_uploaded": 10.0}


@pytest.mark.parametrize("quantity", [-1, float("nan"), float("inf")])
def test_less_than_nothing_is_no_quantity(connection: Connection, quantity: float) -> None:
    with pytest.raises(ValueError, match="cannot grow"):
        record(connection, "ten_ours", Meter.FEEDBACK, quantity)
