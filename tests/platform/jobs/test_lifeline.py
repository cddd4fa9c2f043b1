import os
import signal
import subprocess
import sys
import time

from podion.jobs import lifeline

CHILD = r"""
import os, sys, time
from podion.jobs import lifeline
lifeline.watch(int(sys.argv[1]))
os.write(1, b"watching\n")  # one write, so that two children do not share a line
time.sleep(60)
"""

PARENT = f"""
import subprocess, sys, time
from podion.jobs import lifeline
line = lifeline.create()
for _ in range(2):
    subprocess.Popen([sys.executable, "-c", {CHILD!r}, str(line.child_end)], pass_fds=(line.child_end,))
time.sleep(60)
"""


def test_killing_the_parent_ends_its_children() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert [parent.stdout.readline().strip() for _ in range(2)] == ["watching"] * 2
    started = time.monotonic()
    parent.send_signal(signal.SIGKILL)
    # The children share the parent's standard output: it ends when the last of them has.
    assert parent.stdout.read() == ""
    assert time.monotonic() - started < 5
    assert parent.wait() == -signal.SIGKILL
    parent.stdout.close()


def test_a_child_ends_with_code_3_when_the_line_is_closed_and_not_before() -> None:
    line = lifeline.create()
    command = [sys.executable, "-c", CHILD, str(line.child_end)]
    child = subprocess.Popen(command, pass_fds=(line.child_end,), stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    # A byte on the line means nothing.
    os.write(line.parent_end, b"x")
    time.sleep(0.2)
    assert child.poll() is None
    line.close()
    assert child.wait(5) == lifeline.EXIT_CODE
    child.stdout.close()


def test_no_other_child_holds_the_line_open() -> None:
    line = lifeline.create()
    for end in (line.child_end, line.parent_end):
        assert not os.get_inheritable(end)
    line.close()
