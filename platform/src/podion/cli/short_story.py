"""The story of a vertical that brings a sample and no story of its own: answers at once, then its own adapter."""

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from podion.cli.client import Client
from podion.cli.material import as_jsonl
from podion.cli.own_story import followed_run
from podion.cli.telling import Told
from podion.vertical import Task, Vertical

_SHOWN = 3


def tell_short(told: Told, client: Client, vertical: Vertical) -> None:
    """Ask the first task, upload the sample, fine-tune, deploy, ask again; facts stand under the vertical's name."""
    task = vertical.tasks[0]
    path = f"/v1/{vertical.path}"
    text = files(f"podion_{vertical.name}").joinpath(vertical.sample or "").read_text("utf-8")
    rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    first = _asked(client, vertical, task, rows[:_SHOWN])
    made = client.upload(f"{path}/datasets", as_jsonl(rows), task=task.name)
    told.say("Records", f"{made['rows']} rows of the plugin's own sample, {len(made['labels'])} labels")
    run = followed_run(client, path, task.name, made["id"], "auto")
    measured = run["report"]["metrics"]["validation"].get(task.primary_metric.name)
    said = "" if measured is None else f": {task.primary_metric.name} {measured:.3f} on rows kept apart"
    told.say("Fine-tune", f"{run['report']['method']}{said}")
    client.post(f"{path}/deployments", {"task": task.name, "adapter": run["adapter"]})
    second = _asked(client, vertical, task, rows[:_SHOWN])
    for row, before, after in zip(rows, first, second, strict=False):
        told.say("A question", f"“{_shown(task, row)}” → day one {before}, now {after}")
    told.facts[vertical.name] = {
        "rows": made["rows"],
        "adapter": run["adapter"],
        "method": run["report"]["method"],
        "answers": second,
    }


def _shown(task: Task, row: dict[str, Any]) -> str:
    """What a row says, cut short."""
    return " / ".join(str(row.get(name, ""))[:60] for name in task.texts)


def _asked(client: Client, vertical: Vertical, task: Task, rows: Sequence[dict[str, Any]]) -> list[str]:
    """What the task answers, by the protocol that every vertical speaks."""
    records = [json.dumps({name: value for name, value in row.items() if name != task.label}) for row in rows]
    tensor = {"name": "record", "shape": [len(records)], "datatype": "BYTES", "data": records}
    reply = client.post(f"/v2/models/{vertical.name}.{task.name}/infer", {"inputs": [tensor]})
    label = next(each for each in reply["outputs"] if each["name"] == "label")
    return [str(each) for each in label["data"]]
