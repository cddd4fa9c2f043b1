"""One server with a zoo of broken plugins: each is told by name and cause, and the sound ones serve.

Among the sound ones is a plugin that `podion plugins new` wrote and pip installed, as a stranger would.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest

from podion.cli.client import Client
from podion.cli.short_story import tell_short
from podion.cli.telling import Told

ZOO = Path(__file__).parents[1] / "fixtures" / "zoo"
PODION = str(Path(sys.executable).with_name("podion"))
QUARANTINED = {
    "declares_hangs": ("declared", r"hangs: CallTooLong: it took longer than 2\.5 seconds"),
    "declares_interrupts": ("declared", r"'register_vertical' raised KeyboardInterrupt"),
    "declares_raises": ("declared", r"raised LookupError: .*no vertical today.*podion_declares_raises\.plugin, line 8"),
    "declares_type": ("declared", r"returned dict; a podion\.Vertical is allowed"),
    "declares_version": ("declared", r"needs API >=9; this platform speaks"),
    "head_absent": ("declared", r"'podion_head_absent\.heads:Nobody' does not load: ModuleNotFoundError"),
    "head_hangs": ("declared", r"'podion_head_hangs\.snare:Head' does not load: .* longer than 2\.5 seconds"),
    "hook_arguments": ("verified", r"may_deploy.*weather"),
    "hook_missing": ("verified", r"does not implement the hook 'register_vertical'"),
    "hook_misspelt": ("verified", r"'register_verticle', which does not exist\. Did you mean 'register_vertical'"),
    "import_exits": ("imported", r"raised SystemExit: 3"),
    "import_hangs": ("imported", r"hangs: it took longer than 2\.5 seconds"),
    "import_interrupts": ("imported", r"raised KeyboardInterrupt"),
    "import_kills": ("imported", r"ended the process with status 7"),
    "import_raises": ("imported", r"ZeroDivisionError: division by zero \(in podion_import_raises\.plugin, line 3\)"),
    "route_open": ("declared", r"GET /open has no scope"),
}
READY = {"hooks_hang", "hooks_raise", "praise", "routes_fault", "water_meter"}
FAULTS = {
    "raises": (500, "plugin_failed", "failed on this request"),
    "exits": (500, "plugin_failed", "failed on this request"),
    "exits-in-thread": (500, "plugin_failed", "failed on this request"),
    "interrupts": (500, "plugin_failed", "failed on this request"),
    "misfits": (500, "plugin_failed", "failed on this request"),
    "floods": (500, "plugin_failed", "100000002 bytes; 33554432 are allowed"),
    "hangs": (504, "plugin_timeout", "did not begin to answer within 8 seconds"),
    "hangs-in-thread": (504, "plugin_timeout", "did not begin to answer within 8 seconds"),
    "stalls": (504, "plugin_timeout", "held up the whole server for 5 seconds"),
}


def install(name: str, site: Path) -> None:
    """Install an animal as pip would leave it."""
    package = site / f"podion_{name}"
    package.mkdir()
    (package / "__init__.py").touch()
    shutil.copy(ZOO / f"{name}.py", package / "plugin.py")
    for part in ("ground", "snare"):
        shutil.copy(ZOO / f"{part}.py", package)
    info = site / f"podion_{name}-1.2.dist-info"
    info.mkdir()
    distribution = f"podion-{name.replace('_', '-')}"
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[podion.plugins]\n{name} = podion_{name}.plugin\n")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A new plugin, as the command says that it wrote it."""
    folder = tmp_path_factory.mktemp("authors")
    command = [PODION, "plugins", "new", "water-meter", "--dir", str(folder), "--json"]
    return dict(json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout))


