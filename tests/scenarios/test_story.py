"""The whole story of a tenant on the sample that the plugin ships, over HTTP, from its first key to a rollback."""

import io
import json
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

API = "/v1/customer-service"
OUT_OF_SCOPE = "how tall is mount everest"
BAD_LINES = ['{"text": "", "label": "cancel_order"}', "not json", '{"text": "hi there", "lable": "complaint"}']
Event = tuple[str | None, str, dict[str, Any]]


@dataclass(kw_only=True)
class Story:
    """A tenant and what happened to it so far."""

    tenant: Any
    asked: int = 0
    reviewed: int = 0

    def ask(self, *texts: str) -> dict[str, Any]:
        self.asked += len(texts)
        return dict(self.tenant.json("POST", f"{API}/parse", 200, json={"texts": list(texts)}))

    def review(self, prediction: str, label: str) -> dict[str, Any]:
        self.reviewed += 1
        return dict(
            self.tenant.json("POST", f"{API}/feedback", 201, json={"prediction_id": prediction, "label": label})
        )

    def deploy(self, adapter: str) -> dict[str, Any]:
        return dict(self.tenant.json("POST", f"{API}/deployments", 201, json={"task": "intent", "adapter": adapter}))

    def serving_at(self, when: datetime) -> list[str]:
        rows = self.tenant.json("GET", f"{API}/deployments", 200, params={"at": when.isoformat()})["data"]
        return [row["id"] for row in rows]


def events(tenant: Any, run: str, *, last: str | None = None, most: int | None = None) -> list[Event]:
    """Read a run's events to their end, or hang up after `most` of them."""
    headers = {"Last-Event-ID": last} if last is not None else {}
    read: list[Event] = []
    fields: dict[str, str] = {}
    with tenant.http.stream("GET", f"{API}/runs/{run}/events", headers=headers, timeout=240) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        for line in response.iter_lines():
            if line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields[name] = value
            elif fields:
                read.append((fields.get("id"), fields["event"], json.loads(fields["data"])))
                fields = {}
                if most is not None and len(read) >= most:
                    break
    return read


# The stages of the story: each fixture is one, and asks for the one before it.


@pytest.fixture(scope="module")
def story(server: Any) -> Story:
    with server.operator() as operator:
        answer = operator.post("/v1/admin/tenants", json={"name": "the-shop-of-the-story"})
    assert answer.status_code == 201, answer.text
    return Story(tenant=server.tenant_of(answer.json()))


@pytest.fixture(scope="module")
def uploaded(story: Story, utterances: list[dict[str, Any]]) -> dict[str, Any]:
    assert story.tenant.http.get(f"{API}/datasets").status_code == 404
    story.tenant.json("PUT", "/v1/verticals/customer_service", 200, json={})
    good = [json.dumps(row, ensure_ascii=False) for row in utterances]
    body = "\n".join([*good[:5], *BAD_LINES, *good[5:]]).encode()
    return dict(story.tenant.json("POST", f"{API}/datasets", 201, params={"task": "intent"}, content=body))


@pytest.fixture(scope="module")
def day_one(story: Story, uploaded: dict[str, Any]) -> dict[str, Any]:
    return story.ask("please cancel my order")


@pytest.fixture(scope="module")
def watched(story: Story, uploaded: dict[str, Any], day_one: dict[str, Any]) -> tuple[str, list[Event], list[Event]]:
    """A `head` run: its id, the events seen before the line broke, and those after."""
    body = {"task": "intent", "dataset": uploaded["id"], "method": "head", "seed": 3}
    run = story.tenant.json("POST", f"{API}/runs", 201, json=body)
    assert run["state"] == "queued"
    before = events(story.tenant, run["id"], most=2)
    after = events(story.tenant, run["id"], last=before[-1][0])
    return run["id"], before, after


@pytest.fixture(scope="module")
def first(watched: tuple[str, list[Event], list[Event]]) -> dict[str, Any]:
    return watched[2][-1][2]


@pytest.fixture(scope="module")
def first_live(story: Story, first: dict[str, Any]) -> dict[str, Any]:
    return story.deploy(first["adapter"])


@pytest.fixture(scope="module")
def answered(story: Story, first_live: dict[str, Any], utterances: list[dict[str, Any]]) -> dict[str, Any]:
    known = next(row["text"] for row in utterances if row["label"] == "cancel_order")
    return story.ask(known, "the lamp arrived with a broken foot, i want 50 of them", OUT_OF_SCOPE)


