"""`podion customer-service golden`: golden conversations of a file against a running server."""

import json
from pathlib import Path
from typing import Annotated

import httpx
import typer

from podion import DataError, PodionError
from podion_customer_service.golden import MOST_CONVERSATIONS, GoldenConversation, GoldenReport, coverage

_PATH = "/v1/customer-service/e2e-tests:run"


def add_commands(cli: typer.Typer) -> None:
    """Add the commands of customer service."""
    cli.callback(help="Customer service.")(lambda: None)
    cli.command("golden")(golden)


def golden(
    file: Annotated[Path, typer.Argument(help="JSON Lines, one conversation a line", exists=True, dir_okay=False)],
    key: Annotated[str, typer.Option(envvar="PODION_KEY", help="a key with the scope `data`")],
    url: Annotated[str, typer.Option(help="the server")] = "http://127.0.0.1:8000",
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Run golden conversations and say which went otherwise; exits with 1 when one did."""
    report = run_file(file, url, key)
    typer.echo(report.model_dump_json() if as_json else told(report))
    raise typer.Exit(1 if report.failed else 0)


def run_file(file: Path, url: str, key: str) -> GoldenReport:
    """Return the report of a whole file, which is sent in parts; raises `PodionError` with what the server said."""
    conversations = read_file(file)
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, headers=headers, timeout=120) as client:
        parts = [
            _sent(client, conversations[first : first + MOST_CONVERSATIONS])
            for first in range(0, len(conversations), MOST_CONVERSATIONS)
        ]
    return merged(parts)


def read_file(file: Path) -> list[GoldenConversation]:
    """Return the conversations of a file; raises `DataError` with the first line that is none."""
    found = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            try:
                found.append(GoldenConversation.model_validate_json(line))
            except ValueError as error:
                raise DataError(f"{file.name}, line {number} is no golden conversation: {error}") from error
    if not found:
        raise DataError(f"{file.name} holds no conversation: write one JSON object a line")
    return found


def merged(parts: list[GoldenReport]) -> GoldenReport:
    """Return one report of the reports of a file's parts."""
    intents = [part.intents for part in parts]
    templates = [part.templates for part in parts]
    return GoldenReport(
        passed=sum(part.passed for part in parts),
        failed=sum(part.failed for part in parts),
        failures=[failure for part in parts for failure in part.failures],
        intents=coverage(
            {*intents[0].touched, *intents[0].missing}, {each for part in intents for each in part.touched}
        ),
        templates=coverage(
            {*templates[0].touched, *templates[0].missing}, {each for part in templates for each in part.touched}
        ),
    )


def told(report: GoldenReport) -> str:
    """Return a report as people read it."""
    lines = [f"{report.passed} passed, {report.failed} failed"]
    for failure in report.failures:
        lines += [f"✗ {failure.name}, turn {failure.turn}: {failure.say}", f"    bot: {failure.bot or '(silent)'}"]
        lines += [f"    {each.what}: expected {each.expected!r}, got {each.got!r}" for each in failure.differences]
    for name, part in (("intents", report.intents), ("templates", report.templates)):
        missing = f", not touched: {', '.join(part.missing)}" if part.missing else ""
        lines.append(f"{name}: {len(part.touched)} of {len(part.touched) + len(part.missing)}{missing}")
    return "\n".join(lines)


def _sent(client: httpx.Client, conversations: list[GoldenConversation]) -> GoldenReport:
    body = {"conversations": [each.model_dump(mode="json", exclude_unset=True) for each in conversations]}
    response = client.post(_PATH, content=json.dumps(body), headers={"Content-Type": "application/json"})
    if not response.is_success:
        raise PodionError(f"POST {_PATH} answered {response.status_code}: {response.text[:500]}")
    return GoldenReport.model_validate_json(response.content)
