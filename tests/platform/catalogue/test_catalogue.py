"""Names that are not there are answered with the names that are."""

from typing import Any

import pytest

from podion.errors import NotFound


def test_vertical_and_task_by_name(shelf: Any) -> None:
    shelf.add("fine")
    catalogue = shelf.load()
    vertical, task = catalogue.task("fine/judge")
    assert (vertical, task.name) == (catalogue.vertical("fine"), "judge")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("fien/judge", r"no vertical 'fien'\. Did you mean 'fine'\? There are: fine, other\."),
        ("finance/judge", r"no vertical 'finance'"),
        ("fine/juge", r"'fine' has no task 'juge'\. Did you mean 'judge'\? It has: judge\."),
        ("fine/", r"has no task ''"),
        ("judge", r"write vertical/task\..* There are: fine/judge, other/judge\."),
        ("bad/judge", r"'bad' is installed and quarantined.*podion plugins list"),
        ("", r"names no task"),
    ],
)
def test_unknown_names_say_what_there_is(shelf: Any, name: str, told: str) -> None:
    for plugin in ("fine", "other"):
        shelf.add(plugin)
    shelf.add("bad", "1 / 0")
    with pytest.raises(NotFound, match=told):
        shelf.load().task(name)


def test_an_empty_catalogue_says_so(shelf: Any) -> None:
    with pytest.raises(NotFound, match="There are: none"):
        shelf.load().vertical("fine")
