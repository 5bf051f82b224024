"""The demo servers: small servers to be watched, each a complete program in a module of its own.

`python -m tracer.lab.servers NAME` serves one until SIGTERM or Ctrl-C; it tells its address in one line as soon as
clients can connect. Each module is written to be read alone on a screen, so the few lines of an echo handler stand in
every one of them again.
"""

import sys
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, Protocol, cast

from tracer.lab.targets import Target


class _Program(Protocol):
    def main(self) -> None: ...


class Demo(NamedTuple):
    """One demo server."""

    name: str
    sentence: str
    """What there is to see."""
    transport: str
    """What its clients' targets begin with."""
    module: str
    server: str
    """The name of its server class, and of the handler's, in the module."""
    handler: str

    @property
    def source(self) -> Path:
        """The file to show."""
        return Path(__file__).with_name(f"{self.module}.py")

    @property
    def is_stream(self) -> bool:
        """Whether it takes connections; else datagrams."""
        return Target(self.transport).is_stream

    def main(self) -> None:
        """Serve, in this process, until something is raised out of it."""
        cast(_Program, import_module(f"{__name__}.{self.module}")).main()


DEMOS = {
    demo.name: demo
    for demo in (
        Demo(
            "tcp",
            "One client at a time: the others wait in the accept queue.",
            "tcp",
            "tcp",
            "TCPServer",
            "EchoHandler",
        ),
        Demo(
            "threading",
            "A thread for each client: a slow one keeps nobody waiting.",
            "tcp",
            "threads",
            "EchoServer",
            "EchoHandler",
        ),
        Demo(
            "forking",
            "A child process for each client: children, zombies, and the parent that collects them.",
            "tcp",
            "forking",
            "EchoServer",
            "EchoHandler",
        ),
        Demo(
            "udp",
            "Datagrams: no connection, and every handler has the server's own socket.",
            "udp",
            "udp",
            "UDPServer",
            "EchoHandler",
        ),
        Demo(
            "unix",
            "A Unix socket: the address is a path, and the clients have none.",
            "unix",
            "unix",
            "UnixStreamServer",
            "EchoHandler",
        ),
        Demo(
            "unix-datagram",
            "Datagrams through a path: a client must have an address of its own to be answered.",
            "unix-datagram",
            "unix_datagram",
            "UnixDatagramServer",
            "EchoHandler",
        ),
        Demo(
            "forking-udp",
            "A child process for each datagram, all with the parent's socket.",
            "udp",
            "forking_udp",
            "ForkingUDPServer",
            "EchoHandler",
        ),
        Demo(
            "refusing",
            "verify_request says no to connections 2, 4, 6, …: they were connected all the same.",
            "tcp",
            "refusing",
            "RefusingServer",
            "EchoHandler",
        ),
        Demo(
            "failing",
            "The handler divides by zero for connections 3, 6, 9, …: handle_error reports it and the server goes on.",
            "tcp",
            "failing",
            "CountingServer",
            "FailingHandler",
        ),
    )
}


def command(name: str) -> list[str]:
    """The command line that serves this demo in a process of its own."""
    return [sys.executable, "-m", __name__, name]


def announced(line: str) -> tuple[Demo, Target]:
    """The demo and the address of the line that a demo server writes once it listens; ValueError for another line."""
    name, _, address = line.rstrip("\n").partition(": listening on ")
    if name not in DEMOS or not address:
        raise ValueError(f"no demo server wrote {line!r}")
    return DEMOS[name], Target.parse(f"{DEMOS[name].transport}:{address}")
