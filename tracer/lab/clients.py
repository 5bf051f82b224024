"""Scripted clients, in a process of their own: `python -m tracer.lab.clients KIND TARGET`.

| KIND       | to a stream                                        | to a datagram socket                    |
| ---------- | -------------------------------------------------- | --------------------------------------- |
| one        | connect, send a line, read the reply, close        | send one datagram, read the reply       |
| burst      | ten of these at the same instant                   | ten of these at the same instant        |
| slow       | the line in pieces: a byte, a pause, a byte, …     | three datagrams with pauses: a datagram |
|            |                                                    | comes whole or not at all               |
| silent     | connect, say nothing for some seconds, close       | send an empty datagram, read the reply  |
| half-close | send a line and say that no more comes, read up to | as oversized                            |
|            | the end                                            |                                         |
| reset      | send a part of the line, reset the connection      | send one datagram, leave                |
| oversized  | a line of 9,000 bytes, read the reply              | one datagram of 9,000 bytes, read the   |
|            |                                                    | reply                                   |
| http       | one HTTP/1.1 request of each method, one after the | nothing: it fails, as HTTP needs a      |
|            | other over the same connection, read up to the end | connection                              |

With `-n` there are so many of any kind, all at the same instant. With `--http` a client of a stream asks for a page (`GET / HTTP/1.0`)
instead of sending a line, and reads all of it.

Each client writes one line when it is done, as `#1 sent 'hello 1' from 127.0.0.1:42216, reply 'hello 1' in 1.2 ms`,
`#1 refused` or `#1 timed out after 5 s, from 127.0.0.1:42216`. Exit status: 0 when every client did what its kind says,
1 when one did not or when a signal ended them, 2 for a command line that cannot be understood.

With `--record FILE` each client is a context of its own in that recording, as long as it is being made.

They are not run inside the server's process because a forked child would inherit the client's end of its connection.
"""

import argparse
import signal
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory
from threading import Barrier, Thread
from typing import NoReturn

from tracer.lab.ending import SIGNALS
from tracer.lab.scripts import Outcome, Script, Settings, half_close, http, one, oversized, play, reset, silent, slow
from tracer.lab.steps import Record
from tracer.lab.targets import Target


@dataclass(frozen=True)
class Kind:
    """One kind of client."""

    sentence: str
    script: Script
    words: str
    """What it is called, behind its number; "": a client as any other."""
    datagrams: str
    """The same where it sends datagrams."""
    count: int = 1
    """How many are sent where nobody says it."""


KINDS = {
    "one": Kind("Sends a line, reads the reply and leaves.", one, "", ""),
    "burst": Kind("Ten clients at the same instant.", one, "", "", count=10),
    "slow": Kind("Sends its line byte by byte, with pauses.", slow, "slow", "three in a row"),
    "silent": Kind("Connects and says nothing for a while.", silent, "silent", "empty"),
    "half-close": Kind("Sends a line and its end, reads to the end.", half_close, "half-close", "oversized"),
    "reset": Kind("Sends a part of a line and resets the connection.", reset, "reset", "gone at once"),
    "oversized": Kind("Sends more than a datagram server takes at once.", oversized, "oversized", "oversized"),
    "http": Kind("Sends one HTTP request of each method over one connection.", http, "http", "http"),
}


def words_of(kind: str, target: Target) -> str:
    """What stands behind `client 7`: ` (slow)`; "" for one as any other."""
    words = KINDS[kind].words if target.is_stream else KINDS[kind].datagrams
    return f" ({words})" if words else ""


def command(kind: str, target: Target, *options: str) -> list[str]:
    """The command line that plays these clients in a process of their own."""
    return [sys.executable, "-m", __name__, kind, str(target), *options]


class _OneLineParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"clients: {message}\n")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read a command line; one that cannot be understood ends the process with one line and status 2."""
    parser = _OneLineParser(prog="python -m tracer.lab.clients", description="Play scripted clients.")
    kinds = ", ".join(f"{name}: {kind.sentence}" for name, kind in KINDS.items())
    parser.add_argument("kind", metavar="KIND", choices=KINDS, help=kinds)
    parser.add_argument("target", metavar="TARGET", help="such as tcp:127.0.0.1:8000 or unix:/tmp/socket")
    parser.add_argument("-n", type=int, metavar="N", help="clients at the same instant (1; of a burst 10)")
    parser.add_argument("--seconds", type=float, default=10, metavar="S", help="how long a silent client stays (10)")
    parser.add_argument("--pause", type=float, default=0.3, metavar="S", help="between a slow client's pieces (0.3)")
    parser.add_argument("--timeout", type=float, default=5, metavar="S", help="for connecting and for a reply (5)")
    parser.add_argument("--http", action="store_true", help="ask for a page instead of sending a line")
    parser.add_argument("--record", type=Path, metavar="FILE", help="tell the recording in that file each step")
    parser.add_argument("--first", type=int, default=1, metavar="NUMBER", help="of the first client (1)")
    found = parser.parse_args(arguments)
    try:
        found.target = Target.parse(found.target)
    except ValueError as error:
        parser.error(str(error))
    if found.n is None:
        found.n = KINDS[found.kind].count
    if found.n < 1 or found.first < 1 or found.seconds <= 0 or found.pause < 0 or found.timeout <= 0:
        parser.error("-n, --first, --seconds and --timeout must be above 0, --pause not below")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the clients of a command line, write their outcomes as they come, return the exit status."""
    parsed = parse(arguments)
    outcomes: SimpleQueue[Outcome | None] = SimpleQueue()  # None: a signal wants an end
    for each in SIGNALS:
        # Not an exception: one that is raised while threads start may be printed and forgotten.
        signal.signal(each, lambda *_: outcomes.put(None))
    start = Barrier(parsed.n)
    record = Record(parsed.record)
    record.define()
    with _own_addresses(parsed.target) as folder:
        words = words_of(parsed.kind, parsed.target)
        times = parsed.pause, parsed.seconds, parsed.timeout
        settings = Settings(parsed.target, *times, Path(folder), parsed.http, record, words)

        def client(number: int) -> None:
            start.wait()
            outcomes.put(play(KINDS[parsed.kind].script, number, settings))

        # Threads of the daemon kind that write nothing themselves: so a signal ends the process at once.
        for number in range(parsed.first, parsed.first + parsed.n):
            Thread(target=client, args=(number,), daemon=True).start()
        status = 0
        for _ in range(parsed.n):
            outcome = _next(outcomes)
            if outcome is None:
                return 1
            print(outcome, flush=True)
            status |= not outcome.ok
    return status


def _next(outcomes: "SimpleQueue[Outcome | None]") -> Outcome | None:
    """The next outcome. A signal that comes right before the wait does not wake it: so none is long."""
    while True:
        with suppress(Empty):
            return outcomes.get(timeout=0.2)


def _own_addresses(target: Target) -> AbstractContextManager[str]:
    """A folder for as long as Unix datagram clients need their own paths."""
    if target.transport != "unix-datagram":
        return nullcontext("")
    return TemporaryDirectory(ignore_cleanup_errors=True)


if __name__ == "__main__":
    sys.exit(main())
