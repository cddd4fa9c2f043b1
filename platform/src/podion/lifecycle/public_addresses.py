"""Which addresses a server may connect to for a tenant: public ones, and those that the operator allows.

What a tenant names may lead to the operator's own network (server-side request forgery). So the name is resolved here,
every address is looked at, and the connection goes to the very address that was looked at: what the name means a moment
later (DNS rebinding) does not matter.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import httpcore

from podion.errors import BadSettings, DataError

_RESOLVE_SECONDS = 5.0

_GLOBAL_V6 = IPv6Network("2000::/3")
_NOT_PUBLIC: tuple[IPv4Network | IPv6Network, ...] = tuple(
    ipaddress.ip_network(each)
    for each in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
        *("203.0.113.0/24", "224.0.0.0/3"),
        # Inside 2000::/3: special purposes and Teredo, documentation, 6to4, which carries any IPv4 address.
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    )
)
"""IANA's registries of special-purpose addresses. Of IPv6 only 2000::/3 is public at all, so that forms which carry an
IPv4 address (mapped, compatible, NAT64) are not."""


class PrivateAddress(DataError):
    """An address that the server may not connect to for a tenant."""

    code = "private_address"


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Return whether an address belongs to somebody on the Internet."""
    if isinstance(address, IPv6Address) and (address not in _GLOBAL_V6 or address.scope_id):
        return False
    return not any(address.version == each.version and address in each for each in _NOT_PUBLIC)


class AllowedAddresses:
    """Public addresses, and those that `PODION_ALLOW_PRIVATE_ADDRESSES` names."""

    def __init__(self, setting: str = "") -> None:
        self._hosts: set[str] = set()
        self._networks: list[IPv4Network | IPv6Network] = []
        for word in filter(None, (each.strip() for each in setting.split(","))):
            try:
                self._networks.append(ipaddress.ip_network(word))
            except ValueError as error:
                if "/" in word or ":" in word:
                    raise BadSettings(
                        f"PODION_ALLOW_PRIVATE_ADDRESSES has {word!r}: hosts, addresses and networks are allowed, "
                        "as in hooks.internal,10.1.0.0/16"
                    ) from error
                self._hosts.add(word.lower().rstrip("."))

    def check(self, host: str, addresses: Iterable[str]) -> None:
        """Raise `PrivateAddress` when any of a host's addresses is one that may not be reached."""
        if host.lower().rstrip(".") in self._hosts:
            return
        for text in addresses:
            address = ipaddress.ip_address(text)
            if not is_public(address) and not any(
                address.version == each.version and address in each for each in self._networks
            ):
                raise PrivateAddress(
                    f"{host[:200]} is not a public address: name one on the Internet, or ask the operator to allow it "
                    "(PODION_ALLOW_PRIVATE_ADDRESSES)"
                )

    async def resolve(self, host: str, port: int) -> list[str]:
        """Return a host's addresses, all of which may be reached.

        Raises `PrivateAddress`, and `OSError` for a name that cannot be resolved.
        """
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(_RESOLVE_SECONDS):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(where[0]) for *_, where in found))
        self.check(host, addresses)
        return addresses


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were checked a moment before; TLS and `Host` keep the name."""

    def __init__(self, allowed: AllowedAddresses) -> None:
        self._allowed = allowed
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Return a connection to the first of a host's addresses that answers."""
        try:
            addresses = await self._allowed.resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} cannot be resolved") from error
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure
