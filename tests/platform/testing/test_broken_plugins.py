"""Each check of the kit fails on a plugin with the one fault that it is there for, and passes on a sound one."""

import itertools
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from podion.catalogue.plugin_record import GROUP
from podion.testing import VerticalContract, overrides
from podion.testing.specimens import label_spaces
from podion.vertical import Task

CHECKS = {name: check for name, check in vars(VerticalContract).items() if name.startswith("test_")}

PLUGIN = '''
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from podion import Caller, LabelAnswer, LabelHead, Metric, Prediction, Task, Vertical, hookimpl, requires


class Remark(BaseModel):
    text: str = Field(min_length=1)
    stars: int = 3
    label: str | None = None


class Config(BaseModel):
    language: str = Field(default="en", description="the language of answers")


judge = Task(name="judge", record=Remark, head=LabelHead())
router = APIRouter(dependencies=[requires("predict")])


@router.post("/judge")
async def post_judge(remark: Remark, caller: Caller) -> Prediction[LabelAnswer]:
    """Judge a remark."""
    return await caller.predict(judge, [remark])


@hookimpl
def register_vertical() -> Vertical:
    return Vertical(
        name="NAME", title={"en": "A", "zh": "甲"}, tasks=(judge,), router=router, config=Config, sample="sample.jsonl"
    )
'''
SAMPLE = '{"text": "fine", "label": "praise"}\n{"text": "bad", "label": "complaint"}\n'
METADATA = """
Metadata-Version: 2.4
Name: podion-NAME
Version: 1.2
Summary: A plugin of the tests.
Requires-Python: >=3.11
License-Expression: Apache-2.0
Requires-Dist: podion<0.2,>=0.1
"""
HEAD = "LabelHead()"
ROUTE = "    return await caller.predict(judge, [remark])"


def _head(name: str) -> list[tuple[str, str]]:
    return [(HEAD, f'"podion_NAME.heads:{name}"')]