@pytest.fixture(scope="module")
def grown(story: Story, uploaded: dict[str, Any], answered: dict[str, Any]) -> dict[str, Any]:
    known, new, _ = (answer["prediction_id"] for answer in answered["answers"])
    story.review(known, "complaint_service")
    story.review(known, "change_address")  # on second thought: the latest holds
    story.review(new, "damaged_item")
    path = f"{API}/datasets/{uploaded['id']}:grow"
    return dict(story.tenant.json("POST", path, 201, json={"feedback": True}))


@pytest.fixture(scope="module")
def second(story: Story, grown: dict[str, Any]) -> dict[str, Any]:
    return dict(story.tenant.run(grown["id"], method="lora", seed=4))


@pytest.fixture(scope="module")
def second_live(story: Story, second: dict[str, Any]) -> dict[str, Any]:
    return story.deploy(second["adapter"])


@pytest.fixture(scope="module")
def texts(sample: list[dict[str, Any]]) -> list[str]:
    return [str(row["text"]) for row in sample[::9]]


@pytest.fixture(scope="module")
def reloaded(
    story: Story, second_live: dict[str, Any], texts: list[str], server: Any, processes: Any, until: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the second adapter answers before and after the engine was killed and came back."""
    before = story.ask(*texts)
    old = processes(server)["engine"]
    old.kill()
    until(lambda: (new := processes(server).get("engine")) and new.pid != old.pid)
    until(lambda: story.tenant.http.get("/readyz").status_code == 200, seconds=120)
    return before, story.ask(*texts)


@pytest.fixture(scope="module")
def rolled_back(story: Story, second_live: dict[str, Any], reloaded: Any) -> dict[str, Any]:
    return dict(story.tenant.json("POST", f"{API}/deployments/{second_live['id']}:rollback", 201))


@pytest.fixture(scope="module")
def taken_home(
    story: Story, second: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, zipfile.ZipFile]:
    """The second adapter's zip, and the folder it was unpacked to."""
    answer = story.tenant.http.get(f"{API}/adapters/{second['adapter']}/export")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    folder = tmp_path_factory.mktemp("adapter")
    archive.extractall(folder)
    return folder, archive


# What the story must show.


def test_bad_rows_come_back_with_line_field_and_reason(
    story: Story, uploaded: dict[str, Any], utterances: list[dict[str, Any]]
) -> None:
    assert uploaded["rows"] == len(utterances)
    assert uploaded["report"]["refused"] == len(BAD_LINES)
    assert uploaded["report"]["out_of_scope"] == sum(bool(row.get("oos")) for row in utterances)
    errors = story.tenant.json("GET", f"{API}/datasets/{uploaded['id']}/errors", 200)["data"]
    assert errors == uploaded["errors"]
    assert [(error["line"], error["field"]) for error in errors] == [(6, "text"), (7, None), (8, "lable")]
    assert '"label"' in errors[2]["reason"] or "'label'" in errors[2]["reason"]


def test_zero_shot_answers_at_once(day_one: dict[str, Any]) -> None:
    assert day_one["task"] == "customer_service/intent"
    assert day_one["adapter"] == "zero-shot"
    [answer] = day_one["answers"]
    assert answer["label"] == "cancel_order"
    assert answer["prediction_id"].startswith("prd_")


def test_progress_is_told_and_goes_on_where_the_line_broke(
    story: Story, watched: tuple[str, list[Event], list[Event]]
) -> None:
    run, before, after = watched
    numbers = [int(number) for number, name, _ in before + after if name == "progress" and number]
    assert numbers == list(range(1, len(numbers) + 1)), "no event twice, none left out"
    assert [name for _, name, _ in after].count("end") == 1
    assert after[-1][1] == "end"
    assert events(story.tenant, run) == before + after
    assert events(story.tenant, run, last=str(numbers[-1])) == [after[-1]]


def test_fractions_never_fall(story: Story, watched: Any, second: dict[str, Any]) -> None:
    for run in (watched[0], second["id"]):
        told = [data for _, name, data in events(story.tenant, run) if name == "progress"]
        fractions = [data["fraction"] for data in told if "fraction" in data]
        assert fractions == sorted(fractions)
        assert fractions[-1] == 1.0
        assert len(fractions) >= 3
        assert all(data["stage"] for data in told)


def test_the_end_carries_the_final_run(story: Story, first: dict[str, Any]) -> None:
    assert first["state"] == "succeeded"
    assert first == story.tenant.json("GET", f"{API}/runs/{first['id']}", 200)


@pytest.mark.parametrize("name", ["first", "second"])
def test_the_report_is_honest(name: str, request: pytest.FixtureRequest) -> None:
    run = request.getfixturevalue(name)
    assert run["state"] == "succeeded", run
    report = run["report"]
    assert report["seed"] == run["seed"]
    assert report["rows"]["test"] > 0
    for part in ("validation", "test"):
        metrics = report["metrics"][part]
        assert 0.5 < metrics["accuracy"] <= 1
        assert 0.5 < metrics["macro_f1"] <= 1
        assert 0 <= metrics["ece"] <= 1
        assert metrics["ece_noise_95"] > 0


def test_answers_name_the_adapter_that_was_deployed(first: dict[str, Any], answered: dict[str, Any]) -> None:
    assert answered["adapter"] == first["adapter"]
    assert len(first["adapter"]) == 64
    ids = {answer["prediction_id"] for answer in answered["answers"]}
    assert len(ids) == len(answered["answers"])
    known = answered["answers"][0]
    assert (known["label"], known["abstained"]) == ("cancel_order", False)
    for answer in answered["answers"]:
        shares = [answer["confidence"], *(other["confidence"] for other in answer["alternatives"])]
        assert shares == sorted(shares, reverse=True)
        assert 0 < sum(shares) <= 1 + 1e-6


def test_what_is_out_of_scope_is_refused(answered: dict[str, Any]) -> None:
    assert answered["answers"][-1]["abstained"] is True


@pytest.mark.parametrize("whose", ["somebody else's", "nobody's"])
def test_feedback_needs_a_prediction_of_the_tenants_own(
    story: Story, answered: dict[str, Any], shop: Any, problem: Any, whose: str
) -> None:
    prediction = shop.prediction if whose == "somebody else's" else "prd_" + "0" * 26
    answer = story.tenant.http.post(f"{API}/feedback", json={"prediction_id": prediction, "label": "complaint_service"})
    problem(answer, 404, "not_found")


def test_the_dataset_grows_by_the_corrections(
    story: Story, uploaded: dict[str, Any], grown: dict[str, Any], answered: dict[str, Any]
) -> None:
    assert grown["parent"] == uploaded["id"]
    assert grown["rows"] == uploaded["rows"] + 1, "one text is new, one was corrected"
    assert grown["report"]["replaced"] == 1
    change = {label: count - uploaded["labels"].get(label, 0) for label, count in grown["labels"].items()}
    assert {label: by for label, by in change.items() if by} == {
        "cancel_order": -1,
        "change_address": 1,
        "damaged_item": 1,
    }
    assert story.tenant.json("GET", f"{API}/datasets/{uploaded['id']}", 200)["labels"] == uploaded["labels"]


def test_a_second_run_makes_another_adapter(first: dict[str, Any], second: dict[str, Any], reloaded: Any) -> None:
    assert second["adapter"] != first["adapter"]
    assert second["report"]["method"] == "lora"
    assert reloaded[0]["adapter"] == second["adapter"]


def test_a_reloaded_adapter_answers_as_before(reloaded: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """Before, other texts stood beside these in the passes: their numbers may differ by rounding, and nothing else."""
    before, after = (leaves(prediction) for prediction in reloaded)
    assert before.keys() == after.keys()
    for name, value in before.items():
        assert after[name] == (pytest.approx(value, abs=1e-4) if isinstance(value, float) else value), name


def leaves(found: Any, path: str = "") -> dict[str, Any]:
    """What was found without its ids, each value by its path."""
    if isinstance(found, dict):
        parts = [(name, each) for name, each in found.items() if not name.endswith("prediction_id")]
    elif isinstance(found, list):
        parts = [(str(place), each) for place, each in enumerate(found)]
    else:
        return {path: found}
    return {at: value for name, each in parts for at, value in leaves(each, f"{path}/{name}").items()}


def test_one_call_rolls_back(
    story: Story, first: dict[str, Any], first_live: dict[str, Any], second_live: dict[str, Any], rolled_back: Any
) -> None:
    assert rolled_back["adapter"] == first["adapter"]
    assert rolled_back["state"] == "live"
    assert second_live["id"] in rolled_back["reason"]
    assert story.ask("please cancel my order")["adapter"] == first["adapter"]
    ledger = story.tenant.json("GET", f"{API}/deployments", 200)["data"]
    assert [row["id"] for row in ledger] == [rolled_back["id"], second_live["id"], first_live["id"]]
    assert [row["state"] for row in ledger] == ["live", "ended", "ended"]


def test_the_ledger_says_what_served_when(
    story: Story, first_live: dict[str, Any], second_live: dict[str, Any], rolled_back: dict[str, Any]
) -> None:
    begins = [datetime.fromisoformat(each["from_at"]) for each in (first_live, second_live, rolled_back)]
    ids = [first_live["id"], second_live["id"], rolled_back["id"]]
    blink = timedelta(microseconds=1)
    assert story.serving_at(begins[0] - blink) == []
    for place, begin in enumerate(begins):
        assert story.serving_at(begin) == [ids[place]]
        assert story.serving_at(begin - blink) == ids[place - 1 : place] if place else True
    assert story.serving_at(datetime.now(UTC)) == [ids[2]]


def test_every_use_is_metered_once(
    story: Story, uploaded: dict[str, Any], grown: dict[str, Any], rolled_back: dict[str, Any]
) -> None:
    meters = story.tenant.json("GET", "/v1/usage", 200)["meters"]
    assert meters.pop("training_seconds") > 0
    assert meters == {
        "predictions": story.asked,
        "rows_uploaded": uploaded["rows"] + 1,
        "feedback": story.reviewed,
        "runs": 2,
        "adapters_deployed": 3,
    }
    before = story.tenant.json("GET", "/v1/usage", 200, params={"until": "2020-01-01T00:00:00Z"})
    assert before["meters"] == {}


def test_the_zip_holds_plain_files_that_say_what_they_are(
    taken_home: tuple[Path, zipfile.ZipFile], second: dict[str, Any]
) -> None:
    folder, archive = taken_home
    assert archive.testzip() is None
    names = {"adapter_config.json", "adapter_model.safetensors", "calibration.json", "card.json"}
    assert names | {"head.json", "head.safetensors", "manifest.json"} <= set(archive.namelist())
    from podion.hosting.adapter_files import adapter_digest

    assert adapter_digest(folder) == second["adapter"]


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
def test_plain_peft_computes_what_we_serve(
    taken_home: tuple[Path, zipfile.ZipFile],
    texts: list[str],
    reloaded: tuple[dict[str, Any], dict[str, Any]],
    one_thread: None,
) -> None:
    """Neither our encoder nor our head is asked: transformers, peft and the exported files give the same answers."""
    import torch
    from safetensors.numpy import load_file

    from podion.hosting.adapter_files import read_adapter
    from podion.hosting.bases import find_base
    from podion.hosting.encoder import Encoder
    from podion.hosting.peft_files import read_deltas
    from podion.settings import load_settings

    folder, _ = taken_home
    encoder = Encoder.load(find_base("minilm-l6", load_settings().bases), device="cpu")
    head = json.loads((folder / "head.json").read_text("utf-8"))
    theirs, *lower = pooled_by_peft(folder, encoder, texts, head["options"].get("cut"))
    lora = read_adapter(folder).lora
    assert lora is not None
    rows = encoder.tokenise(texts)
    ours = encoder.states(rows, adapters=[encoder.pool.put(read_deltas(lora), "exported")] * len(rows)).pooled
    assert (ours - theirs).abs().max() < 1e-5
    assert (ours - encoder.states(rows).pooled).abs().max() > 1e-3, "the adapter does something"

    tensors = load_file(folder / "head.safetensors")
    temperature = json.loads((folder / "calibration.json").read_text("utf-8"))["temperature"]
    vectors = torch.cat([torch.nn.functional.normalize(part, dim=-1) for part in (theirs, *lower)], dim=-1).numpy()
    logits = (vectors @ tensors["linear.weight"].T + tensors["linear.bias"]) / temperature
    shares = np.exp(logits - logits.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    for row, answer in zip(shares, reloaded[0]["answers"], strict=True):
        assert answer["label"] == head["labels"][row.argmax()]
        assert answer["confidence"] == pytest.approx(row.max(), abs=1e-4)


def pooled_by_peft(folder: Path, encoder: Any, texts: list[str], cut: int | None) -> list[Any]:
    """Return the mean state of the last layer, and of the layer at the cut where the head reads that one, too."""
    import peft
    import torch
    from transformers import AutoModel

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = AutoModel.from_pretrained(encoder.base.path, add_pooling_layer=False)
        loaded = peft.PeftModel.from_pretrained(plain, folder).eval()
    with torch.no_grad():
        rows = [torch.tensor([row.ids]) for row in encoder.tokenise(texts)]
        layers = [loaded(input_ids=row, output_hidden_states=True).hidden_states for row in rows]
    wanted = [-1] if cut is None else [-1, cut]
    return [torch.cat([states[layer].mean(1) for states in layers]) for layer in wanted]


@pytest.fixture
def one_thread() -> Iterator[None]:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
