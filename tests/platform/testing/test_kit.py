"""The kit's checks that need no head, on plugins that break them."""

import json
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from podion import Caller, LabelHead, Prediction, Task, Vertical, requires
from podion.catalogue.plugin_record import GROUP
from podion.testing import VerticalContract, declarations, overrides, records, routes


class Remark(BaseModel):
    text: str
    label: str | None = None


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")

    text: str
    label: str | None = None


def _vertical(**more: object) -> Vertical:
    values = {"name": "kit", "title": {"en": "Kit", "zh": "套件"}, "tasks": (_task(),)} | more
    return Vertical(**values)  # type: ignore[arg-type]


def _task(record: type[BaseModel] = Remark) -> Task:
    return Task(name="judge", record=record, head=LabelHead())


async def explained(caller: Caller) -> Prediction:
    """Say something."""
    raise AssertionError


async def bare(caller: Caller):  # type: ignore[no-untyped-def]
    raise AssertionError


def _with_route(endpoint: object, *scopes: str) -> Vertical:
    router = APIRouter(dependencies=[requires(scope) for scope in scopes])  # type: ignore[arg-type]
    router.post("/judge")(endpoint)  # type: ignore[type-var]
    return _vertical(router=router)


def test_a_plugin_that_is_not_there_is_missed() -> None:
    with pytest.raises(AssertionError, match="no plugin 'ghost' is installed"):
        declarations.check_ready("ghost", ())


def test_a_quarantined_plugin_fails_with_its_cause() -> None:
    class Broken(VerticalContract):
        plugin = "ghost"

        @classmethod
        def entry_points(cls) -> Iterable[EntryPoint]:
            return [EntryPoint("ghost", "podion_ghost.plugin", GROUP)]

    with pytest.raises(AssertionError, match=r"\[imported\].*ModuleNotFoundError.*What to do"):
        Broken().test_plugin_is_ready()


def test_a_version_without_an_end_is_refused() -> None:
    declarations.check_version(_vertical())
    with pytest.raises(AssertionError, match=r"claims to fit API 2\.0"):
        declarations.check_version(_vertical(requires_api=">=1.0"))
    with pytest.raises(AssertionError, match=r"this platform speaks 1\.0"):
        declarations.check_version(_vertical(requires_api="<1"))


def test_titles_need_words_of_their_language() -> None:
    declarations.check_titles(_vertical())
    with pytest.raises(AssertionError, match="no Chinese character"):
        declarations.check_titles(_vertical(title={"en": "Kit", "zh": "Kit"}))
    with pytest.raises(AssertionError, match="no word"):
        declarations.check_titles(_vertical(title={"en": "套件", "zh": "套件"}))


def test_routes_need_a_scope_a_model_and_words() -> None:
    routes.check_guarded(_with_route(explained, "predict"))
    routes.check_explained(_with_route(explained, "predict"))
    with pytest.raises(AssertionError, match="POST /judge has no scope"):
        routes.check_guarded(_with_route(explained))
    with pytest.raises(AssertionError, match="POST /judge has no response model"):
        routes.check_guarded(_with_route(bare, "predict"))
    with pytest.raises(AssertionError, match="POST /judge has no docstring"):
        routes.check_explained(_with_route(bare, "predict"))


def test_an_open_record_is_refused() -> None:
    records.check_unknown_field(_task(), ())
    with pytest.raises(AssertionError, match="accepts the field 'a_field_nobody_has'"):
        records.check_unknown_field(_task(Open), ())


def test_an_example_that_is_no_record_is_named() -> None:
    records.check_examples(_task(), [{"text": "fine"}])
    with pytest.raises(AssertionError, match="txt"):
        records.check_examples(_task(), [{"txt": "fine"}])


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([{"text": "fine"}], None),
        ([{"text": "fine"}, {"text": "fine", "stars": 5}], "line 2 .*stars"),
        ([{"label": "praise"}], "line 1 .*text"),
        ([], "is empty"),
    ],
)
def test_sample_rows_are_records(
    lines: list[dict[str, object]], told: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "podion_kit_sample"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "sample.jsonl").write_text("\n".join(map(json.dumps, lines)))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "podion_kit_sample", raising=False)
    entries = [EntryPoint("kit_sample", "podion_kit_sample.plugin", GROUP)]
    if told is None:
        records.check_sample(entries, _vertical(sample="sample.jsonl"))
        return
    with pytest.raises(AssertionError, match=told):
        records.check_sample(entries, _vertical(sample="sample.jsonl"))


def test_a_check_that_is_replaced_in_silence_is_named() -> None:
    class Silent(VerticalContract):
        plugin = "praise"

        def test_routes_are_guarded(self) -> None:
            """Nothing to see."""

    with pytest.raises(AssertionError, match=r"Silent replaces test_routes_are_guarded .*xfail"):
        Silent().test_no_check_is_overridden()


def test_a_silenced_override_check_is_still_an_override() -> None:
    class Sly(VerticalContract):
        plugin = "praise"

        @classmethod
        def vertical(cls) -> Vertical:
            return _vertical()

    with pytest.raises(AssertionError, match="Sly replaces vertical"):
        Sly().test_no_check_is_overridden()


def test_an_override_with_a_reason_is_allowed() -> None:
    class Frank(VerticalContract):
        plugin = "praise"
        examples = {"judge": [{"text": "fine"}]}  # noqa: RUF012  (as a plugin's author writes it)

        @pytest.mark.xfail(reason="the route moves with the next version")
        def test_routes_are_guarded(self) -> None:
            super().test_routes_are_guarded()

        def test_of_our_own(self) -> None:
            """Whatever else the plugin wants."""

    class Curt(VerticalContract):
        plugin = "praise"

        @pytest.mark.xfail(reason="")
        def test_routes_are_guarded(self) -> None:
            super().test_routes_are_guarded()

    Frank().test_no_check_is_overridden()
    with pytest.raises(AssertionError, match="Curt replaces test_routes_are_guarded"):
        overrides.check_nothing_is_replaced(Curt, VerticalContract)


def test_the_guard_itself_cannot_be_replaced() -> None:
    with pytest.raises(TypeError, match="Bold replaces test_no_check_is_overridden"):

        class Bold(VerticalContract):
            plugin = "praise"

            @pytest.mark.xfail(reason="it is in the way")
            def test_no_check_is_overridden(self) -> None:
                """Nothing to see."""


SUITE = """
from podion.testing import VerticalContract

class TestGhost(VerticalContract):
    plugin = "ghost"

class TestPraise(VerticalContract):
    plugin = "praise"
    def test_head_learns(self): pass
"""


def test_a_run_of_pytest_shows_what_is_broken(tmp_path: Path) -> None:
    (tmp_path / "test_plugin.py").write_text(SUITE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "ready or overridden"]
    done = subprocess.run(
        [*command, str(tmp_path)], capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False
    )
    assert done.returncode == 1, done.stdout
    assert "no plugin 'ghost' is installed" in done.stdout
    assert "TestPraise replaces test_head_learns of VerticalContract" in done.stdout
