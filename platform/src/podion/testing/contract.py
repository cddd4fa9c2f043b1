"""The tests that every plugin passes.

```python
from podion.testing import VerticalContract

class TestPraise(VerticalContract):
    plugin = "praise"
```
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import EntryPoint
from importlib.metadata import entry_points as installed
from typing import Any, ClassVar

from podion.catalogue.catalogue import Catalogue, load_plugins
from podion.catalogue.plugin_record import GROUP
from podion.testing import declarations, overrides, records, routes
from podion.testing.specimens import label_spaces
from podion.vertical import LabelSpace, Task, Vertical


class VerticalContract:
    """Inherit, set `plugin` to the name of your entry point, and pytest runs every check on your vertical.

    A task whose record cannot be made up from its schema needs one or more rows in `examples`, under its name. A check
    that does not hold yet is declared with `@pytest.mark.xfail(reason="…")` on a method of its name; one that is
    overridden without it fails `test_no_check_is_overridden`. Checks of heads import torch, the others do not.
    """

    plugin: ClassVar[str]
    examples: ClassVar[Mapping[str, Sequence[Mapping[str, Any]]]] = {}

    def __init_subclass__(cls) -> None:
        if overrides.GUARD in vars(cls):
            raise TypeError(f"{cls.__name__} replaces {overrides.GUARD}, which looks after all the others: remove it")

    @classmethod
    def entry_points(cls) -> Iterable[EntryPoint]:
        """Return the entry points that the checks load; those installed under the name `plugin`, unless overridden."""
        return installed(group=GROUP, name=cls.plugin)

    @classmethod
    def load(cls) -> Catalogue:
        """Return the catalogue of this plugin alone."""
        return load_plugins(entry_points=cls.entry_points())

    @classmethod
    def vertical(cls) -> Vertical:
        """Return the vertical; raises `NotFound` when the plugin is not ready."""
        return cls.load().vertical(cls.plugin)

    @classmethod
    def pytest_generate_tests(cls, metafunc: Any) -> None:
        """Make one test a task, and one a task and size of label space, of the checks that ask for them."""
        tasks = [task for vertical in cls.load().verticals.values() for task in vertical.tasks]
        if "space" in metafunc.fixturenames:
            cases = list(_spaces(tasks))
            metafunc.parametrize(("task", "space"), cases, ids=[f"{task.name}-{len(space)}" for task, space in cases])
        elif "task" in metafunc.fixturenames:
            metafunc.parametrize("task", tasks, ids=[task.name for task in tasks])

    def test_no_check_is_overridden(self) -> None:
        """A check may be declared as failing, with a reason; it may not be replaced."""
        overrides.check_nothing_is_replaced(type(self), VerticalContract)

    def test_plugin_is_ready(self) -> None:
        """The plugin is installed once, loads, and is not quarantined."""
        declarations.check_ready(self.plugin, self.load().plugins)

    def test_api_version_is_bounded(self) -> None:
        """The plugin asks for the version that this platform speaks, and for none that nobody has seen."""
        declarations.check_version(self.vertical())

    def test_titles_are_written(self) -> None:
        """There is a title in English and one in Chinese."""
        declarations.check_titles(self.vertical())

    def test_sample_rows_are_valid(self) -> None:
        """Every row of the sample file is a record of one of the tasks."""
        records.check_sample(type(self).entry_points(), self.vertical())

    def test_examples_are_valid(self, task: Task) -> None:
        """A record of the task can be made, from `examples` or from its schema."""
        records.check_examples(task, self._rows(task))

    def test_schemas_are_stable(self, task: Task) -> None:
        """The JSON schemas of record and answer can be built, and are the same each time."""
        records.check_schemas(task)

    def test_unknown_field_is_refused(self, task: Task) -> None:
        """A row with a field that the record does not have is refused, and the field is named."""
        records.check_unknown_field(task, self._rows(task))

    def test_head_learns(self, task: Task, space: LabelSpace) -> None:
        """Logits, loss and gradients are finite, and something in the head learns."""
        from podion.testing import heads

        heads.check_gradients(task, space, self._rows(task))

    def test_head_ignores_unlabelled_records(self, task: Task, space: LabelSpace) -> None:
        """What the head says of a record without a label does not change the loss."""
        from podion.testing import heads

        heads.check_unlabelled(task, space, self._rows(task))

    def test_head_is_reproducible(self, task: Task, space: LabelSpace) -> None:
        """The same seed gives the same bits."""
        from podion.testing import heads

        heads.check_seed(task, space, self._rows(task))

    def test_head_survives_saving(self, task: Task, space: LabelSpace) -> None:
        """A head that was saved and loaded gives the same logits, bit for bit."""
        from podion.testing import heads

        heads.check_saved(task, space, self._rows(task))

    def test_head_decodes(self, task: Task, space: LabelSpace) -> None:
        """There is one valid answer a row, with a confidence between 0 and 1."""
        from podion.testing import heads

        heads.check_decoded(task, space, self._rows(task))

    def test_head_abstains(self, task: Task, space: LabelSpace) -> None:
        """Answers below the threshold abstain, others do not."""
        from podion.testing import heads

        heads.check_abstains(task, space, self._rows(task))

    def test_owners_never_mix(self, task: Task, space: LabelSpace) -> None:
        """Two heads that learn opposite labels from the same texts keep them apart."""
        from podion.testing import heads

        heads.check_owners_apart(task, space, self._rows(task))

    def test_routes_are_guarded(self) -> None:
        """Every route has a scope and a response model."""
        routes.check_guarded(self.vertical())

    def test_routes_are_explained(self) -> None:
        """Every route has a docstring, which becomes its description in the API's documents."""
        routes.check_explained(self.vertical())

    def _rows(self, task: Task) -> Sequence[Mapping[str, Any]]:
        return self.examples.get(task.name, ())


def _spaces(tasks: Iterable[Task]) -> Iterator[tuple[Task, LabelSpace]]:
    for task in tasks:
        for space in label_spaces(task):
            yield task, space
