"""The fixture plugins are on the path while these tests run; no distribution is installed for them."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

# The kit makes its tests at collection, before any fixture runs.
FIXTURES = Path(__file__).parents[2] / "fixtures"
sys.path += [str(FIXTURES / "own_head" / "src"), str(FIXTURES / "broken_heads" / "src")]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
