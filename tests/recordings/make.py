"""Make the recordings beside this file, from real runs with real clients: `python tests/recordings/make.py [NAME …]`.

Each is a function below, named for what there is to see. What is kept is the file as it was at that time: where a run is kept while it
goes on, the screen shows it live. It is the same for everybody: folders of this machine are named as on any other, and of the sources
only the program's own are kept, but for SOURCES.

Each run takes a few seconds at most, and is waited for by what stands in its recording.
"""

import os
import platform
import re
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.probe.kit import until
from tracer.lab import clients
from tracer.lab.targets import Target
from tracer.lesson.format import load as load_lesson
from tracer.lesson.headless import play
from tracer.probe.frames import EVENTS, fact, frame
from tracer.recording.reader import Frame, Reader
from tracer.supervisor.apart import Apart
from tracer.supervisor.start import Program
from tracer.timeline.at import at
from tracer.timeline.load import load
from tracer.timeline.moment import Moment

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PROGRAMS = HERE / "programs"
SOURCES = ("forking", "http", "lesson")  # recordings that keep those of socketserver, too
SIZE = (100, 30)  # of the program's terminal
PLACES = {str(ROOT): "/srv/tracer", sysconfig.get_path("stdlib"): f"/usr/lib/python{sys.version_info[0]}.{sys.version_info[1]}"}
QUICK = ("--pause", "0.02", "--timeout", "10", "--seconds", "30")


class Run:
    """A program that is being recorded."""

    def __init__(self, apart: Apart, path: Path) -> None:
        self.apart, self.path = apart, path
        self._sent = 0
        self._stack = ExitStack()

    def hears(self, pattern: str) -> re.Match[str]:
        """Wait until the program has written what matches."""
        said, found = "", None

        def heard(one: dict[str, Any]) -> bool:
            nonlocal said, found
            said += one["text"] if one["type"] == "output" else ""
            found = re.search(pattern, said)
            return found is not None

        self.sees(heard)
        assert found is not None
        return found

    def sees(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until such a fact stands in the recording."""
        return until(self.path, wanted)

    def sampled(self, wanted: Callable[[dict[str, Any]], bool]) -> None:
        """Wait for a sample of the newest state like that: `wanted` is asked of the server's queue or of a process."""
        self.sees(lambda one: one["type"] == "sample" and any(map(wanted, one["queues"] + one["processes"])))

    def comes_to(self, wanted: Callable[[Moment], bool]) -> None:
        """Wait until it is so."""
        while not (timeline := load(self.path)[0]).contexts or not wanted(at(timeline, timeline.newest)):
            time.sleep(0.02)

    def target(self, transport: str = "tcp", word: str = "listening") -> Target:
        """Where the program says that it listens, behind that word."""
        address = self.hears(rf"{word} on (\S+)\s")[1]
        return Target.parse(f"{transport}:{address}")

    def send(self, kind: str, target: Target, *options: str, number: int = 1) -> "subprocess.Popen[bytes]":
        """Clients that go at once; they are gone at the end of the run."""
        first = ("--first", str(self._sent + 1), "-n", str(number))
        self._sent += number if kind == "burst" else 1
        words = clients.command(kind, target, *QUICK, *first, "--record", str(self.path), *options)
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        sent = self._stack.enter_context(subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL))
        self._stack.callback(sent.terminate)
        return sent

    def ask(self, kind: str, target: Target, *options: str, number: int = 1) -> None:
        """Clients, until they have left."""
        self.send(kind, target, *options, number=number).wait(30)

    def keep(self, name: str) -> None:
        """Keep the recording as it is now."""
        data = self.path.read_bytes()
        (HERE / f"{name}.tracer").write_bytes(tidy(data, sources=name in SOURCES))

    def leave(self) -> None:
        """No more clients."""
        self._stack.close()


