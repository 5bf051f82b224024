"""What it is like to watch: how soon there is a picture, how soon all of it, how fast it follows and seeks, and what it costs.

    python tests/benchmarks/bench_open.py [--events N] [--rounds N] [--rate N] [--seconds N] [open|seek|follow|idle …]

The recording is that of bench_reader.py. The screen is a real one, 120x36, behind a pseudo-terminal that is read all the time; what was
painted is told by words that stand on the screen only from then on. Shares of a core are the viewer's own (user and system time);
memory is its peak resident size, all of it, the interpreter's too. Only seeking is measured without a terminal: on the same app in this
process, from the call to the last line of the new picture.
"""

import argparse
import asyncio
import fcntl
import os
import pty
import random
import re
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks.bench_reader import EVENTS_A_REQUEST, ending, opening, recording, sample, serve

WIDTH, HEIGHT = 120, 36
FULL = (b"Calls", b"process_request", b"Queue", b"Timeline", b"quit")  # frames, rows, and the footer
TICK = os.sysconf("SC_CLK_TCK")
PATIENCE = 120  # seconds until a screen that shows nothing is given up


class Screen:
    """`tracer open` at a terminal."""

    def __init__(self, *words: str) -> None:
        self.begun = time.perf_counter()
        self.painted = b""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", PYTHONPATH=str(Path(__file__).resolve().parents[2]))
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
            os.execv(sys.executable, [sys.executable, "-m", "tracer", "open", *words])

    def __enter__(self) -> "Screen":
        return self

    def __exit__(self, *error: object) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.close(self.terminal)
        os.waitpid(self.pid, 0)

    def read(self, seconds: float) -> bytes:
        """What is painted next; nothing if that is nothing for so long."""
        if not select.select([self.terminal], [], [], seconds)[0]:
            return b""
        piece = os.read(self.terminal, 1 << 16)
        self.painted = (self.painted + piece)[-(1 << 20) :]
        return piece

    def until(self, *words: bytes) -> float:
        """Seconds since the start when all of these have been painted since it was asked last."""
        limit = time.perf_counter() + PATIENCE
        while not all(word in self.painted for word in words):
            self.read(1)
            if time.perf_counter() > limit:
                raise TimeoutError(f"the screen never showed {words}: {self.painted[-2000:]!r}")
        self.painted = b""
        return time.perf_counter() - self.begun

    def press(self, key: bytes, *words: bytes) -> float:
        """Seconds from a key to these words."""
        self.painted = b""
        begun = time.perf_counter()
        os.write(self.terminal, key)
        return self.until(*words) - (begun - self.begun)

    def watch(self, seconds: float) -> float:
        """Only read for so long; the viewer's share of a core meanwhile."""
        begun, cpu = time.perf_counter(), self.cpu()
        while (left := begun + seconds - time.perf_counter()) > 0:
            self.read(left)
        return (self.cpu() - cpu) / (time.perf_counter() - begun)

    def cpu(self) -> float:
        """Seconds of user and system time so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory(self, what: str = "VmHWM") -> int:
        """Bytes resident, at most so far."""
        found = re.search(rf"^{what}:\s+(\d+) kB$", Path(f"/proc/{self.pid}/status").read_text(), re.MULTILINE)
        assert found is not None
        return int(found[1]) * 1024


# ---- a recording that is finished


def bench_open(path: Path, events: int) -> None:
    """Start to first screen, to all of it, and memory."""
    whole = f"{events:,} events".encode()
    with Screen(str(path)) as screen:
        first = screen.until(*FULL)
        spent = screen.cpu()
        complete = screen.until(whole)
        print(
            f"first full screen {first:.2f} s ({spent:.2f} s of CPU)   fully indexed {complete:.2f} s ({screen.cpu():.2f} s of CPU)   "
            f"memory {screen.memory() / 1e6:.0f} MB"
        )


def bench_seek(path: Path) -> None:
    """From a seek to the whole new picture."""
    from tracer.timeline.navigate import Place
    from tracer.tui.app import Watch
    from tracer.tui.feed import Feed

    async def seeks() -> list[float]:
        feed = Feed(path)
        app = Watch(feed, ticking=False)
        spent = []
        async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
            while (view := feed.tick()) is None or view.reading is not None:
                pass
            app.show(view)
            dice = random.Random(1)
            for _ in range(200):
                t = dice.randrange(feed.timeline.start, feed.until)
                await pilot.pause()
                begun = time.perf_counter()
                feed.go(Place(t, 0, -1))
                app.tick()
                await _painted(app)
                spent.append((time.perf_counter() - begun) * 1000)
        feed.close()
        return spent

    spent = asyncio.run(seeks())
    print(f"seek to a random moment: median {statistics.median(spent):.0f} ms   p95 {_p95(spent):.0f} ms   worst {max(spent):.0f} ms")


async def _painted(app: object) -> None:
    """Wait until nothing is left to lay out or paint, and paint the lines of the whole screen."""
    await asyncio.sleep(0)
    app.screen._on_timer_update()  # what the screen does 60 times a second
    app.screen._compositor.render_strips()


# ---- a recording that grows


class Growing:
    """A recording to which another process appends; at the end, how much that was."""

    def __init__(self, path: Path, rate: int, seconds: float) -> None:
        words = [sys.executable, __file__, "grow", str(path), str(rate), str(seconds)]
        self.writer = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self.writer.stdout is not None
        self.writer.stdout.readline()  # it has begun

    def end(self) -> int:
        """Wait for its end; how many events it wrote."""
        assert self.writer.stdout is not None
        return int(self.writer.communicate()[0])


def grow(path: str, rate: int, seconds: float) -> None:
    """Append requests as they would come at that many events a second, then the end of the recording. Prints the number of events."""
    begin, main = opening(time.monotonic_ns())
    with open(path, "wb", buffering=0) as file:
        file.write(begin)
        print("begun", flush=True)
        started = time.monotonic()
        served, sampled = 0, started
        while (now := time.monotonic()) < started + seconds:
            out: list[bytes] = []
            while served < (now - started) * rate / EVENTS_A_REQUEST:
                serve(out, main, served, time.monotonic_ns() - 60_000)
                served += 1
            if now - sampled > 0.066:
                out.append(sample(time.monotonic_ns() - 400_000))
                sampled = now
            file.write(b"".join(out))
            time.sleep(0.005)
        file.write(ending(time.monotonic_ns()))
    print(2 + served * EVENTS_A_REQUEST)


def bench_follow(path: Path, rate: int, seconds: float) -> None:
    """The share of a core and the time from keys to the screen while so many events a second come; that none is missing."""
    growing = Growing(path, rate, seconds + 10)
    with Screen(str(path), "--follow") as screen:
        screen.until(*FULL)
        screen.watch(2)
        share = screen.watch(seconds / 2)
        spent, ends = [], time.monotonic() + seconds / 2
        while time.monotonic() < ends:
            for word in (b"FROZEN", b"LIVE"):
                spent.append(screen.press(b" ", word) * 1000)
                screen.watch(random.uniform(0.02, 0.1))  # not in step with the ticks
        memory = screen.memory()
        written = growing.end()
        screen.until(f"{written:,} events".encode())
    print(
        f"{rate:,} events a second: {share:.0%} of a core   key to screen: median {statistics.median(spent):.0f} ms   "
        f"p95 {_p95(spent):.0f} ms   worst {max(spent):.0f} ms ({len(spent)} keys)   "
        f"all {written:,} events shown   memory {memory / 1e6:.0f} MB"
    )


def bench_idle(path: Path, seconds: float) -> None:
    """The share of a core while a server waits in select and nothing comes."""
    begin, main = opening(time.monotonic_ns())
    out: list[bytes] = []
    for request in range(1000):
        serve(out, main, request, time.monotonic_ns() - 60_000)
    path.write_bytes(begin + b"".join(out))
    with Screen(str(path), "--follow") as screen:
        screen.until(*FULL)
        screen.watch(1)
        print(f"idle: {screen.watch(seconds):.1%} of a core   memory {screen.memory() / 1e6:.0f} MB")


def _p95(spent: list[float]) -> float:
    return statistics.quantiles(spent, n=20)[-1]


def main() -> None:
    if sys.argv[1:2] == ["grow"]:
        grow(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    parts = options.parts or ["open", "seek", "follow", "idle"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.tracer"
        if {"open", "seek"} & set(parts):
            path.write_bytes(recording(options.events))
        for _ in range(options.rounds if "open" in parts else 0):
            bench_open(path, options.events // EVENTS_A_REQUEST * EVENTS_A_REQUEST + 2)
        if "seek" in parts:
            bench_seek(path)
        if "follow" in parts:
            bench_follow(path, options.rate, options.seconds)
        if "idle" in parts:
            bench_idle(path, options.seconds)


if __name__ == "__main__":
    main()
