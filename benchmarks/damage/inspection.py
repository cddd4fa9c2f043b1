"""What is in the database and in the files, held against what was acknowledged."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from damage.live import Live
from damage.writers import Ack, Writer
from damage.writes import OTHER, REPLACED, WRITES

ENDED = ("succeeded", "failed", "cancelled")
BY_KILL = ("worker_lost", "worker_died", "internal")
"""Reasons of a failure that would be the kill's."""

_SHOWN = 20


@dataclass
class Findings:
    """Everything found wrong, in words."""

    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)

    def tell(self) -> list[str]:
        """Return the first of each."""
        return [f"lost: {each}" for each in self.lost[:_SHOWN]] + [f"twice: {each}" for each in self.twice[:_SHOWN]]


@dataclass
class Inspector:
    """Looks into an installation at rest. `base` is how many rows each tenant's tables had before the writers began."""

    live: Live
    base: Mapping[tuple[str, str], int]
    findings: Findings = field(default_factory=Findings)
    checked_files: set[str] = field(default_factory=set)

    def inspect(self, writers: Sequence[Writer]) -> dict[str, int]:
        """Hold all that was acknowledged against the rows; return how the operations in flight had ended."""
        with closing(sqlite3.connect(f"file:{self.live.database}?mode=ro", uri=True, timeout=30)) as raw:
            raw.row_factory = sqlite3.Row
            for check in ("integrity_check", "foreign_key_check"):
                seen = [tuple(row) for row in raw.execute(f"PRAGMA {check}")]
                if seen not in ([], [("ok",)]):
                    self.findings.lost.append(f"{check}: {seen[:3]}")
            flying: dict[str, int] = {"kept": 0, "not kept": 0}
            for tenant in sorted({writer.world.tenant for writer in writers}):
                mine = [writer for writer in writers if writer.world.tenant == tenant]
                self._compare(raw, tenant, mine)
                self._count(raw, tenant, mine, flying)
                self._enablement(raw, tenant, mine)
                self._deployments(raw, tenant, mine)
                self._documents(raw, tenant, mine)
                self._bill(raw, tenant)
                for writer in mine:
                    writer.world.open_runs = _open_runs(raw, tenant)
            self._tenants(raw, writers)
        self._files(writers)
        return flying

    def _compare(self, raw: sqlite3.Connection, tenant: str, writers: Sequence[Writer]) -> None:
        rows: dict[str, dict[str, sqlite3.Row]] = {}
        for ack in (ack for writer in writers for ack in writer.acks if ack.write.columns):
            table = ack.write.table
            first, *_ = ack.write.columns
            if table not in rows:
                mine = "" if table == "tenants" else f" WHERE tenant = '{tenant}'"
                found = raw.execute(f"SELECT * FROM {table}{mine}")
                rows[table] = {str(row[ack.write.columns[first]]): row for row in found}
            row = rows[table].get(str(ack.answer[first]))
            if row is None:
                self.findings.lost.append(f"{ack.write.name} {ack.answer[first]}")
                continue
            for name, column in ack.write.columns.items():
                if not _same(ack.answer[name], row[column], table, name):
                    self.findings.lost.append(
                        f"{ack.write.name} {ack.answer[first]}: {name} was {ack.answer[name]!r}, is {row[column]!r}"
                    )
            if table == "jobs":
                self._run(ack, row)
            if table == "documents" and json.loads(row["body"])["text"] != ack.request.arguments["json"]["text"]:
                self.findings.lost.append(f"document {row['id']} says {row['body']}")
            if ack.write.name == "key revocation" and row["revoked_at"] is None:
                self.findings.lost.append(f"key {row['id']} works again")

    def _run(self, ack: Ack, row: sqlite3.Row) -> None:
        payload = json.loads(row["payload"])
        sent = ack.request.arguments.get("json", {})
        wrong = [name for name in ("dataset", "method", "seed") if name in sent and sent[name] != payload[name]]
        if wrong or (ack.answer["state"] in ENDED and row["state"] != ack.answer["state"]):
            self.findings.lost.append(f"run {row['id']} is another: {wrong}, {row['state']}")

    def _count(self, raw: sqlite3.Connection, tenant: str, writers: Sequence[Writer], flying: dict[str, int]) -> None:
        """Every table has a row for each acknowledged write, and at most one more for each that is in flight."""
        for table in {write.table for write in WRITES if write.adds and write.keyed and write.table != "tenants"}:
            known = rows_in(raw, table, tenant) - self.base[tenant, table]
            acked, begun = _sums(writers, table)
            if known > acked + begun:
                self.findings.twice.append(f"{table} of {tenant}: {known} rows of {acked} writes, {begun} in flight")
            if known < acked:
                self.findings.lost.append(f"{table} of {tenant}: {known} rows of {acked} writes")
            flying["kept"] += min(begun, max(0, known - acked))
            flying["not kept"] += max(0, begun - max(0, known - acked))

    def _tenants(self, raw: sqlite3.Connection, writers: Sequence[Writer]) -> None:
        known = rows_in(raw, "tenants", "") - self.base["", "tenants"]
        acked, begun = _sums(writers, "tenants")
        if known > acked + begun:
            self.findings.twice.append(f"{known} tenants of {acked} writes, {begun} in flight")

    def _enablement(self, raw: sqlite3.Connection, tenant: str, writers: Iterable[Writer]) -> None:
        for writer in writers:
            if writer.now is not None and writer.now.write.name == "enablement":
                continue
            told = [ack.request.method for ack in writer.acks if ack.write.name == "enablement"]
            if not told:
                continue
            query = "SELECT count(*) FROM enablements WHERE tenant = ? AND vertical = ?"
            found = raw.execute(query, (tenant, OTHER)).fetchone()[0]
            if found != (told[-1] == "PUT"):
                self.findings.lost.append(f"{OTHER} of {tenant}: last acknowledged {told[-1]}, enabled {bool(found)}")

    def _documents(self, raw: sqlite3.Connection, tenant: str, writers: Iterable[Writer]) -> None:
        """As many documents are billed, and as many revisions kept, as were acknowledged or are in flight."""
        acked = Counter(ack.write.name for writer in writers for ack in writer.acks)
        begun = Counter(writer.now.write.name for writer in writers if writer.now is not None)
        revision = "SELECT coalesce(max(revision), 0) FROM documents WHERE tenant = ? AND id = ?"
        billed = "SELECT coalesce(sum(quantity), 0) FROM usage WHERE tenant = ? AND meter = ?"
        for what, query, of, kinds in (
            ("revisions", revision, REPLACED, ("replacement",)),
            ("billed documents", billed, "documents", ("document", "replacement")),
        ):
            seen = raw.execute(query, (tenant, of)).fetchone()[0] - 1  # the one that was there before the writers
            least = sum(acked[kind] for kind in kinds)
            most = least + sum(begun[kind] for kind in kinds)
            if not least <= seen <= most:
                wrong = self.findings.lost if seen < least else self.findings.twice
                wrong.append(f"{tenant}: {seen} {what} of {least} writes, {most - least} in flight")

    def _deployments(self, raw: sqlite3.Connection, tenant: str, writers: Sequence[Writer]) -> None:
        """What is live was acknowledged last, or was in flight; no time has two that served, or none."""
        query = "SELECT id, from_at, to_at FROM deployments WHERE tenant = ? ORDER BY from_at, id"
        ledger = raw.execute(query, (tenant,)).fetchall()
        flying = any(writer.now is not None and writer.now.write.table == "deployments" for writer in writers)
        last = writers[0].world.deployments[-1:]
        if last and last[0] not in [row["id"] for row in ledger[-1 - flying :]]:
            self.findings.lost.append(f"{tenant}: live is {ledger[-1]['id'] if ledger else None}, not {last[0]}")
        gaps = [one["id"] for one, other in pairwise(ledger) if one["to_at"] != other["from_at"]]
        if gaps or [row["id"] for row in ledger if row["to_at"] is None] != [row["id"] for row in ledger[-1:]]:
            self.findings.twice.append(f"{tenant}: the ledger has gaps at {gaps[:3]}, or not just one is live")

    def _bill(self, raw: sqlite3.Connection, tenant: str) -> None:
        twice = (
            (
                "usage",  # documents are billed under the name of their collection: `_documents` counts them
                "SELECT meter, reference FROM usage WHERE tenant = ? AND meter <> 'documents'"
                " GROUP BY 1, 2 HAVING count(*) > 1",
            ),
            (
                "audit",
                "SELECT action, target FROM audit WHERE tenant = ?"
                " AND (action LIKE '%.create' OR action = 'deployment') GROUP BY 1, 2 HAVING count(*) > 1",
            ),
            ("segments", "SELECT document FROM segments WHERE tenant = ? GROUP BY 1 HAVING count(*) > 1"),
            ("feedback", "SELECT value FROM feedback WHERE tenant = ? GROUP BY 1 HAVING count(*) > 1"),
            (
                "runs",
                "SELECT json_extract(payload, '$.seed') FROM jobs WHERE tenant = ? GROUP BY 1 HAVING count(*) > 1",
            ),
        )
        for name, query in twice:
            for row in raw.execute(query, (tenant,)).fetchall():
                self.findings.twice.append(f"{name} of {tenant}: {tuple(row)}")

    def _files(self, writers: Iterable[Writer]) -> None:
        """Every acknowledged dataset has its file, whose records are those that were sent."""
        for writer in writers:
            for ack in writer.acks:
                if ack.write.table != "datasets" or ack.answer["id"] in self.checked_files:
                    continue
                self.checked_files.add(ack.answer["id"])
                path = self.live.home / "files" / "tenants" / writer.world.tenant / "datasets" / ack.answer["id"]
                kept = _records(path.with_suffix(".jsonl").read_bytes())
                sent = _records(ack.request.arguments["content"])
                if kept[-len(sent) :] != sent or len(kept) != ack.answer["rows"]:
                    self.findings.lost.append(f"dataset {ack.answer['id']}: its file holds something else")


