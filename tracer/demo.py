"""Demos: built-in servers, each under a supervisor of its own, watched from here, with clients on keys."""

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from functools import partial
from pathlib import Path
from typing import Self

from tracer.lab.runner import ClientRunner
from tracer.lab.servers import DEMOS, announced
from tracer.lab.targets import Target
from tracer.supervisor.apart import PATIENCE, Apart
from tracer.supervisor.journal import CannotRecord, new_path
from tracer.supervisor.start import Program
from tracer.tui.controls import Controls
from tracer.tui.leaving import leave_on_sigterm


class DemoServer:
    """A demo server and its supervisor; both end when this is left."""

    def __init__(self, name: str, path: Path, holds: tuple[str, ...] = ()) -> None:
        """Start it and wait until it listens, unless there are `holds`. Raises CannotRecord with what it said if it does not."""
        self.name = name
        self.path = path
        self.target: Target | None = None
        """Where it listens; None: it does not yet, as it may be held before."""
        self.supervisor = Apart(Program(["-m", "tracer.lab.servers", name], holds=holds), path, output=subprocess.PIPE)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.reader.join(0 if holds else PATIENCE)
        if self.target is None and not holds:
            with self.supervisor:
                self.supervisor.end()
                raise CannotRecord(self.supervisor.last_words() or "the demo server did not start")

    def _read(self) -> None:
        """Wait until it says where it listens."""
        assert self.supervisor.output is not None
        with suppress(ValueError):
            _, self.target = announced(self.supervisor.output.readline().decode())

    def __enter__(self) -> "DemoServer":
        return self

    def __exit__(self, *error: object) -> None:
        self.supervisor.__exit__(*error)


def run_demos(names: Sequence[str], every: float | None, screen: bool, holds: tuple[str, ...]) -> int:
    """Watch the demos of these names until the person quits; the exit status. Several are side by side, under the same clients.

    With `every`, a client comes by itself every so many seconds, until the person sends one. Raises CannotRecord before anything is
    shown.
    """
    controls = Controls(every=every)
    if screen:
        leave_on_sigterm(controls)
    with ExitStack() as running:
        servers = [running.enter_context(DemoServer(name, new_path(f"demo-{name}"), holds)) for name in names]
        if not screen:
            status = _print(servers[0], every or 2.0)
        else:
            clients = running.enter_context(Clients(servers, controls.say))
            controls.send = clients.send
            status = _watch(servers[0], controls) if len(servers) == 1 else _watch_beside(servers, controls)
    for server in servers:
        print(f"tracer: recorded; to see it: tracer {'open' if screen else 'show'} {server.path}", file=sys.stderr)
    return status


def _watch(server: DemoServer, controls: Controls) -> int:
    from tracer.tui.app import watch

    controls.gate = controls.through(server.supervisor.do, "the demo server")
    return watch(server.path, title=f"demo {server.name}", follow=True, controls=controls)


def _watch_beside(servers: Sequence[DemoServer], controls: Controls) -> int:
    """All on one screen, and any of them alone when the person wants it."""
    from tracer.tui.beside.app import watch_beside
    from tracer.tui.beside.feed import BesideFeed
    from tracer.tui.feed import Feed

    known = {server.name: server for server in servers}
    datagram = not DEMOS[servers[0].name].is_stream
    with closing(BesideFeed({server.name: Feed(server.path, server.name, follow=True) for server in servers})) as feed:
        while isinstance(found := watch_beside(feed, controls, datagram), str):
            status = _watch(known[found], controls)
            if controls.leave is not None:
                return status
    return found


class Clients:
    """Clients on keys: the same for every server, as nearly at the same time as processes start. To be used by `with`."""

    def __init__(self, servers: Sequence[DemoServer], say: Callable[[str], None]) -> None:
        self._servers = servers
        self._say = say
        self._runners: dict[str, ClientRunner] = {}
        self._running = ExitStack()
        self._said: dict[str, str] = {}  # server -> the last word of its clients

    def send(self, kind: str) -> None:
        """Send clients of that kind to each; returns at once."""
        for server in self._servers:
            if server.name not in self._runners and server.target is not None:
                runner = ClientRunner(server.target, partial(self._heard, server.name), server.path)
                self._runners[server.name] = self._running.enter_context(runner)
        if len(self._runners) < len(self._servers):
            names = [server.name for server in self._servers if server.name not in self._runners]
            who = "the server does" if len(self._servers) == 1 else f"{', '.join(names)} {'does' if len(names) == 1 else 'do'}"
            self._say(f"no client: {who} not listen yet")
            return
        for runner in self._runners.values():
            runner.send(kind)

    def _heard(self, name: str, message: str) -> None:
        if len(self._servers) == 1:
            self._say(message)
            return
        self._said[name] = briefly(message)
        self._say(" · ".join(f"{one.name}: {self._said[one.name]}" for one in self._servers if one.name in self._said))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._running.close()


_SENT = re.compile(r"sent .*, (reply|replies) .* in (?=[\d.]+ \S+$)")
_PLACE = re.compile(r",? from \S+$")


def briefly(message: str) -> str:
    """What came of a client, where there is little room: `client 3 reply in 1.2 ms`."""
    who, _, came = message.partition(": ")
    if not who.startswith("client"):
        return message
    came = _PLACE.sub("", _SENT.sub(r"\1 in ", came))
    return f"{who} {came}"


def _print(server: DemoServer, every: float) -> int:
    """Without a screen: a client every few seconds, and the calls as they happen, until Ctrl-C."""
    from tracer.text.live import follow_lines

    print(f"tracer: demo on {server.target}, a client every {every:g} s; Ctrl-C ends it", file=sys.stderr)
    over = threading.Event()

    def send() -> None:
        while not over.wait(every):
            clients.send("one")

    assert server.target is not None
    with ClientRunner(server.target, lambda message: None, server.path) as clients:
        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        try:
            for line in follow_lines(server.path):
                print(line, flush=True)
        except KeyboardInterrupt:
            return 0
        finally:
            over.set()
            sender.join()
    return 0