@contextmanager
def running(*words: str | Path, holds: tuple[str, ...] = ()) -> Iterator[Run]:
    """A program at a terminal under a supervisor; it is ended with its clients."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.tracer"
        with Apart(Program([*map(str, words)], holds=holds), path, size=SIZE) as apart:
            run = Run(apart, path)
            try:
                yield run
            finally:
                run.leave()


@contextmanager
def demo(name: str, holds: tuple[str, ...] = ()) -> Iterator[Run]:
    """A demo server."""
    with running("-m", "tracer.lab.servers", name, holds=holds) as run:
        yield run


def end(run: Run) -> None:
    """The program, as SIGTERM ends it, and the recording."""
    run.leave()
    run.apart.end()


# ---- the runs


def forking() -> None:
    """A forking server: a burst, of which the children are zombies for a moment, and clients one by one."""
    with demo("forking") as run:
        target = run.target()
        run.ask("one", target)
        run.ask("burst", target, number=3)
        run.sampled(lambda one: any(child["state"] == "zombie" for child in one.get("children", ())))
        run.keep("forking-zombies")
        run.ask("slow", target)
        end(run)
        run.keep("forking")


def threading() -> None:
    """A threading server: a client is slow, and keeps nobody waiting."""
    with demo("threading") as run:
        target = run.target()
        slow = run.send("slow", target, "--pause", "0.2")
        run.sees(lambda one: one["type"] == "context" and one["kind"] == "thread")
        run.ask("one", target)
        run.ask("one", target)
        run.keep("threading-slow")
        slow.wait(30)
        end(run)
        run.keep("threading")


def stuck() -> None:
    """A server of one thread with a silent client in its handler, and as many in its queue as there is room for."""
    with demo("tcp") as run:
        target = run.target()
        run.ask("one", target)
        run.send("silent", target)
        run.comes_to(lambda moment: any(one.number == 2 and one.served for one in moment.connections))
        for _ in range(6):
            run.send("one", target)
        run.sampled(lambda one: one.get("depth") == 6)
        full = time.monotonic_ns()
        run.sees(lambda one: one["type"] == "sample" and one["end"] - full > 4_000_000_000)  # long enough to be told of
        run.keep("stuck")


def beside() -> None:
    """The same three clients at three servers, the second one slow: only one of them has let the third in."""
    with ExitStack() as stack:
        runs = {name: stack.enter_context(demo(name)) for name in ("tcp", "threading", "forking")}
        targets = {name: run.target() for name, run in runs.items()}
        for name, run in runs.items():
            run.ask("one", targets[name])
        for name, run in runs.items():
            run.send("slow", targets[name], "--pause", "2")
        for run in runs.values():
            run.comes_to(lambda moment: any(one.number == 2 and one.served for one in moment.connections))
        for name, run in runs.items():
            sent = run.send("one", targets[name])
            if name != "tcp":
                sent.wait(30)
        runs["tcp"].sampled(lambda one: one.get("depth") == 1)
        for name, run in runs.items():
            run.keep(f"beside-{name}")


def lesson() -> None:
    """A lesson that was played to its end, for the README's picture of it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.tracer"
        assert not any(step.why for step in play(load_lesson(ROOT / "lessons" / "13-fork"), path))
        (ROOT / "screenshots" / "lesson.tracer").write_bytes(tidy(path.read_bytes(), sources=True))


def udp() -> None:
    """Datagrams: one, three in a row, one that is too large, an empty one."""
    with demo("udp") as run:
        target = run.target("udp")
        for kind in ("one", "slow", "oversized", "silent"):
            run.ask(kind, target)
        end(run)
        run.keep("udp")


def refusing() -> None:
    """verify_request says no to every second client."""
    with demo("refusing") as run:
        target = run.target()
        for _ in range(4):
            run.ask("one", target)
        end(run)
        run.keep("refusing")


def failing() -> None:
    """The handler of the third client divides by zero; another client resets its connection."""
    with demo("failing") as run:
        target = run.target()
        for _ in range(3):
            run.ask("one", target)
        run.ask("reset", target)
        end(run)
        run.keep("failing")


def unix() -> None:
    """A Unix socket."""
    with demo("unix") as run:
        target = run.target("unix")
        run.ask("one", target)
        run.ask("half-close", target)
        end(run)
        run.keep("unix")


def unix_datagram() -> None:
    """Datagrams through a path."""
    with demo("unix-datagram") as run:
        target = run.target("unix-datagram")
        run.ask("one", target)
        run.ask("burst", target, number=2)
        end(run)
        run.keep("unix-datagram")


