"""Commits a second and the time of a backup, on SQLite and on PostgreSQL: `python benchmarks/storage.py [--quick]`.

PostgreSQL runs here with fsync on, on the same disk; without its programs the figure is null. Each commit is one small
row, acknowledged; `grouped` are 64 requests at once in one process, `two_processes` two such processes.
"""

import argparse
import asyncio
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from podion.storage import audit, tenants
from podion.storage.backup import write_backup
from podion.storage.database import Database
from podion.storage.files import Files
from podion.storage.restore import read_backup

CLUSTER = Path(__file__).parents[1] / "tests" / "fixtures" / "postgresql" / "cluster.py"


def single(database: Database, seconds: float) -> float:
    """Commits a second of one thread that waits for each."""
    started, made = time.monotonic(), 0
    while time.monotonic() - started < seconds:
        with database.writing() as c:
            audit.add(c, "ten", "bench", "single", "x")
        made += 1
    return made / (time.monotonic() - started)


def grouped(database: Database, seconds: float, lanes: int = 64) -> float:
    """Acknowledged writes a second of many coroutines."""
    started, made = time.monotonic(), 0

    async def lane() -> None:
        nonlocal made
        while time.monotonic() - started < seconds:
            await database.write(lambda c: audit.add(c, "ten", "bench", "grouped", "x"))
            made += 1

    async def story() -> None:
        await asyncio.gather(*(lane() for _ in range(lanes)))

    asyncio.run(story())
    return made / (time.monotonic() - started)


def two_processes(url: str, seconds: float) -> float:
    command = [sys.executable, __file__, "--lane", url, "--seconds", str(seconds)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    return sum(float(process.communicate()[0]) for process in running)


def measure(url: str, other: str, folder: Path, seconds: float, rows: int) -> dict[str, Any]:
    database = Database(url)
    database.migrate()
    with database.writing() as c:
        tenants.insert(c, tenants.TenantRow(id="ten", name="ten"))
    found: dict[str, Any] = {
        "single_per_second": round(single(database, seconds)),
        "grouped_per_second": round(grouped(database, seconds)),
        "two_processes_per_second": round(two_processes(url, seconds)),
    }
    with database.writing() as c:
        for number in range(rows):
            audit.add(c, "ten", "bench", f"row {number}", "x", {"n": number})
    files = Files(folder / "files")
    made = write_backup(database, files, folder / "backup.zip", secrets={}, progress=lambda *_: None)
    target = Database(other)
    back = read_backup(target, Files(folder / "back"), made.file, secrets=folder, progress=lambda *_: None)
    found |= {"backup_rows": sum(made.rows.values()), "backup_seconds": made.seconds, "restore_seconds": back.seconds}
    for each in (database, target):
        each.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--lane")
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    if options.lane:
        database = Database(options.lane)
        print(grouped(database, options.seconds))
        database.close()
        return
    seconds, rows = (1.5, 20_000) if options.quick else (options.seconds, 200_000)
    spec = importlib.util.spec_from_file_location("cluster", CLUSTER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["cluster"] = module
    spec.loader.exec_module(module)
    found: dict[str, Any] = {"postgresql": None}
    with tempfile.TemporaryDirectory() as place, module.running(fsync="on") as cluster:
        for kind in ("sqlite", "postgresql"):
            folder = Path(place) / kind
            folder.mkdir()
            if kind == "sqlite":
                url, other = (f"sqlite:///{folder / name}.sqlite" for name in ("a", "b"))
            elif cluster is not None:
                url, other = (cluster.url(cluster.create()) for _ in range(2))
            else:
                found["postgresql_reason"] = module.ABSENT
                continue
            found[kind] = measure(url, other, folder, seconds, rows)
    text = json.dumps(found, indent=1)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
