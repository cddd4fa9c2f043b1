"""With this folder on PYTHONPATH every process writes down, and refuses, each socket that leaves the machine.

`PODION_GUARD` names the file: one JSON array a line, `["loaded", pid, argv]` or `["refused", pid, event, address]`.
"""

import ipaddress
import json
import os
import sys
from typing import Any

NAMED = {
    "socket.connect": 1,
    "socket.sendto": 1,
    "socket.sendmsg": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
}


def stays(address: Any) -> bool:
    """Return whether an address is a unix socket's, nobody's or this machine's own."""
    host = address[0] if isinstance(address, tuple) else address
    if host is None or (isinstance(address, str | bytes) and os.fsdecode(address).startswith(("/", "\0"))):
        return True
    text = os.fsdecode(host) if isinstance(host, str | bytes) else str(host)
    try:
        return ipaddress.ip_address(text.partition("%")[0]).is_loopback or text in ("0.0.0.0", "::")
    except ValueError:
        return text in ("", "localhost")


def write(file: str, *words: Any) -> None:
    """Append a line in one write."""
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, (json.dumps(words, default=str) + "\n").encode())
    finally:
        os.close(handle)


def watch(file: str) -> None:
    """Watch this process from now on."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in NAMED and not stays(arguments[NAMED[event]]):
            write(file, "refused", os.getpid(), event, str(arguments[NAMED[event]]))
            raise PermissionError(f"{event} to {arguments[NAMED[event]]}: nobody named this destination")

    sys.addaudithook(hook)
    write(file, "loaded", os.getpid(), sys.orig_argv)


if guard := os.environ.get("PODION_GUARD"):
    watch(guard)