FAULTS: dict[str, tuple[list[tuple[str, str]], str]] = {
    "test_plugin_is_ready": ([("import APIRouter", "import APIRooter")], r"\[imported\].*APIRooter"),
    "test_api_version_is_bounded": ([('name="NAME",', 'name="NAME", requires_api=">=1.0",')], "claims to fit API 2.0"),
    "test_declaration_is_the_same_each_time": (
        [
            ("@hookimpl\ndef register", "turns = []\n\n\n@hookimpl\ndef register"),
            ('"A"', 'str(turns.append("A") or turns)'),
        ],
        "declares another title",
    ),
    "test_hooks_are_plain_functions": (
        [("@hookimpl\n", "@hookimpl\nasync def on_feedback(reviewed): ...\n\n\n@hookimpl\n")],
        "on_feedback is no plain function",
    ),
    "test_config_defaults_are_valid": (
        [('default="en",', 'default="en", min_length=5,')],
        "the defaults of Config are not valid themselves",
    ),
    "test_distribution_is_described": ([("License-Expression: Apache-2.0", "")], "does not say its license"),
    "test_distribution_requires_podion": ([("podion<0.2,>=0.1", "podion")], "takes any later podion"),
    "test_import_brings_no_torch": ([("from fastapi", "import torch\nfrom fastapi")], "brings torch"),
    "test_import_is_quick": (
        [
            (
                "from fastapi",
                "import time\nend = time.process_time() + 1.2\nwhile time.process_time() < end: pass\nfrom fastapi",
            )
        ],
        "importing the plugin takes 1.* CPU seconds",
    ),
    "test_no_other_plugin_is_imported": (
        [("from fastapi", "import podion_praise\nfrom fastapi")],
        "imports podion_praise",
    ),
    "test_only_public_faces_are_imported": (
        [("from fastapi", "from podion.caller import admit\nfrom fastapi")],
        "plugin.py imports podion.caller",
    ),
    "test_titles_are_written": ([("甲", "A")], "no Chinese character"),
    "test_sample_rows_are_valid": ([('{"text": "bad",', '{"txt": "bad",')], "line 2 is a record of no task"),
    "test_sample_is_enough_to_learn_from": ([('"complaint"', '"praise"')], "2 labelled rows of 2, 1 labels of 2"),
    "test_metric_is_measured": ([(HEAD, 'LabelHead(), metric="roc_auc"')], "does not measure 'roc_auc'"),
    "test_labels_fit_the_record": (
        [
            (HEAD, 'LabelHead(), labels=("good", "bad")'),
            ("label: str", 'label: Literal["good", "poor"]'),
            ("from fastapi", "from typing import Literal\nfrom fastapi"),
        ],
        "declares the label 'bad', and Remark refuses it",
    ),
    "test_zero_shot_has_words": ([(HEAD, 'LabelHead(), labels=("very_bad", "very-bad")')], "describe them differently"),
    "test_records_survive_json": (
        [("    stars: int = 3", "    stars: int = Field(default_factory=iter(range(1_000)).__next__, exclude=True)")],
        "Remark reads",
    ),
    "test_refusals_name_the_field": ([("stars: int = 3", "stars: object = 3")], "takes .* for 'stars'"),
    "test_hostile_texts_do_no_harm": (
        [
            (
                "    label: str | None = None\n",
                "    label: str | None = None\n\n    @field_validator('text')\n    @classmethod\n"
                "    def first_word(cls, text: str) -> str:\n        text.split()[0]\n        return text\n",
            ),
            ("import BaseModel,", "import BaseModel, field_validator,"),
        ],
        "a blank in 'text' raises IndexError",
    ),
    "test_examples_are_valid": (
        [("min_length=1)", "pattern='^[A-Z]{3}[0-9]+$')")],
        "give one in `examples = ",
    ),
    "test_schemas_are_stable": (
        [
            (
                "class Remark(BaseModel):\n",
                "turns = []\n\n\nclass Remark(BaseModel):\n    model_config = ConfigDict("
                "json_schema_extra=lambda schema: schema.update(turn=turns.append(1) or len(turns)))\n",
            )
        ],
        "changes from one time to the next",
    ),
    "test_unknown_field_is_refused": (
        [("class Remark(BaseModel):\n", 'class Remark(BaseModel):\n    model_config = ConfigDict(extra="allow")\n')],
        "accepts the field",
    ),
    "test_head_learns": (_head("NotFinite"), "not finite"),
    "test_gradient_reaches_every_parameter": (_head("Idle"), "does not reach spare"),
    "test_head_overfits_one_batch": (_head("LearnsNothingUseful"), "cannot learn even what it sees"),
    "test_answers_follow_their_rows": (_head("Sorted"), "must answer in the order of rows"),
    "test_answers_do_not_depend_on_neighbours": (_head("Sociable"), "must not depend on its neighbours"),
    "test_head_ignores_unlabelled_records": (_head("CountsUnlabelled"), "must not"),
    "test_head_is_reproducible": (_head("Unseeded"), "differs between two runs"),
    "test_head_survives_saving": (_head("Forgetful"), "registered buffers"),
    "test_head_decodes": (_head("TooFewAnswers"), "7 answers for 8 rows"),
    "test_head_abstains": (_head("NeverAbstains"), "does not abstain"),
    "test_owners_never_mix": (_head("Shared"), "another owner's head"),
    "test_routes_are_guarded": ([('dependencies=[requires("predict")]', "")], "has no scope"),
    "test_routes_are_explained": ([('    """Judge a remark."""\n', "")], "has no docstring"),
    "test_routes_make_an_openapi_document": (
        [
            (
                "@hookimpl",
                "@router.get('/a', operation_id='x')\n@router.get('/b', operation_id='x')\nasync def get() -> int:\n"
                '    """Get."""\n    return 1\n\n\n@hookimpl',
            )
        ],
        "(?i)operation id x",
    ),
    "test_routes_ask_for_a_key": (
        [
            ('dependencies=[requires("predict")]', ""),
            (", caller: Caller", ""),
            (ROUTE, "    return Prediction(task='', adapter='', answers=[])"),
        ],
        "answers 200 to a request without a key",
    ),
    "test_routes_answer_what_their_schema_allows": (
        [(ROUTE, "    raise KeyError(remark.stars)")],
        "POST /v1/NAME/judge raises KeyError: 3",
    ),
    "test_tenants_share_nothing": (
        [(ROUTE, "    seen.append(remark.text)\n" + ROUTE), ("router = API", "seen: list[str] = []\nrouter = API")],
        r"changes podion_NAME\.plugin\.seen",
    ),
}
"""Check -> what is replaced in the sound plugin, and what the check says then."""

