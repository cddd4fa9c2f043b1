"""The kit, run on a plugin with a head of its own; the plugins of this repository run it in their own tests."""

from collections.abc import Iterable
from importlib.metadata import EntryPoint

from podion.catalogue.plugin_record import GROUP
from podion.testing import VerticalContract


class TestOwnHead(VerticalContract):
    plugin = "own_head"

    @classmethod
    def entry_points(cls) -> Iterable[EntryPoint]:
        return [EntryPoint("own_head", "podion_own_head.plugin", GROUP)]
