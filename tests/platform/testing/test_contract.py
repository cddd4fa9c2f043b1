"""The kit, run on a plugin with a head of its own; the plugins of this repository run it in their own tests."""

from collections.abc import Iterable
from importlib.metadata import EntryPoint

import pytest

from podion.catalogue.plugin_record import GROUP
from podion.testing import VerticalContract

NOT_INSTALLED = pytest.mark.xfail(reason="a fixture of the tests, on the path without a distribution", strict=True)


class TestOwnHead(VerticalContract):
    plugin = "own_head"

    @classmethod
    def entry_points(cls) -> Iterable[EntryPoint]:
        return [EntryPoint("own_head", "podion_own_head.plugin", GROUP)]

    @NOT_INSTALLED
    def test_distribution_is_described(self) -> None:
        super().test_distribution_is_described()

    @NOT_INSTALLED
    def test_distribution_requires_podion(self) -> None:
        super().test_distribution_requires_podion()
