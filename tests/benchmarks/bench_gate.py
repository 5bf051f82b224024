"""What the gate costs: where nothing is armed, where something else is, where a condition refuses; and how soon a person sees and acts.

    python tests/benchmarks/bench_gate.py [--rounds N] [unarmed] [elsewhere] [refusing] [screen]

unarmed     server CPU per request under `tracer record`, with the two looks a hook at whether anything is armed, and with the same
            probe from a copy without them; side by side as in bench_server.py. "again" is the first once more: the noise.
elsewhere   a probed function in one process, in short slices in turn: nanoseconds a call that the looks add, and those of an arrival
            at a hook that is not armed while another one is.
refusing    how long the gate keeps a context that is not held after all, as the hook sees it: by a condition that the hook's class
            decides, and by one that needs the recording; early in a run and 20,000 connections later.
screen      from a context's own clock when it is held until a feed that ticks as the screen does has a view that shows it; and from
            the command that releases it until its next event.
"""

import argparse
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench_server import CLASSES, IN_FLIGHT, Server, spread

from tracer.recording.follow import Follower
from tracer.supervisor.apart import Apart
from tracer.supervisor.start import Program
from tracer.timeline import Timeline
from tracer.tui.feed import TICKS, Feed
from tracer.tui.view import View

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
EARLY, LATE = 100, 20_000  # connections
SLICE = 40  # requests
CONDITIONS = {"its class decides": "before handle & owner:Nobody", "needs the recording": "before handle & peer:1"}
PATIENCE = 60.0  # seconds

#: The looks at whether anything is armed, each with what hangs on it.
_LOOKS = re.compile(r"^( +)if page\[ARMED\].*\n(?:\1 .*\n)+", re.MULTILINE)


def without_looks(text: str) -> str:
    """The wrapper's text as it would be without the gate."""
    found, looks = _LOOKS.subn("", text)
    assert looks == 3
    return found


def percentile(values: list[float], percent: int) -> float:
    """The value below which that part of the values lies."""
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


# ---- unarmed


def unarmed(rounds: int) -> None:
    """Print what the looks add to a traced request."""
    print(f"unarmed: server CPU per traced request, {rounds} rounds; ratio with / without the looks (aim 1.05), median [quartiles]")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for kind in ("with", "without"):
            shutil.copytree(ROOT / "tracer", folder / kind / "tracer", ignore=shutil.ignore_patterns("__pycache__"))
        template = folder / "without" / "tracer" / "probe" / "template.py"
        template.write_text(without_looks(template.read_text()))
        for name in ("TCPServer", "ThreadingTCPServer", "ForkingTCPServer"):
            _compare(name, CLASSES[name][0], rounds, folder)


def _compare(name: str, requests: int, rounds: int, folder: Path) -> None:
    servers = {}
    try:
        for which in ("with", "again", "without"):
            kind = "with" if which == "again" else which
            os.environ["PYTHONPATH"] = str(folder / kind)
            os.chdir(folder / kind)  # `-m` looks there first
            (folder / which / name).mkdir(parents=True)
            servers[which] = Server(name, True, str(folder / which / name))
            servers[which].serve(requests)
        found = []
        for _ in range(rounds):
            order = list(servers)
            random.shuffle(order)
            found.append({which: servers[which].serve(requests) for which in order})
    finally:
        for server in servers.values():
            server.end()
    print(
        f"  {name:20} {spread([one['with'] / one['without'] for one in found])}   "
        f"A/A {spread([one['again'] / one['with'] for one in found])}   "
        f"{statistics.median(one['with'] for one in found) / requests * 1e6:.1f} us, "
        f"{statistics.median(one['with'] - one['without'] for one in found) / requests * 1e6:+.1f} us",
        flush=True,
    )


# ---- armed elsewhere


