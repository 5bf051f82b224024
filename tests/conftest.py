"""Recording real programs, for every test that wants one."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.gatekit import Gated
from tests.probe.kit import Running, environment, recording
from tracer.timeline.load import load
from tracer.timeline.timeline import Timeline


@dataclass
class Recorded:
    """A program that has run under `tracer record`."""

    status: int
    output: str
    errors: str
    path: Path

    def timeline(self) -> tuple[Timeline, int]:
        """Its recording, indexed, and the number of damaged regions in it."""
        return load(self.path)


def _new(folder: Path) -> Path:
    return folder / f"recording-{len(list(folder.iterdir()))}.tracer"


@pytest.fixture
def record(tmp_path) -> Callable[..., Recorded]:
    """record(program, *arguments): run it under `tracer record` until it ends."""

    def run(*words: str | Path, **options: object) -> Recorded:
        path = _new(tmp_path)
        command = recording(path, *words)
        done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False, env=environment(), **options)  # type: ignore[call-overload]
        return Recorded(done.returncode, done.stdout, done.stderr, path)

    return run


@pytest.fixture
def launch(tmp_path) -> Callable[..., Running]:
    """`with launch(program, *arguments) as running`: run it under `tracer record`, or plain, while the test is its client."""

    def run(*words: str | Path, traced: bool = True, path: Path | None = None, **more: str) -> Running:
        path = path or _new(tmp_path)
        command = recording(path, *words) if traced else [sys.executable, *map(str, words)]
        return Running(command, path, environment(**more))

    return run


@pytest.fixture
def gated(tmp_path) -> Callable[..., Gated]:
    """`with gated(program, *arguments, holds=[…]) as running`: run it while the test holds and releases its contexts."""

    def run(*words: str | Path, **options: object) -> Gated:
        return Gated(_new(tmp_path), words, **options)  # type: ignore[arg-type]

    return run
