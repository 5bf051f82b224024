"""Where a client goes: an address with its transport, in one word of text such as `tcp:127.0.0.1:8000`."""

import socket
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
        if self.path:
            return self.path
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.transport}:{self.address}"