def elsewhere(rounds: int) -> None:
    """Print what an arrival costs at a hook that is not armed."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, __file__, "inside", folder, "--rounds", str(rounds)], check=True)


def inside(folder: str, rounds: int) -> None:
    """The same, in this process, which gets a probe."""
    from tracer.probe import gate, template, writer
    from tracer.probe.hooks import HOOKS, SLOT
    from tracer.probe.page import ARMED, BEFORE, SIZE, SLOTS
    from tracer.probe.process import process

    recording, page_path = Path(folder, "recording"), Path(folder, "page")
    page_path.write_bytes(bytes(SIZE))
    recording.touch()
    assert writer.start(str(recording), str(page_path), os.getpid())
    page = process.page.bytes
    template.provide(page=page)

    def verify_request(self, request, client_address):  # type: ignore[no-untyped-def]
        return True

    def handle(self):  # type: ignore[no-untyped-def]
        call, calls = self, range(SLICE * 50)
        begin = time.perf_counter_ns()
        for _ in calls:
            call(None, None, None)
        spent.append((time.perf_counter_ns() - begin) / len(calls))

    probed = template.probe(verify_request, HOOKS["verify_request"], "BaseServer", "socketserver")
    around = template.probe(handle, HOOKS["handle"], "BaseRequestHandler", "socketserver")
    template._TEMPLATE = without_looks(template._TEMPLATE)
    bare = template.probe(verify_request, HOOKS["verify_request"], "BaseServer", "socketserver")
    page[SLOTS + SLOT["fork"]] = BEFORE
    # what is called, whether anything is armed, and whether the context steps
    ways = {
        "bare": (bare, 0, 0),
        "again": (bare, 0, 0),
        "unarmed": (probed, 0, 0),
        "elsewhere": (probed, 1, 0),
        "stepping": (probed, 1, 1),
    }
    found = []
    for _ in range(rounds * 10):
        order = list(ways)
        random.shuffle(order)
        one = {}
        for way in order:
            spent: list[float] = []
            call, page[ARMED], steps = ways[way]
            gate._here.mode, gate._here.depth = (gate.OUT if steps else gate.RUN), 1
            around(call)
            one[way] = spent[0]
        found.append(one)
    print(f"elsewhere: nanoseconds an arrival, of which a call has two, beside a call without the looks; {len(found)} rounds")
    for way, words in (
        ("again", "the noise"),
        ("unarmed", "nothing is armed"),
        ("elsewhere", "another hook is armed (aim 2,000)"),
        ("stepping", "and this context steps on to somewhere else"),
    ):
        print(f"  {words:45} {spread([(one[way] - one['bare']) / 2 for one in found])}")


# ---- a run under a supervisor


class Run:
    """A server under a supervisor, and its recording."""

    def __init__(self, name: str, folder: str, target: str) -> None:
        self.path = Path(folder, f"{name}.tracer")
        self.apart = Apart(Program([str(HERE / target), name]), self.path, output=subprocess.PIPE)
        self.address = "127.0.0.1", int(self._line())
        self._follower = Follower(self.path)
        self._facts: list[dict[str, object]] = []
        self.pid = int(str(self._until("started")["pid"]))

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *error: object) -> None:
        self._follower.close()
        self.apart.__exit__()

    def hold(self, text: str) -> int:
        """Set a hold; its id, when it is set."""
        self.apart.do("hold", filter=text)
        return int(str(self._until("hold")["id"]))

    def read(self) -> None:
        """Pass over all that stands in the recording: whoever waits for a fact is not to wait for that."""
        while self._follower.read():
            pass

    def unhold(self, number: int) -> None:
        """Remove it, and return when it is."""
        self.apart.do("unhold", id=number)
        self._until("unhold")

    def serve(self, requests: int, at_once: int) -> None:
        """Have it serve so many requests."""
        for _ in range(requests // at_once):
            clients = [socket.create_connection(self.address, PATIENCE) for _ in range(at_once)]
            for client in clients:
                client.sendall(b"hello\n")
            for client in clients:
                assert client.recv(100) == b"hello\n"
                client.close()

    def taken(self) -> list[float]:
        """Microseconds that each arrival before `handle` has taken since the last time."""
        os.kill(self.pid, signal.SIGUSR2)
        return [int(one) / 1000 for one in self._line().split()]

    def _line(self) -> str:
        assert self.apart.output is not None
        return self.apart.output.readline().decode()

    def _until(self, kind: str) -> dict[str, object]:
        """The next fact of that kind."""
        deadline = time.monotonic() + PATIENCE
        while True:
            while self._facts:
                if (fact := self._facts.pop(0))["type"] == kind:
                    return fact
            self._facts = [content for _, content in self._follower.read() if isinstance(content, dict)]
            assert time.monotonic() < deadline, f"no {kind}"
            time.sleep(0.001)


# ---- a condition refuses


def refusing(rounds: int) -> None:
    """Print how long the gate keeps whoever it does not hold."""
    print(f"refusing: microseconds an arrival, {rounds} rounds of {SLICE} (aim: median and p99 300)")
    for name in ("TCPServer", "ThreadingTCPServer"):
        with tempfile.TemporaryDirectory() as folder, Run(name, folder, "gate_target.py") as run:
            run.serve(EARLY, 1)
            _refuse(run, f"{name}, from connection {EARLY:,} on", rounds)
            run.serve(LATE, IN_FLIGHT)
            _refuse(run, f"{name}, from connection {LATE:,} on", rounds)


def _refuse(run: Run, title: str, rounds: int) -> None:
    ways = [(words, at_once) for words in CONDITIONS for at_once in (1, IN_FLIGHT)]
    found: dict[tuple[str, int], list[float]] = {way: [] for way in ways}
    firsts = []
    for words, condition in CONDITIONS.items():
        run.read()
        begin = time.perf_counter()
        number = run.hold(condition)
        set_after = (time.perf_counter() - begin) * 1000
        run.unhold(number)
        firsts.append(f"{words}: set after {set_after:,.0f} ms, its first arrival {_slice(run, condition, 1)[0]:,.0f}")
    for _ in range(rounds):
        random.shuffle(ways)
        for words, at_once in ways:
            found[words, at_once] += _slice(run, CONDITIONS[words], at_once)
    print(f"  {title}; {'; '.join(firsts)}")
    for (words, at_once), taken in found.items():
        several = "one connection at a time" if at_once == 1 else f"{at_once} at a time"
        print(f"    {words:20} {several:25} {spread(taken)}   p99 {percentile(taken, 99):,.0f}   most {max(taken):,.0f}", flush=True)


def _slice(run: Run, condition: str, at_once: int) -> list[float]:
    number = run.hold(condition)
    run.taken()
    run.serve(SLICE, at_once)
    taken = run.taken()
    run.unhold(number)
    assert len(taken) == SLICE
    return taken


# ---- the screen and the key


class Screen:
    """A feed, asked for views as often as the screen asks."""

    def __init__(self, path: Path) -> None:
        self._feed = Feed(path, follow=True)
        self._next = time.monotonic()

    def until(self, over: Callable[[View], bool]) -> View:
        """The first view from now on of which that is true."""
        deadline = time.monotonic() + PATIENCE
        while True:
            self._next = max(self._next + 1 / TICKS, time.monotonic())
            time.sleep(max(0.0, self._next - time.monotonic()))
            view = self._feed.tick()
            if view is not None and over(view):
                return view
            assert time.monotonic() < deadline

    def close(self) -> None:
        """Nothing more is to be shown."""
        self._feed.close()


def screen(rounds: int) -> None:
    """Print how soon a hold is seen, and how soon a release moves its context."""
    print(f"screen: milliseconds, {rounds} times each")
    for name, before, loaded in (
        ("TCPServer", 0, False),
        ("ThreadingTCPServer", 0, False),
        ("ThreadingTCPServer", 0, True),
        ("ThreadingTCPServer", LATE, False),
        ("ThreadingTCPServer", LATE, True),
    ):
        with tempfile.TemporaryDirectory() as folder:
            shown, moved = _see_and_act(name, before, loaded, rounds, folder)
        words = name + (f", {before:,} connections later" if before else "") + (f", {IN_FLIGHT} others at a time" if loaded else "")
        for what, aim, found in (("until it is seen", 100, shown), ("from key to next event", 50, moved)):
            print(
                f"  {words:62} {what:22} {spread(found)}   p95 {percentile(found, 95):.1f} (aim {aim})   most {max(found):.1f}",
                flush=True,
            )


def _see_and_act(name: str, before: int, loaded: bool, rounds: int, folder: str) -> tuple[list[float], list[float]]:
    shown, pressed = [], []
    with Run(name, folder, "target.py") as run, _load(run, loaded):
        run.serve(before, IN_FLIGHT)
        screen = Screen(run.path)
        screen.until(lambda view: view.reading is None)
        for _ in range(rounds):
            with socket.socket() as client:
                client.bind(("127.0.0.1", 0))
                text = f"before handle & peer:{client.getsockname()[1]}"
                run.apart.do("hold", filter=text, once=True)
                screen.until(lambda view, text=text: any(one.filter == text for one in view.moment.holds))
                comes = threading.Timer(random.uniform(0, 2 / TICKS), client.connect, [run.address])
                comes.start()
                held = screen.until(lambda view: bool(view.moment.held)).moment.held[0]
                now = time.monotonic_ns()
                shown.append((now - held.since) / 1e6)
                comes.join()
                client.sendall(b"hello\n")
                time.sleep(random.uniform(0, 2 / TICKS))
                pressed.append((held.context, held.since, time.monotonic_ns()))
                run.apart.do("release", context=held.context, mode="run")
                assert client.recv(100) == b"hello\n"
                screen.until(lambda view: not view.moment.held)
        screen.close()
    timeline = Timeline()
    with Follower(run.path) as follower:
        while frames := follower.read():
            timeline.feed(frames)
    return shown, [(timeline.spans.next_event(timeline.contexts[context], since) - key) / 1e6 for context, since, key in pressed]


@contextmanager
def _load(run: Run, loaded: bool) -> Iterator[None]:
    """Other clients, from a process of their own, if they are wanted."""
    if not loaded:
        yield
        return
    with subprocess.Popen([sys.executable, __file__, "load", str(run.address[1])]) as clients:
        try:
            yield
        finally:
            clients.terminate()


def load(port: int) -> None:
    """Be eight clients at a time, until this process is terminated."""
    with suppress(OSError):
        while True:
            clients = [socket.create_connection(("127.0.0.1", port), PATIENCE) for _ in range(IN_FLIGHT)]
            for client in clients:
                client.sendall(b"hello\n")
            for client in clients:
                client.recv(100)
                client.close()


SECTIONS = {"unarmed": unarmed, "elsewhere": elsewhere, "refusing": refusing, "screen": screen}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", metavar="SECTION", nargs="*", default=list(SECTIONS))
    parser.add_argument("--rounds", type=int, default=60)
    options = parser.parse_args()
    match options.words:
        case ["inside", folder]:
            inside(folder, options.rounds)
        case ["load", port]:
            load(int(port))
        case sections:
            print(f"Python {sys.version.split()[0]}, load average {os.getloadavg()[0]:.1f}", flush=True)
            for section in sections:
                SECTIONS[section](options.rounds)


if __name__ == "__main__":
    main()
