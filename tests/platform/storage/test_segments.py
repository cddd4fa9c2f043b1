from pathlib import Path

import sqlalchemy as sa

from podion.storage.database import Database
from podion.storage.segments import CollectionRow, vectors_of


def test_vectors_are_looked_up_by_document_and_not_walked_to(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'podion.sqlite'}")
    database.migrate()
    said: list[str] = []
    with database.reading() as c:
        connection = c.connection.driver_connection
        assert connection is not None
        connection.set_trace_callback(said.append)
        assert vectors_of(c, CollectionRow(tenant="t", vertical="v", name="n", recipe=""), "base", ["a", "b"]) == {}
        connection.set_trace_callback(None)
        (query,) = (each for each in said if each.startswith("SELECT segments.document"))
        plan = c.execute(sa.text(f"EXPLAIN QUERY PLAN {query}")).all()
    database.close()
    assert "document=?" in str(plan), plan
