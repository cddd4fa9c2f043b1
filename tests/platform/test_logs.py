"""A log tells where something broke and of what kind it was, never what an exception says of a tenant's data."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

from podion.logs import told


class Remark(BaseModel):
    stars: int


def caught(text: str) -> BaseException:
    try:
        try:
            Remark.model_validate({"stars": text})
        except ValueError as error:
            raise RuntimeError(f"cannot use {text}") from error
    except RuntimeError as error:
        return error
    raise AssertionError


def test_a_traceback_has_places_and_kinds_and_no_words() -> None:
    text = told(caught("canary"))
    assert "canary" not in text
    assert text.index("ValidationError") < text.index("RuntimeError")
    assert "test_logs.py" in text
    assert "in caught" in text


def test_what_the_system_says_is_kept_without_names() -> None:
    try:
        Path("/no/such/canary").read_text("utf-8")
    except OSError as error:
        text = told(error)
    assert text.endswith("FileNotFoundError: No such file or directory")


def test_groups_are_told_one_by_one_and_circles_end() -> None:
    text = told(ExceptionGroup("canary", [ValueError("canary"), KeyError("canary")]))
    assert "ValueError" in text and "KeyError" in text and "canary" not in text
    one, other = ValueError(), KeyError()
    one.__cause__, other.__cause__ = other, one
    assert told(one).count("ValueError") == 1


@pytest.mark.parametrize(
    "code",
    [
        "raise ValueError('canary')",
        "import threading; threading.Thread(target=int, args=('canary',)).start()",
        "import warnings; warnings.warn('canary')",
        "import logging; logging.getLogger('x').exception('failed', exc_info=ValueError('canary'))",
        "import asyncio\nasync def f():\n t = asyncio.create_task(asyncio.sleep(0, 1/0 if 0 else None))\n await t\n"
        "asyncio.run(f()); raise KeyError('canary')",
    ],
)
def test_no_way_out_of_a_process_tells_them(code: str) -> None:
    program = f"from podion.logs import start_log\nstart_log('test', 'debug')\n{code}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "canary" not in done.stderr
    assert "Error" in done.stderr or "Warning" in done.stderr
