"""A demo: a built-in server under a supervisor of its own, watched from here, with clients on keys."""

import subprocess
import sys
import threading
from contextlib import ExitStack, suppress
from pathlib import Path

from tracer.lab.servers import announced
from tracer.lab.targets import Target
from tracer.supervisor.apart import PATIENCE, Apart
from tracer.supervisor.journal import CannotRecord, new_path
from tracer.supervisor.start import Program


class DemoServer:
    """A demo server and its supervisor; both end when this is left."""

    def __init__(self, name: str, path: Path, holds: tuple[str, ...] = ()) -> None:
        """Start it and wait until it listens, unless there are `holds`. Raises CannotRecord with what it said if it does not."""
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


def run_demo(name: str, every: float | None, screen: bool, holds: tuple[str, ...]) -> int:
    """Watch the demo `name` until the person quits; the exit status. With `every`, a client comes by itself every so many seconds."""
    path = new_path(f"demo-{name}")
    try:
        server = DemoServer(name, path, holds)
    except CannotRecord as error:
        print(f"tracer: {error}", file=sys.stderr)
        return 2
    with server:
        status = _watch(name, server, every) if screen else _print(server, every or 2.0)
    print(f"tracer: recorded; to see it: tracer {'open' if screen else 'show'} {path}", file=sys.stderr)
    return status


def _watch(name: str, server: DemoServer, every: float | None) -> int:
    from tracer.lab.runner import ClientRunner
    from tracer.tui.app import watch
    from tracer.tui.controls import Controls

    clients: ClientRunner | None = None
    with ExitStack() as running:

        def send(kind: str) -> None:
            nonlocal clients
            if clients is None and server.target is not None:
                clients = running.enter_context(ClientRunner(server.target, controls.say))
            if clients is None:
                controls.say("no client: the server does not listen yet")
            else:
                clients.send(kind)

        controls = Controls(send=send, every=every)
        controls.gate = controls.through(server.supervisor.do, "the demo server")
        return watch(server.path, title=f"demo {name}", follow=True, controls=controls)


def _print(server: DemoServer, every: float) -> int:
    """Without a screen: a client every few seconds, and the calls as they happen, until Ctrl-C."""
    from tracer.lab.runner import ClientRunner
    from tracer.text.live import follow_lines

    print(f"tracer: demo on {server.target}, a client every {every:g} s; Ctrl-C ends it", file=sys.stderr)
    over = threading.Event()

    def send() -> None:
        while not over.wait(every):
            clients.send("one")

    assert server.target is not None
    with ClientRunner(server.target, lambda message: None) as clients:
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