def stepped() -> None:
    """A threading server: one client's thread is held before handle, and stepped through it; another is held there to the end."""
    with demo("threading", holds=("before handle",)) as run:
        target = run.target()
        run.send("one", target, "--timeout", "30")
        first = run.sees(lambda one: one["type"] == "held")["context"]
        run.send("one", target, "--timeout", "30")
        run.sees(lambda one: one["type"] == "held" and one["context"] != first)
        run.sampled(lambda one: any(thread["name"] and thread["state"] == "sleeping" for thread in one.get("threads", ())))
        run.keep("held")
        for mode, hook, when in (("over", "handle", "after"), ("in", "finish", "before"), ("over", "finish", "after")):
            run.apart.do("release", context=first, mode=mode, follow="both", to="")
            run.sees(lambda one, at=(hook, when): one["type"] == "held" and (one["hook"], one["when"]) == at)
        run.apart.do("release", context=first, mode="run", follow="both", to="")
        run.sees(lambda one: one["type"] == "released" and one["mode"] == "run")
        end(run)
        run.keep("stepped")


def several() -> None:
    """Two servers in one process, each in a thread of its own; a third never serves."""
    with running(PROGRAMS / "several.py") as run:
        run.ask("one", run.target(word="echo"))
        run.ask("one", run.target(word="pages"), "--http")
        run.keep("several")


def http() -> None:
    """http.server as it is run from the command line, on the standard library's socketserver."""
    with running("-u", "-m", "http.server", "--bind", "127.0.0.1", "--directory", PROGRAMS, "0") as run:
        target = Target("tcp", "127.0.0.1", int(run.hears(r"port (\d+)")[1]))
        run.ask("one", target, "--http")
        run.ask("oversized", target, "--http")
        end(run)
        run.keep("http")


def one_by_one() -> None:
    """A forking server that takes its clients by handle_request: nobody collects its six children."""
    with running(PROGRAMS / "one_by_one.py") as run:
        target = run.target()
        for _ in range(6):
            run.ask("one", target)
        run.sampled(lambda one: sum(child["state"] == "zombie" for child in one.get("children", ())) == 6)
        run.keep("one-by-one")


def hostile() -> None:
    """Output, an exception and a class name that a screen could choke on."""
    with running(PROGRAMS / "hostile.py") as run:
        target = run.target()
        run.ask("one", target)
        run.ask("one", target)
        end(run)
        run.keep("hostile")


RUNS = {
    "forking": forking, "threading": threading, "stuck": stuck, "beside": beside, "udp": udp, "refusing": refusing,
    "failing": failing, "unix": unix, "unix-datagram": unix_datagram, "stepped": stepped, "several": several, "http": http,
    "one-by-one": one_by_one, "hostile": hostile, "lesson": lesson,
}  # fmt: skip


# ---- the same for everybody


def tidy(data: bytes, sources: bool) -> bytes:
    """A recording without what only this machine knows. `sources`: with those of socketserver, too."""
    reader = Reader()
    found = reader.feed(data)
    assert reader.damaged == 0
    framework = {content["file"] for _, content in found if isinstance(content, dict) and content.get("framework")}
    return b"".join(_tidied(one) for one in found if _is_kept(one[1], framework, sources))


def _is_kept(content: bytes | dict[str, Any], framework: set[str], sources: bool) -> bool:
    if not isinstance(content, dict) or content["type"] != "source":
        return True
    file = content["file"]
    return (file.startswith(str(ROOT)) and file not in framework) or (sources and "socketserver" in file)


def _tidied(one: Frame) -> bytes:
    context, content = one
    if not isinstance(content, dict):
        return frame(EVENTS, context, content)
    if content["type"] == "header":
        content = content | {"platform": f"Linux 6.1.0 {platform.machine()}"}
    elif content["type"] == "source":  # a text may speak of any folder
        return fact(context, **content | {"file": _elsewhere(content["file"])})
    return fact(context, **_elsewhere(content))


def _elsewhere(value: Any) -> Any:
    """The value with other folders."""
    if isinstance(value, str):
        for here, there in PLACES.items():
            value = value.replace(here, there)
    elif isinstance(value, list):
        value = [_elsewhere(one) for one in value]
    elif isinstance(value, dict):
        value = {name: _elsewhere(one) for name, one in value.items()}
    return value


def main() -> None:
    for name in sys.argv[1:] or RUNS:
        print(name, flush=True)
        RUNS[name]()


if __name__ == "__main__":
    main()
