"""The story of a tenant, told over real HTTP against a server that is started for it."""

import time
from pathlib import Path
from typing import Any

from podion.catalogue.catalogue import Catalogue, load_plugins
from podion.cli.client import Client
from podion.cli.local_server import local_server
from podion.cli.material import Material, as_jsonl, bad_rows, is_rich, material
from podion.cli.newborn import tell_newborn
from podion.cli.output import Bar
from podion.cli.own_story import followed_run, tell_own
from podion.cli.short_story import tell_short
from podion.cli.telling import Step, Told
from podion.hosting.bases import install_base
from podion.settings import Settings
from podion.vertical import Task, Vertical

_NEXT = (
    "Next:  podion demo --vertical NAME   the story of another vertical (podion plugins list)",
    "       make serve                    the server, on http://127.0.0.1:8000/docs",
    "       podion doctor                 what is well and what is not",
    "       podion fit --help             one fine-tune on a file of yours, without a server",
)


def tell(settings: Settings, names: tuple[str, ...], data: Path | None) -> Told:
    """Tell the story of each named vertical on a fresh state folder.

    With no names, of every vertical that ships a sample, and at the end of one that `podion plugins new` wrote.
    """
    catalogue = load_plugins()
    verticals = _chosen(catalogue, names)
    bar = Bar()
    install_base(
        settings.base, settings.bases, lambda stage, share: bar.update(f"base {settings.base}: {stage}", share)
    )
    bar.close()
    told = Told()
    started = time.monotonic()
    with local_server(settings) as (url, operator_key):
        for vertical in verticals:
            _tell(told, url, operator_key, vertical, data)
    if not names:
        tell_newborn(told, settings)
    told.facts["seconds"] = round(time.monotonic() - started, 1)
    told.lines = [*_ending(told, settings), *told.lines, "", *_NEXT]
    return told


def _ending(told: Told, settings: Settings) -> list[str]:
    took = f"on base {settings.base} in {told.facts['seconds']} s"
    if not told.steps:
        return [f"That was it, {took}."]
    return [f"What happened, {took}, accuracy on the same unseen texts:", "", *told.table()]


def _chosen(catalogue: Catalogue, names: tuple[str, ...]) -> list[Vertical]:
    if names:
        return [catalogue.vertical(name) for name in names]
    return [each for each in catalogue.verticals.values() if each.sample is not None]


def _tell(told: Told, url: str, operator_key: str, vertical: Vertical, data: Path | None) -> None:
    """A new tenant's story of one vertical: the plugin's own, the long one of labelled texts, or the short one."""
    operator = Client(url, operator_key)
    name = f"acme-{vertical.path}"
    made = operator.post("/v1/admin/tenants", {"name": name})
    operator.close()
    client = Client(url, made["key"])
    client.put(f"/v1/verticals/{vertical.name}", {"config": {}})
    told.say("Tenant", f"{name}, key {made['key'][:13]}… (shown once), {vertical.name} enabled")
    if vertical.story is not None:
        tell_own(told, client, vertical)
    elif is_rich(vertical):
        _Story(told, client, vertical, material(vertical, data)).tell()
    else:
        tell_short(told, client, vertical)
    client.close()


