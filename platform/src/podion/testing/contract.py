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
from podion.catalogue.plugin_hooks import declared, implementations
from podion.catalogue.plugin_record import GROUP
from podion.testing import birth, declarations, distribution, hostile, measures, overrides, records, routes, visitors
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
            cases = list(_spaces(tasks, cls.examples))
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

    def test_declaration_is_the_same_each_time(self) -> None:
        """The plugin declares the same whenever it is asked."""
        manager = self.load().managers[self.plugin]
        declarations.check_same_each_time(lambda: declared(manager))

    def test_hooks_are_plain_functions(self) -> None:
        """No hook is a coroutine or a generator, which nobody would wait for."""
        declarations.check_hooks_are_plain(implementations(self.load().managers[self.plugin]))

    def test_config_defaults_are_valid(self) -> None:
        """What a tenant gets without settings is what it could have set, and each setting is explained."""
        declarations.check_config(self.vertical())

    def test_distribution_is_described(self) -> None:
        """The distribution has a version, a summary, a Python version and a license."""
        distribution.check_described(tuple(type(self).entry_points()))

    def test_distribution_requires_podion(self) -> None:
        """The distribution requires podion, and no version that nobody has seen."""
        distribution.check_needs_podion(tuple(type(self).entry_points()))

    def test_import_brings_no_torch(self) -> None:
        """The API process, which imports the plugin, stays without torch."""
        birth.check_no_tensors(birth.birth_of(self._module()))

    def test_import_is_quick(self) -> None:
        """Importing the plugin keeps nobody waiting."""
        birth.check_quick(birth.birth_of(self._module()))

    def test_no_other_plugin_is_imported(self) -> None:
        """The plugin works without every other plugin."""
        birth.check_alone(birth.birth_of(self._module()), self._module().partition(".")[0])

    def test_only_public_faces_are_imported(self) -> None:
        """Of the platform, the package imports `podion`, `podion.testing`, and in its heads `podion.nn`."""
        birth.check_faces(self._module().partition(".")[0])

    def test_titles_are_written(self) -> None:
        """There is a title in English and one in Chinese."""
        declarations.check_titles(self.vertical())

    def test_sample_rows_are_valid(self) -> None:
        """Every row of the sample file is a record of one of the tasks."""
        records.check_sample(type(self).entry_points(), self.vertical())

    def test_sample_is_enough_to_learn_from(self) -> None:
        """A run on the sample file can start."""
        records.check_sample_is_enough(type(self).entry_points(), self.vertical())

    def test_metric_is_measured(self, task: Task) -> None:
        """The primary metric is one that a run measures of such answers."""
        measures.check_metric(task, self._rows(task))

    def test_labels_fit_the_record(self, task: Task) -> None:
        """Every declared label is one that a record may carry."""
        records.check_labels_fit(task, self._rows(task))

    def test_zero_shot_has_words(self, task: Task) -> None:
        """Zero-shot reads other words for each label."""
        records.check_words(task)

    def test_records_survive_json(self, task: Task) -> None:
        """A record that is written and read again is the same."""
        records.check_round_trip(task, self._rows(task))

    def test_refusals_name_the_field(self, task: Task) -> None:
        """A row with a fault in one field is refused by that field's name."""
        records.check_refusals_name_fields(task, self._rows(task))

    def test_hostile_texts_do_no_harm(self, task: Task) -> None:
        """Texts that break programs are taken as they are, or refused."""
        hostile.check_hostile(task, self._rows(task))

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

    def test_gradient_reaches_every_parameter(self, task: Task, space: LabelSpace) -> None:
        """There is no parameter that the loss does not reach."""
        from podion.testing import batches

        batches.check_every_gradient(task, space, self._rows(task))

    def test_head_overfits_one_batch(self, task: Task, space: LabelSpace) -> None:
        """A head that sees one batch only learns it by heart."""
        from podion.testing import batches

        batches.check_overfits(task, space, self._rows(task))

    def test_answers_follow_their_rows(self, task: Task, space: LabelSpace) -> None:
        """Rows in another order get the same answers in that order."""
        from podion.testing import batches

        batches.check_order(task, space, self._rows(task))

    def test_answers_do_not_depend_on_neighbours(self, task: Task, space: LabelSpace) -> None:
        """A row is answered alone as it is in a batch with strangers."""
        from podion.testing import batches

        batches.check_alone(task, space, self._rows(task))

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

    def test_routes_make_an_openapi_document(self) -> None:
        """The routes can be described, each under a name of its own."""
        visitors.check_openapi(self.vertical())

    def test_routes_ask_for_a_key(self) -> None:
        """A request without a key gets 401 from every route."""
        visitors.check_keys_are_asked_for(self.vertical())

    def test_routes_answer_what_their_schema_allows(self) -> None:
        """A made-up request that a route's own schema allows is answered, or refused with a podion error."""
        visitors.check_answers(self.vertical())

    def test_tenants_share_nothing(self) -> None:
        """What one tenant sends to a route shows in no other's answer, and stays in no module."""
        visitors.check_tenants_apart(self.vertical())

    def _module(self) -> str:
        return next(entry.module for entry in type(self).entry_points())

    def _rows(self, task: Task) -> Sequence[Mapping[str, Any]]:
        return self.examples.get(task.name, ())


def _spaces(
    tasks: Iterable[Task], examples: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Iterator[tuple[Task, LabelSpace]]:
    for task in tasks:
        for space in label_spaces(task, examples.get(task.name, ())):
            yield task, space
