"""Recording real programs, for every test that wants one."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tracer.recording.follow import Follower
from tracer.timeline.timeline import Timeline

ROOT = Path(__file__).parents[1]


@dataclass
class Recorded:
    """A program that has run under `tracer record`."""

    status: int
    output: str
    errors: str
    path: Path

    def timeline(self) -> tuple[Timeline, int]:
        """Its recording, indexed, and the number of damaged regions in it."""
        return read(self.path)


def read(path: Path) -> tuple[Timeline, int]:
    """The recording at `path`, indexed, and the number of damaged regions in it."""
    timeline = Timeline()
    with Follower(path) as follower:
        while frames := follower.read():
            timeline.feed(frames)
        follower.finish()
        return timeline, follower.reader.damaged


@pytest.fixture
def record(tmp_path) -> Callable[..., Recorded]:
    """record(program, *arguments): run it under `tracer record` until it ends."""

    def run(*words: str | Path, **options: object) -> Recorded:
        path = tmp_path / f"recording-{len(list(tmp_path.iterdir()))}.tracer"
        command = [sys.executable, "-m", "tracer", "record", "-o", str(path), *map(str, words)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False, env=environment, **options)  # type: ignore[call-overload]
        return Recorded(done.returncode, done.stdout, done.stderr, path)

    return run
