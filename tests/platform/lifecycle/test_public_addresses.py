"""Which addresses may be reached for a tenant; whom a name leads to is looked at once, and that one is connected to."""

import asyncio
import ipaddress
import socket
from typing import Any

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podion.errors import BadSettings, DataError
from podion.lifecycle.outbound import checked_url
from podion.lifecycle.public_addresses import AllowedAddresses, CheckedBackend, PrivateAddress, is_public

PRIVATE = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.168.1.1", "198.18.0.1", "224.0.0.1",
    "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1",
    "64:ff9b::7f00:1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%1", "fec0::1", "ff02::1", "2001::1",
    "2001:db8::1", "2002:7f00:1::", "3fff::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public_is_refused(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    with pytest.raises(PrivateAddress):
        AllowedAddresses().check("name", ["93.184.216.34", address])


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "93.184.216.34", "172.32.0.1", "2606:4700::1111"])
def test_what_is_public_is_not(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))
    AllowedAddresses().check("name", [address])


@given(st.ip_addresses())
def test_nothing_that_python_calls_special_is_public(address: Any) -> None:
    special = address.is_private or address.is_loopback or address.is_link_local or address.is_multicast
    assert not (is_public(address) and (special or address.is_reserved or address.is_unspecified))


def test_an_operator_may_allow_hosts_addresses_and_networks() -> None:
    allowed = AllowedAddresses(" Hooks.internal , 10.1.0.0/16,::1,127.0.0.1")
    for host, address in (("hooks.INTERNAL.", "10.9.9.9"), ("x", "10.1.2.3"), ("x", "::1"), ("x", "127.0.0.1")):
        allowed.check(host, [address])
    for host, address in (("hooks.internal.evil", "10.9.9.9"), ("x", "10.2.0.1"), ("x", "127.0.0.2")):
        with pytest.raises(PrivateAddress):
            allowed.check(host, [address])
    with pytest.raises(BadSettings, match=r"10\.1\.0\.0/99"):
        AllowedAddresses("10.1.0.0/99")


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "[::1]", "0"])
def test_every_way_to_write_the_machine_itself_is_resolved_and_refused(host: str) -> None:
    with pytest.raises(PrivateAddress):
        asyncio.run(AllowedAddresses().resolve(host.strip("[]"), 80))


@pytest.mark.parametrize(
    "url",
    ["ftp://x/", "file:///etc/passwd", "x", "", "http://", "//x/", "http://a:b@x/", "http://a@x/", "http://x:99999/",
     "http://" + "x" * 2_000, "gopher://x", "http://[::1"],
)  # fmt: skip
def test_what_is_no_address_of_the_web_is_refused(url: str) -> None:
    with pytest.raises(DataError) as found:
        checked_url(url)
    assert found.value.code == "bad_url"


class Network:
    """Stands in for the network: notes where it is asked to connect to."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def connect_tcp(self, host: str, *_: Any) -> str:
        self.asked.append(host)
        if host.endswith(".1"):
            raise httpcore.ConnectError("refused")
        return "connected"


def test_the_connection_goes_to_the_address_that_was_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name means something else at each look (DNS rebinding): one look decides."""
    answers = [["8.8.8.1", "8.8.4.4"], ["127.0.0.1"], ["8.8.8.8", "10.0.0.1"]]

    async def scene() -> None:
        async def resolve(*_: Any, **__: Any) -> list[Any]:
            return [(0, 0, 0, "", (each, 80)) for each in answers.pop(0)]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
        backend, network = CheckedBackend(AllowedAddresses()), Network()
        backend._network = network  # type: ignore[assignment]
        assert await backend.connect_tcp("rebinds.example", 80) == "connected"
        assert network.asked == ["8.8.8.1", "8.8.4.4"], "the next address when the first one does not answer"
        for _ in range(2):
            with pytest.raises(PrivateAddress):
                await backend.connect_tcp("rebinds.example", 80)
        assert len(network.asked) == 2, "nobody was connected to"

    asyncio.run(scene())


def test_a_name_that_nobody_has_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        async def resolve(*_: Any, **__: Any) -> list[Any]:
            raise socket.gaierror(-2, "unknown")

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
        with pytest.raises(httpcore.ConnectError, match="cannot be resolved"):
            await CheckedBackend(AllowedAddresses()).connect_tcp("nowhere.example", 80)

    asyncio.run(scene())