class _Story:
    """One tenant, one vertical, from the first key to the way back."""

    def __init__(self, told: Told, client: Client, vertical: Vertical, things: Material) -> None:
        self._told = told
        self._client = client
        self._vertical = vertical
        self._task: Task = vertical.tasks[0]
        self._path = f"/v1/{vertical.path}"
        self._things = things
        self._since = time.monotonic()

    def tell(self) -> None:
        """Tell it."""
        dataset = self._records()
        self._day_one()
        first = self._run("Fine-tune", dataset, "lora")
        self._deploy("Deploy", first)
        self._conversation()
        grown = self._feedback(dataset)
        second = self._run("Second run", grown, "head")
        live = self._deploy("Deploy again", second)
        self._rollback(live, first)
        self._bill()

    def _records(self) -> str:
        body = as_jsonl(self._things.upload) + b"\n".join(row for _, row in bad_rows()) + b"\n"
        made = self._client.upload(f"{self._path}/datasets", body, task=self._task.name)
        rows = made["report"]
        errors = self._client.get(f"{self._path}/datasets/{made['id']}/errors")["data"]
        self._told.say(
            "Records",
            f"{rows['read']:,} read from {self._things.source}: {rows['kept']:,} kept, "
            f"{rows['duplicate_count']} duplicates, {rows['refused']} refused, {len(made['labels'])} labels",
            dataset_rows=made["rows"],
        )
        for error in errors:
            self._told.say("", f"line {error['line']:,} {error['field'] or '(row)'}: {error['reason']}")
        return str(made["id"])

    def _day_one(self) -> None:
        accuracy, milliseconds = self._accuracy()
        self._step("Day one", "zero-shot", accuracy)
        self._told.say(
            "Day one",
            f"zero-shot, before any training: accuracy {accuracy:.3f} on "
            f"{len(self._things.test)} unseen texts, {milliseconds:.1f} ms a text",
            zero_shot_accuracy=round(accuracy, 4),
        )

    def _run(self, chapter: str, dataset: str, method: str) -> dict[str, Any]:
        started = time.monotonic()
        ended = followed_run(self._client, self._path, self._task.name, dataset, method)
        report = ended["report"]
        metrics = report["metrics"].get("test") or report["metrics"]["validation"]
        self._told.say(
            chapter,
            f"{method}, {report['rows']['train']:,} rows, {time.monotonic() - started:.0f} s: held-out "
            f"accuracy {metrics['accuracy']:.3f}, macro-F1 {metrics['macro_f1']:.3f}, ECE {metrics['ece']:.3f} "
            f"({report['trainable_parameters']:,} parameters)",
            **{f"{chapter.lower().replace(' ', '_').replace('-', '_')}_accuracy": metrics["accuracy"]},
        )
        return ended

    def _deploy(self, chapter: str, run: dict[str, Any]) -> dict[str, Any]:
        made = self._client.post(f"{self._path}/deployments", {"task": self._task.name, "adapter": run["adapter"]})
        accuracy, milliseconds = self._accuracy()
        self._step(chapter, f"{run['report']['method']} {run['adapter'][:12]}…", accuracy)
        self._told.say(
            chapter,
            f"adapter {run['adapter'][:12]}… is live: accuracy {accuracy:.3f} on the same "
            f"{len(self._things.test)} texts, {milliseconds:.1f} ms a text",
            **{f"{chapter.lower().replace(' ', '_')}_live_accuracy": round(accuracy, 4)},
        )
        return made

    def _conversation(self) -> None:
        texts = [*self._things.questions, self._things.out_of_scope]
        answers = self._ask(texts)
        for text, answer in zip(texts, answers, strict=True):
            verdict = "abstains: out of scope, or not sure enough" if answer["abstained"] else answer["label"]
            self._told.say("A question", f"“{text}” → {verdict} ({answer['confidence']:.2f})")
        self._told.facts["out_of_scope_refused"] = bool(answers[-1]["abstained"])

    def _feedback(self, dataset: str) -> str:
        rows = self._things.feedback
        answers = self._ask([str(row["text"]) for row in rows])
        wrong = 0
        for row, answer in zip(rows, answers, strict=True):
            wrong += answer["label"] != row["label"]
            self._client.post(
                f"{self._path}/feedback", {"prediction_id": answer["prediction_id"], "label": row["label"]}
            )
        grown = self._client.post(f"{self._path}/datasets/{dataset}:grow", {"feedback": True})
        self._told.say(
            "Feedback",
            f"{len(rows)} answers reviewed, {wrong} of them corrected; the dataset grew to {grown['rows']:,} rows",
            grown_rows=grown["rows"],
        )
        return str(grown["id"])

    def _rollback(self, live: dict[str, Any], first: dict[str, Any]) -> None:
        started = time.monotonic()
        back = self._client.post(f"{self._path}/deployments/{live['id']}:rollback")
        took = (time.monotonic() - started) * 1e3
        accuracy, _ = self._accuracy()
        self._step("Rollback", f"{first['report']['method']} {back['adapter'][:12]}…", accuracy)
        self._told.say(
            "Rollback",
            f"one call, {took:.0f} ms: {back['adapter'][:12]}… serves again",
            rolled_back_to_first=back["adapter"] == first["adapter"],
        )

    def _bill(self) -> None:
        meters = self._client.get("/v1/usage")["meters"]
        text = ", ".join(f"{value:,.0f} {name.replace('_', ' ')}" for name, value in sorted(meters.items()))
        self._told.say("Bill", text, usage=meters)

    def _step(self, step: str, answers: str, accuracy: float) -> None:
        now = time.monotonic()
        self._told.steps.append(
            Step(vertical=self._vertical.name, step=step, answers=answers, accuracy=accuracy, seconds=now - self._since)
        )
        self._since = now

    def _accuracy(self) -> tuple[float, float]:
        rows = self._things.test
        started = time.monotonic()
        answers = self._ask([str(row["text"]) for row in rows])
        milliseconds = (time.monotonic() - started) * 1e3 / len(rows)
        right = sum(answer["label"] == row["label"] for row, answer in zip(rows, answers, strict=True))
        return right / len(rows), milliseconds

    def _ask(self, texts: list[str]) -> list[dict[str, Any]]:
        answer = self._client.post(f"{self._path}/parse", {"texts": texts})
        return list(answer["answers"])