# With these faults a plugin is quarantined; the check is tried on what it declares.
QUARANTINED = ("test_routes_are_guarded", "test_routes_ask_for_a_key")

numbers = itertools.count()


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., type[VerticalContract]]]:
    """A function that installs the plugin with a fault and returns the kit for it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    names: list[str] = []

    def make(faults: list[tuple[str, str]]) -> type[VerticalContract]:
        name = f"kit{next(numbers)}"  # a name of its own, as what is known of a module's import is remembered
        names.append(name)
        texts = {
            f"podion_{name}/plugin.py": PLUGIN,
            f"podion_{name}/sample.jsonl": SAMPLE,
            f"podion_{name}-1.2.dist-info/METADATA": METADATA.lstrip(),
        }
        for old, new in faults:
            assert any(old in text for text in texts.values()), old
            texts = {path: text.replace(old, new) for path, text in texts.items()}
        texts[f"podion_{name}/__init__.py"] = ""
        if found := re.search(r"heads:(\w+)", texts[f"podion_{name}/plugin.py"]):
            texts[f"podion_{name}/heads.py"] = f"from podion_broken_heads.heads import {found[1]}\n"
        texts[f"podion_{name}-1.2.dist-info/entry_points.txt"] = f"[{GROUP}]\n{name} = podion_{name}.plugin\n"
        for path, text in texts.items():
            (tmp_path / path).parent.mkdir(exist_ok=True)
            (tmp_path / path).write_text(text.replace("NAME", name))
        return type(f"Test{name.title()}", (VerticalContract,), {"plugin": name})

    yield make
    for module in [module for module in sys.modules if module.partition(".")[0].removeprefix("podion_") in names]:
        del sys.modules[module]


def _run(kit: type[VerticalContract], check: str) -> None:
    """Run one check as pytest would, for each of its tasks and label spaces."""
    asked = CHECKS[check].__code__.co_varnames[1 : CHECKS[check].__code__.co_argcount]
    tasks: list[Task] = [task for vertical in kit.load().verticals.values() for task in vertical.tasks]
    cases: list[Mapping[str, Any]] = [{}]
    if "space" in asked:
        cases = [{"task": task, "space": space} for task in tasks for space in label_spaces(task)]
    elif "task" in asked:
        cases = [{"task": task} for task in tasks]
    assert cases
    for case in cases:
        getattr(kit(), check)(**case)


def test_there_are_forty_checks_and_each_has_a_fault() -> None:
    assert len(CHECKS) == 41
    assert FAULTS.keys() | {overrides.GUARD} == CHECKS.keys()  # the guard's own faults stand in test_kit.py


@pytest.mark.parametrize("check", FAULTS)
def test_the_fault_is_found(check: str, write: Callable[..., type[VerticalContract]]) -> None:
    faults, told = FAULTS[check]
    kit = write(faults)
    if check in QUARANTINED:
        vertical = import_module(f"podion_{kit.plugin}.plugin").register_vertical()
        kit.vertical = classmethod(lambda cls: vertical)  # type: ignore[method-assign, assignment]
    with pytest.raises(AssertionError, match=told.replace("NAME", kit.plugin)):
        _run(kit, check)


def test_a_sound_plugin_passes_every_check(write: Callable[..., type[VerticalContract]]) -> None:
    kit = write([])
    for check in CHECKS:
        _run(kit, check)


def test_one_tenants_words_in_anothers_answer_are_found(write: Callable[..., type[VerticalContract]]) -> None:
    gossip = "    last, Config.__doc__ = str(Config.__doc__), remark.text\n"
    leaks = [(ROUTE, gossip + "    return Prediction(task=last, adapter='', answers=[])")]
    with pytest.raises(AssertionError, match="tells bob what ada sent"):
        _run(write(leaks), "test_tenants_share_nothing")