@pytest.fixture(scope="module")
def site(written: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of installed distributions: the new plugin, by pip, and the zoo."""
    folder = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    offline = ["--no-build-isolation", "--no-index", "--target", str(folder), written["folder"]]
    subprocess.run([*pip, *offline], check=True, capture_output=True, timeout=120)
    for animal in ZOO.glob("*.py"):
        if animal.stem not in ("ground", "snare"):
            install(animal.stem, folder)
    return folder


@pytest.fixture(scope="module")
def environment(site: Path) -> dict[str, str]:
    return {"PYTHONPATH": str(site), "PODION_PLUGIN_LOAD_SECONDS": "2.5", "PODION_PLUGIN_SECONDS": "8"}


@pytest.fixture(scope="module")
def commands(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[subprocess.Popen[str]]]:
    """`podion plugins list` and `podion doctor`, while the server starts: most of the time all three wait."""
    home = str(tmp_path_factory.mktemp("state"))
    here = {**os.environ, **environment, "PODION_HOME": home, "PODION_PORT": "1", "PODION_BASE": "minilm-l6"}
    with ExitStack() as both:
        yield [
            both.enter_context(subprocess.Popen([PODION, *words], env=here, stdout=subprocess.PIPE, text=True))
            for words in (["plugins", "list", "--json"], ["doctor"])
        ]


@pytest.fixture(scope="module")
def zoo(make_server: Callable[..., Any], environment: dict[str, str], commands: Any) -> Any:
    return make_server(**environment)


@pytest.fixture(scope="module")
def keeper(zoo: Any) -> Any:
    """A tenant of everything that is ready."""
    return zoo.tenant(*sorted(READY))


def _check_told(records: list[dict[str, Any]]) -> None:
    found = {record["name"]: record for record in records}
    assert found.keys() == QUARANTINED.keys() | READY | {
        "customer_service", "finance_risk", "medical", "recommender", "sentiment_monitor",
    }  # fmt: skip
    for name, (phase, cause) in QUARANTINED.items():
        record = found[name]
        assert (record["state"], record["phase"]) == ("quarantined", phase), record
        assert (record["distribution"], record["version"]) == (f"podion-{name.replace('_', '-')}", "1.2")
        assert record["error"].startswith(f"plugin {name!r} (podion-{name.replace('_', '-')} 1.2): ")
        assert re.search(cause, record["error"]), record["error"]
        assert record["hint"]
    assert {name for name in READY if found[name]["state"] == "ready"} == READY


def test_every_animal_has_a_cage() -> None:
    animals = {path.stem for path in ZOO.glob("*.py")} - {"ground", "snare"}
    assert animals == (QUARANTINED.keys() | READY) - {"praise", "water_meter"}


def test_the_operator_is_told_of_each(zoo: Any) -> None:
    with zoo.operator() as operator:
        _check_told(operator.get("/v1/admin/plugins").json()["data"])
    assert set(httpx.get(f"{zoo.url}/readyz").json()["quarantined"]) >= QUARANTINED.keys()


def test_the_command_line_tells_of_each(commands: list[subprocess.Popen[str]]) -> None:
    listed, doctor = commands
    _check_told(json.loads(listed.communicate(timeout=200)[0])["data"])
    told = doctor.communicate(timeout=200)[0]
    assert doctor.returncode == 1
    for name, (_, cause) in QUARANTINED.items():
        [line] = [line for line in told.splitlines() if f" {name} 1.2: " in line]
        assert line.startswith("✗ plugin") and re.search(cause, line)


def test_each_fault_of_a_route_is_a_problem_that_names_the_plugin(zoo: Any, keeper: Any) -> None:
    """All at once: while some hang, others are answered. What keeps its thread is refused from the sixteenth on."""
    paths = [f"/v1/routes-fault/{fault}" for fault in (*FAULTS, *["hangs-in-thread"] * 16, "answers")]
    with ThreadPoolExecutor(len(paths)) as everybody:
        asked = {path: everybody.submit(keeper.http.get, path) for path in paths}
        meanwhile = keeper.json("POST", "/v1/water-meter/kind", 200, json={"text": "lovely"})["answers"]
    assert len(meanwhile) == 1
    assert {path: future.exception() for path, future in asked.items() if future.exception()} == {}
    answers = {path.rpartition("/")[2]: future.result() for path, future in asked.items()}
    assert answers["answers"].json() == {"number": 7}
    for fault, (status, code, told) in FAULTS.items():
        answer = answers[fault]
        assert answer.status_code == status, (fault, answer.text[:200])
        document = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert (document["plugin"], document["code"]) == ("routes_fault", code), fault
        assert told in document["detail"], (fault, document)
        assert document["request_id"] == answer.headers["x-request-id"]
        assert "secret words" not in answer.text
    for _ in range(6):  # a request that was given up before it had a thread holds none
        if keeper.http.get("/v1/routes-fault/answers").status_code == 503:
            break
        keeper.http.get("/v1/routes-fault/hangs-in-thread")
    stuck = keeper.json("GET", "/v1/routes-fault/answers", 503)
    assert (stuck["plugin"], stuck["code"]) == ("routes_fault", "plugin_stuck")
    assert keeper.json("GET", "/v1/me", 200)["tenant"]


def test_the_new_plugin_keeps_the_contract(written: dict[str, Any], site: Path) -> None:
    """In a process of its own, where the zoo is installed as well."""
    environment = {**os.environ, "PYTHONPATH": str(site), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(
        command, cwd=written["folder"], env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) >= 41  # type: ignore[index]
    assert "skipped" not in done.stdout and "xfailed" not in done.stdout


def _train(tenant: Any, vertical: str, task: str, rows: bytes) -> str:
    dataset = tenant.json("POST", f"/v1/{vertical}/datasets", 201, content=rows, params={"task": task})["id"]
    body = {"task": task, "dataset": dataset, "method": "head"}
    run = tenant.json("POST", f"/v1/{vertical}/runs", 201, json=body)["id"]
    state = ""
    while state not in ("succeeded", "failed", "cancelled"):
        found = tenant.json("GET", f"/v1/{vertical}/runs/{run}", 200)
        state = found["state"]
    assert state == "succeeded", found
    return str(found["adapter"])


def test_the_new_plugin_answers_two_tenants(zoo: Any, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, by its labels' words; and after the demo's short story by the one tenant's own adapter, for it alone."""
    ada, bob = zoo.tenant("water_meter"), zoo.tenant("water_meter")
    text = {"text": "my meter is broken and nobody comes"}
    for tenant in (ada, bob):
        answer = tenant.json("POST", "/v1/water-meter/kind", 200, json=text)
        assert answer["answers"][0]["label"] in ("complaint", "praise", "question")
    monkeypatch.syspath_prepend(str(site))
    told = Told()
    with closing(Client(zoo.url, ada.key)) as client:
        tell_short(told, client, import_module("podion_water_meter.plugin").register_vertical())
    adapter, answers = (told.facts["water_meter"][name] for name in ("adapter", "answers"))
    assert answers == ["complaint", "praise", "question"]
    served = ada.json("POST", "/v1/water-meter/kind", 200, json=text)
    assert (served["adapter"], served["answers"][0]["label"]) == (adapter, "complaint")
    assert bob.json("POST", "/v1/water-meter/kind", 200, json=text)["adapter"] == "zero-shot"


def test_a_hook_that_hangs_is_a_no_and_keeps_nobody_waiting(zoo: Any, keeper: Any, until: Any) -> None:
    for vertical in ("hooks-hang", "hooks-raise"):
        answer = keeper.json("POST", f"/v1/{vertical}/judge", 200, json={"text": "lovely"})["answers"][0]
        body = {"prediction_id": answer["prediction_id"], "label": "praise"}
        assert keeper.http.post(f"/v1/{vertical}/feedback", json=body).is_success
    rows = "".join(
        json.dumps({"text": f"{text} {n}", "label": label}) + "\n"
        for label, text in (("praise", "lovely work"), ("complaint", "this is broken"))
        for n in range(8)
    )
    adapter = _train(keeper, "hooks-hang", "judge", rows.encode())
    body = {"task": "judge", "adapter": adapter}
    with ThreadPoolExecutor(1) as meanwhile:
        deploying = meanwhile.submit(keeper.http.post, "/v1/hooks-hang/deployments", json=body)
        while not deploying.done():
            keeper.json("POST", "/v1/keys", 201, json={"scopes": ["predict"]})
    assert deploying.result().status_code == 409
    assert "'hooks_hang'" in deploying.result().json()["detail"]
    assert "may_deploy raised CallTooLong" in deploying.result().json()["detail"]
    for plugin, hook, told in (
        ("hooks_hang", "on_prediction", "CallTooLong"),
        ("hooks_hang", "on_feedback", "CallTooLong"),
        ("hooks_raise", "on_prediction", "SystemExit"),
        ("hooks_raise", "on_feedback", "ArithmeticError"),
    ):
        words = f"plugin '{plugin}': its hook {hook} raised {told}"
        until(lambda words=words: words in zoo.log)
