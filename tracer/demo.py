"""A demo: a built-in server under a supervisor of its own, watched from here, with clients on keys."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from tracer.lab.servers import announced
from tracer.lab.targets import Target
from tracer.supervisor import LIMIT
from tracer.supervisor.journal import new_path

PATIENCE = 15.0  # seconds until the server must have said that it listens, and until it must have ended


class DemoServer:
    """A demo server and its supervisor; both end when this is left."""

    def __init__(self, name: str, path: Path) -> None:
        """Start it and wait until it listens. Raises RuntimeError with what it said if it does not."""
        self.path = path
        command = [sys.executable, "-m", "tracer.supervisor", str(os.getpid()), str(path), str(LIMIT)]
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed at the end; the server's tracebacks go here
        # Apart from our terminal: a Ctrl-C here is ours.
        self._process = subprocess.Popen(
            [*command, "-m", "tracer.lab.servers", name],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        watchdog = threading.Timer(PATIENCE, self._process.terminate)
        watchdog.start()
        line = self._process.stdout.readline()
        watchdog.cancel()
        try:
            _, self.target = announced(line)
        except ValueError:
            self.close()
            raise RuntimeError(self._last_words()) from None

    target: Target

    def _last_words(self) -> str:
        self._errors.seek(0)
        said = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return said[-1].removeprefix("tracer: ") if said else "the demo server did not start"

    def close(self) -> None:
        """End the server, then its supervisor, which ends the recording."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def __enter__(self) -> "DemoServer":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._errors.close()


def run_demo(name: str, every: float | None, screen: bool) -> int:
    """Watch the demo `name` until the person quits; the exit status. With `every`, a client comes by itself every so many seconds."""
    path = new_path(f"demo-{name}")
    try:
        server = DemoServer(name, path)
    except RuntimeError as error:
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

    controls = Controls(every=every)
    with ClientRunner(server.target, controls.say) as clients:
        controls.send = clients.send
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