def rows_in(raw: sqlite3.Connection, table: str, tenant: str) -> int:
    """Return how many rows a table has for a tenant, or for everyone with an empty name."""
    mine = f" WHERE tenant = '{tenant}'" if tenant else ""
    return int(raw.execute(f"SELECT count(*) FROM {table}{mine}").fetchone()[0])


def counts(live: Live, tenants: Sequence[str]) -> dict[tuple[str, str], int]:
    """Return how many rows each tenant has in each table that writes add to."""
    with closing(sqlite3.connect(f"file:{live.database}?mode=ro", uri=True, timeout=30)) as raw:
        tables = {write.table for write in WRITES if write.adds and write.table != "tenants"}
        found = {(tenant, table): rows_in(raw, table, tenant) for tenant in tenants for table in tables}
        return {**found, ("", "tenants"): rows_in(raw, "tenants", "")}


def _sums(writers: Sequence[Writer], table: str) -> tuple[int, int]:
    """Return how many writes to a table were acknowledged, and how many are in flight."""
    acked = sum(ack.write.table == table and ack.write.adds for writer in writers for ack in writer.acks)
    begun = [writer.now for writer in writers if writer.now is not None and writer.now.tries]
    return acked, sum(each.write.table == table and each.write.adds for each in begun)


def _open_runs(raw: sqlite3.Connection, tenant: str) -> int:
    query = "SELECT count(*) FROM jobs WHERE tenant = ? AND state IN ('queued', 'running')"
    return int(raw.execute(query, (tenant,)).fetchone()[0])


def _same(answered: Any, stored: Any, table: str, name: str) -> bool:
    if table in ("datasets", "deployments") and name == "task":
        return str(stored).endswith(str(answered))
    return bool(answered == stored)


def _records(lines: bytes) -> list[Any]:
    return [{k: v for k, v in json.loads(line).items() if k in ("text", "label")} for line in lines.splitlines()]
