"""Children forked from a process of their own: they live, end, are ended, and never outlive whom they belong to."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from podion.jobs import lifeline
from podion.jobs.nursery import Nursery, Nursling

NURSERY = """
import os, sys, threading, time
from podion.jobs import lifeline, nursery

started = os.getpid()

def work(words):
    what, *rest, line = words
    lifeline.watch(int(line))
    if what == "write":
        with open(rest[0], "w") as file:
            file.write(f"{os.getppid() == started} {threading.active_count()}")
        return 0
    if what == "return":
        return int(rest[0])
    if what == "exit":
        sys.exit("with words")
    if what == "raise":
        raise RuntimeError("no good")
    time.sleep(60)
    return 0

nursery.serve(int(sys.argv[1]), work, float(sys.argv[2]))
"""

Make = Callable[..., Nursery]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Nursery] = []

    def nursery(idle_seconds: float = 60.0, code: str = NURSERY) -> Nursery:
        def start(descriptor: int) -> subprocess.Popen[bytes]:
            command = [sys.executable, "-c", code, str(descriptor), str(idle_seconds)]
            return subprocess.Popen(command, pass_fds=(descriptor,), stderr=subprocess.DEVNULL)

        made.append(Nursery(start))
        return made[-1]

    yield nursery
    for each in made:
        each.close()


def parent_of(child: Nursling) -> psutil.Process:
    found = psutil.Process(child.pid).parent()
    assert found is not None and found.pid != os.getpid()
    return found


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while psutil.pid_exists(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not psutil.pid_exists(pid)


def test_a_child_does_what_it_is_told_in_a_process_of_its_own(make: Make, tmp_path: Path) -> None:
    child = make().child("write", str(tmp_path / "told"))
    assert child.wait(10) == 0
    assert (tmp_path / "told").read_text() == "True 2", "its own thread and that of the lifeline, none of the parent's"


@pytest.mark.parametrize(("words", "code"), [(["return", "7"], 7), (["exit"], 1), (["raise"], 1)])
def test_how_it_ended_is_told(make: Make, words: list[str], code: int) -> None:
    child = make().child(*words)
    assert child.wait(10) == code
    assert child.poll() == code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_child_is_ended_and_its_siblings_live_on(make: Make, number: signal.Signals) -> None:
    nursery = make()
    first, second = nursery.child("sleep"), nursery.child("sleep")
    assert (first.poll(), second.poll()) == (None, None)
    first.terminate() if number == signal.SIGTERM else first.kill()
    assert first.wait(10) == -number
    first.kill()
    assert second.poll() is None
    assert parent_of(second).pid == nursery._process.pid  # type: ignore[union-attr]


def test_waiting_has_an_end(make: Make) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        make().child("sleep").wait(0.1)


def test_when_the_nursery_is_killed_its_children_end_and_the_next_has_a_new_one(make: Make) -> None:
    nursery = make()
    child = nursery.child("sleep")
    parent = parent_of(child)
    parent.kill()
    assert child.wait(10) == lifeline.EXIT_CODE
    assert gone(child.pid)
    another = nursery.child("sleep")
    assert another.poll() is None
    assert parent_of(another).pid != parent.pid


def test_a_nursery_with_nothing_to_do_ends_and_one_with_a_child_does_not(make: Make, tmp_path: Path) -> None:
    nursery = make(idle_seconds=0.3)
    child = nursery.child("sleep")
    parent = parent_of(child)
    time.sleep(0.8)
    assert parent.is_running() and child.poll() is None
    child.kill()
    assert child.wait(10) == -signal.SIGKILL
    parent.wait(10)
    assert nursery.child("return", "0").wait(10) == 0


def test_one_that_cannot_start_is_an_error(make: Make) -> None:
    with pytest.raises(OSError, match="nursery"):
        make(code="raise SystemExit(4)").child("sleep")


def test_nothing_outlives_the_parent(tmp_path: Path) -> None:
    parent = f"""
import subprocess, sys, time
from podion.jobs.nursery import Nursery
def start(descriptor):
    return subprocess.Popen([sys.executable, "-c", {NURSERY!r}, str(descriptor), "60"], pass_fds=(descriptor,))
nursery = Nursery(start)
print(nursery.child("sleep").pid, nursery._process.pid, flush=True)
time.sleep(60)
"""
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    below = [int(number) for number in process.stdout.readline().split()]
    assert len(below) == 2 and all(map(psutil.pid_exists, below))
    process.kill()
    process.wait()
    process.stdout.close()
    assert all(map(gone, below))
