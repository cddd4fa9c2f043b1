"""Plugins are tried in a child first: what ends or stops the process there is never loaded here."""

import sys
from typing import Any

import pytest

from podion.catalogue.probe import probe_in_child

ENDS = "import os\nos._exit(9)\n"
CRASHES = "import ctypes\nctypes.string_at(0)\n"
HANGS = "import threading\nthreading.Event().wait()\n"
LOOPS = "while True:\n    pass\n"
HOLDS = "import re\nre.match('(a+)+$', 'a' * 60 + 'b')\n"
PRINTS = "import sys\nsys.stdout.write('hello\\n')\n"


def test_sound_plugins_are_none_of_its_business(shelf: Any, good_plugin: Any) -> None:
    shelf.add("fine", PRINTS + good_plugin("fine"))
    shelf.add("raises", "1 / 0")
    assert probe_in_child(shelf.entry_points(), 20) == {}
    assert "podion_fine" not in sys.modules


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        (ENDS, "ended the process with status 9: it said nothing"),
        (CRASHES, "ended the process with status -11"),
        (HANGS, "hangs: it took longer than 1 seconds"),
        (LOOPS, "hangs: it took longer than 1 seconds"),
        (HOLDS, "stopped the whole process, and it did not go on"),
    ],
    ids=["ends", "crashes", "hangs", "loops", "holds"],
)
def test_the_culprit_is_told_and_those_behind_it_load(shelf: Any, source: str, cause: str) -> None:
    shelf.add("alpha")
    shelf.add("bad", source)
    shelf.add("omega")
    catalogue = shelf.load(probe=probe_in_child, seconds=1)
    assert list(catalogue.verticals) == ["alpha", "omega"]
    record = catalogue.plugins[1]
    assert (record.name, record.state, record.phase) == ("bad", "quarantined", "imported")
    assert cause in str(record.error), record.error
    assert record.hint
    assert "podion_bad" not in sys.modules


def test_two_culprits_cost_one_child_each(shelf: Any) -> None:
    shelf.add("bad", ENDS)
    shelf.add("fine")
    shelf.add("worse", ENDS)
    refused = probe_in_child(shelf.entry_points(), 20)
    assert {record.name for record in refused.values()} == {"bad", "worse"}
