"""A vertical that did not exist a minute ago: written by `podion plugins new`, installed by pip, shown by the demo."""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from podion.cli.new_plugin import write_plugin
from podion.cli.telling import Told
from podion.errors import Unavailable
from podion.settings import Settings

NAME = "night_desk"
_SECONDS = 180


def tell_newborn(told: Told, settings: Settings) -> None:
    """Write a plugin, install it into a folder of its own, and let another `podion demo` show it to a new server.

    Raises `Unavailable` with what the command said when one of the steps fails.
    """
    folder = settings.home / "demo-plugin"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    written = write_plugin(NAME, folder)
    site = folder / "site"
    told.say("A sixth", f"podion plugins new {NAME}: {len(written.files)} files, installed by pip beside the others")
    _install(written.folder, site)
    path = os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", "podion", "demo", "--vertical", NAME, "--json"]
    facts = json.loads(_done(command, {**os.environ, "PYTHONPATH": path}))
    told.facts[NAME] = facts[NAME]
    told.say("Alive", f"{NAME} answers by an adapter of its own, {facts[NAME]['adapter'][:12]}…")


def _install(plugin: Path, site: Path) -> None:
    # With the build backend at hand nothing is fetched.
    backend = ["--no-build-isolation"] if find_spec("hatchling") else []
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    _done([*pip, *backend, "--target", str(site), str(plugin)], dict(os.environ))


def _done(command: list[str], environment: dict[str, str]) -> str:
    """What a command wrote to standard output; its progress goes where ours goes."""
    try:
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, timeout=_SECONDS, check=True)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"`{' '.join(command[2:])}` failed: {error}") from error
    return done.stdout
