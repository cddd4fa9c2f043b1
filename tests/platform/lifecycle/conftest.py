"""A database and files with two tenants in them, and the customer-service vertical."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from podion.catalogue.catalogue import Catalogue, load_plugins
from podion.hosting.adapter_files import AdapterParts, Calibration, HeadFile, write_adapter
from podion.settings import Settings
from podion.storage import adapters
from podion.storage.adapters import AdapterRow
from podion.storage.database import Database
from podion.storage.files import Files
from podion.tenancy.tenants import create
from podion.vertical import Vertical

TASK = "customer_service/intent"


@pytest.fixture
def settings(tmp_path: Path, kind: str, make_url: Callable[..., str]) -> Settings:
    return Settings(home=tmp_path, base="minilm-l6", database_url=make_url() if kind == "postgresql" else "")


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    database = Database(settings.database)
    database.migrate()
    yield database
    database.close()


@pytest.fixture
def files(settings: Settings) -> Files:
    return Files(settings.files)


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_plugins()


@pytest.fixture(scope="session")
def vertical(catalogue: Catalogue) -> Vertical:
    return catalogue.vertical("customer_service")


@pytest.fixture
def tenants(database: Database) -> tuple[str, str]:
    with database.writing() as c:
        return create(c, "ada")[0].id, create(c, "bob")[0].id


@pytest.fixture
def add_adapter(database: Database, files: Files) -> Callable[..., str]:
    """A function that gives a tenant an adapter with real files and returns its id."""

    def add(tenant: str, *, task: str = TASK, scale: float = 1.0) -> str:
        card: dict[str, Any] = {"task": task, "method": "head", "base": "minilm-l6", "fingerprint": "f", "seed": 0}
        parts = AdapterParts(
            card=card,
            head=HeadFile(implementation="a:B", record="a:R", hidden_size=2, labels=("x", "y")),
            head_tensors={"linear.weight": np.full((2, 2), scale, np.float32)},
            calibration=Calibration(),
        )
        with files.staging() as staging:
            digest = write_adapter(staging / "adapter", parts)
            files.publish(staging / "adapter", files.adapter(tenant, digest))
        row = AdapterRow(
            tenant=tenant, id=digest, task=task, run=None, method="head", base="minilm-l6", fingerprint="f"
        )
        with database.writing() as c:
            adapters.insert(c, row)
        return digest

    return add
