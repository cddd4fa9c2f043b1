"""`podion fit | evaluate | predict | split`: fine-tuning outside a server, on files."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from podion.cli.output import Bar, Json, say, show, told

if TYPE_CHECKING:
    from podion.finetuning.progress import Progress
    from podion.settings import Settings

Map = Annotated[list[str] | None, typer.Option("--map", help="field=column, repeatable")]
Drop = Annotated[list[str] | None, typer.Option("--drop", help="column to leave out, repeatable")]
File = Annotated[Path, typer.Option(help=".csv or .jsonl, plain or .gz")]
MaybeFile = Annotated[Path | None, typer.Option(help=".csv or .jsonl, plain or .gz")]


def fit(
    task: Annotated[str, typer.Argument(help="vertical/task, for example customer_service/intent")],
    train: File,
    out: Annotated[Path, typer.Option(help="folder for the adapter; must not hold one")],
    validation: MaybeFile = None,
    test: MaybeFile = None,
    method: Annotated[str, typer.Option(help="auto, zero-shot, few-shot, head, lora …: what the task allows")] = "auto",
    shots: Annotated[int | None, typer.Option(min=1, help="with few-shot: rows a label")] = None,
    base: Annotated[str | None, typer.Option(help="default: PODION_BASE or me5-small")] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    map_: Map = None,
    drop: Drop = None,
    challengers: Annotated[bool, typer.Option(help="fit the task's challengers too, for the report")] = True,
    items: Annotated[Path | None, typer.Option(help="what labels are ids of, with texts: .csv or .jsonl")] = None,
    items_map: Annotated[list[str] | None, typer.Option(help="field=column of --items, repeatable")] = None,
    as_json: Json = False,
) -> None:
    """Make an adapter from files: a folder that `evaluate` and `predict` read and plain `peft` can load."""
    from podion.lifecycle.offline import OfflineFit, fit_files

    bar = Bar()

    def progress(p: "Progress") -> None:
        note = "" if p.value is None else f"{p.metric} {p.value:.4f}"
        bar.update(p.stage, p.fraction, note)

    with told():
        wanted = OfflineFit(
            task=task,
            train=train,
            validation=validation,
            test=test,
            method=method,
            shots=shots,
            base=base,
            seed=seed,
            rename=_renames(map_),
            drop=tuple(drop or ()),
            out=out,
            challengers=challengers,
            items=items,
            rename_items=_renames(items_map),
        )
        result = fit_files(wanted, _settings(), progress=progress, say=say)
        bar.close()
    lines = [f"{result['method']} adapter of {result['task']} on {result['base']}: {out}"]
    for part, metrics in result["metrics"].items():
        lines += [f"  {part:<11} {name} {value:.4f}" for name, value in _numbers(metrics)]
        for rival, measured in metrics.get("challengers", {}).items():
            told_of = [measured["error"]] if "error" in measured else [f"{n} {v:.4f}" for n, v in _numbers(measured)]
            lines += [f"  {part:<11} challenger {rival}: {line}" for line in told_of]
    lines.append(f"  {result['trainable_parameters']:,} trainable parameters, {result['cpu_seconds']:.1f} CPU seconds")
    show(result, as_json=as_json, lines=lines)


def evaluate(
    adapter: Annotated[Path, typer.Argument(help="adapter folder")],
    data: File,
    map_: Map = None,
    drop: Drop = None,
    as_json: Json = False,
) -> None:
    """Measure an adapter folder on a labelled file."""
    from podion.lifecycle.offline import evaluate_file

    with told():
        result = evaluate_file(adapter, data, _renames(map_), tuple(drop or ()), _settings(), say=say)
    lines = [f"{result['rows']:,} rows", *(f"  {name} {value:.4f}" for name, value in _numbers(result["metrics"]))]
    show(result, as_json=as_json, lines=lines)


def predict(
    adapter: Annotated[Path, typer.Argument(help="adapter folder")],
    data: File,
    out: Annotated[Path, typer.Option(help="where the answers go: one JSON object a line, in input order")],
    map_: Map = None,
    drop: Drop = None,
    as_json: Json = False,
) -> None:
    """Answer every record of a file with an adapter folder."""
    from podion.lifecycle.offline import predict_file

    with told():
        count = predict_file(adapter, data, out, _renames(map_), tuple(drop or ()), _settings(), say=say)
    show({"rows": count, "out": str(out)}, as_json=as_json, lines=[f"{count:,} answers in {out}"])


def split(
    file: Annotated[Path, typer.Argument(help=".csv or .jsonl, plain or .gz")],
    out: Annotated[Path, typer.Option(help="folder for the parts")],
    test: Annotated[float, typer.Option(help="share of the test part")] = 0.2,
    seed: Annotated[int, typer.Option()] = 2026,
    stratify: Annotated[str | None, typer.Option(help="column whose values keep their shares")] = None,
    group: Annotated[str | None, typer.Option(help="column whose values never part")] = None,
    time: Annotated[str | None, typer.Option(help="column of times: what is tested is later")] = None,
    last: Annotated[str | None, typer.Option(help="column of whose the rows are: the last of each is tested")] = None,
    as_json: Json = False,
) -> None:
    """Part a file into `train` and `test`."""
    from podion.data.split_files import split_file

    with told():
        parts = split_file(file, out, share=test, seed=seed, stratify=stratify, group=group, time=time, last=last)
    result = {
        "train": str(parts.train),
        "test": str(parts.test),
        "rows": {"train": parts.train_rows, "test": parts.test_rows},
    }
    show(
        result,
        as_json=as_json,
        lines=[f"{parts.train_rows:,} rows in {parts.train}", f"{parts.test_rows:,} rows in {parts.test}"],
    )


def add(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("fit")(fit)
    app.command("evaluate")(evaluate)
    app.command("predict")(predict)
    app.command("split")(split)


def _settings() -> "Settings":
    from podion.settings import load_settings

    return load_settings()


def _renames(pairs: list[str] | None) -> dict[str, str]:
    from podion.data.columns import renames

    return renames(pairs or ())


def _numbers(metrics: dict[str, Any]) -> Iterator[tuple[str, float]]:
    for name, value in metrics.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield name, float(value)
