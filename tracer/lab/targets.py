"""Where a client goes: an address with its transport, in one word of text such as `tcp:127.0.0.1:8000`."""

import socket
from ipaddress import ip_address
from typing import NamedTuple, Self

TRANSPORTS = {
    "tcp": (socket.AF_INET, socket.SOCK_STREAM),
    "udp": (socket.AF_INET, socket.SOCK_DGRAM),
    "unix": (socket.AF_UNIX, socket.SOCK_STREAM),
    "unix-datagram": (socket.AF_UNIX, socket.SOCK_DGRAM),
}


class Target(NamedTuple):
    """An address of the transport's kind: host and port, or the path of a Unix socket.

    `str` writes what `parse` reads.
    """

    transport: str
    host: str = ""
    port: int = 0
    path: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `tcp:HOST:PORT`, `udp:HOST:PORT`, `unix:PATH` or `unix-datagram:PATH`; ValueError says what is wrong.

        An IPv6 host is written in brackets: `tcp:[::1]:8000`.
        """
        transport, _, address = text.partition(":")
        if transport not in TRANSPORTS:
            raise ValueError(f"{text!r} is no target: it must begin with one of {': '.join(TRANSPORTS)}:")
        if transport.startswith("unix"):
            if not address:
                raise ValueError(f"{text!r} is no target: it needs a path, as in {transport}:/tmp/socket")
            return cls(transport, path=address)
        host, _, port = address.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise ValueError(f"{text!r} is no target: it needs a host and a port, as in {transport}:127.0.0.1:8000")
        return cls(transport, host.removeprefix("[").removesuffix("]"), int(port))

    @property
    def is_stream(self) -> bool:
        """Whether it takes connections; else datagrams."""
        return TRANSPORTS[self.transport][1] == socket.SOCK_STREAM

    @property
    def address(self) -> str:
        """The target without its transport: HOST:PORT or PATH."""
        return self.path or address_text((self.host, self.port))

    def __str__(self) -> str:
        return f"{self.transport}:{self.address}"


_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # an address of all interfaces -> one that a client on this machine can name
_FAMILIES = {"inet": {"stream": "tcp", "datagram": "udp"}, "unix": {"stream": "unix", "datagram": "unix-datagram"}}


def target_of(family: str, kind: str, address: str) -> Target | None:
    """Where clients go to reach the server that a recording tells of so; None if it has no address, or none of this machine alone.

    A server at an address of all interfaces is reached at the loopback's. A path counts from the server's folder, so only a whole
    one is known; an address without a path (an abstract one, "@name") is none.
    """
    transport = _FAMILIES.get("inet" if family == "inet6" else family, {}).get(kind)
    if transport is None:
        return None
    if family == "unix":
        return Target(transport, path=address) if address.startswith("/") else None
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    host = _ANY.get(host, host)
    if not port.isdecimal() or not 0 < int(port) < 65536 or not _is_loopback(host):
        return None
    return Target(transport, host, int(port))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def address_text(address: object) -> str:
    """A socket's address as recordings have it: `127.0.0.1:8000`, `[::1]:8000` or a path; "" if it has none."""
    if isinstance(address, tuple):
        host, port = address[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return address if isinstance(address, str) else ""
