"""The probe against the interpreter's own profiler: the same hook calls, per context and in order."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tracer.timeline.events import events

PROGRAM = Path(__file__).parent / "programs" / "every_shape.py"
PLAIN = ("TCPServer", "UDPServer", "UnixStreamServer", "UnixDatagramServer")
CLASSES = [mix + plain for plain in PLAIN for mix in ("", "Threading", "Forking")]


def profiled(framework: str, name: str, path: Path) -> list[list[str]]:
    """What sys.setprofile sees: for each context, in the order in which they began, its calls."""
    command = [sys.executable, str(PROGRAM), framework, name, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False, env={**os.environ, "PYTHONPATH": ""})
    assert (done.returncode, done.stderr) == (0, "")
    contexts: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        who, call = line.split("\t")
        contexts.setdefault(who, []).append(call)
    return list(contexts.values())


def traced(recorded) -> list[list[str]]:
    """What the probe has recorded, in the same words."""
    assert (recorded.status, recorded.output) == (0, ""), recorded.errors
    timeline, damaged = recorded.timeline()
    assert (damaged, timeline.lost) == (0, 0)
    contexts: dict[int, list[str]] = {}
    for event in events(timeline):
        if event.kind in ("enter", "return", "raise"):
            calls = contexts.setdefault(event.context, [])
            calls.append(f"{'>' if event.kind == 'enter' else '<'} {event.owner}.{event.hook}")
    return list(contexts.values())


@pytest.mark.parametrize("name", CLASSES)
def test_the_probe_sees_what_the_profiler_sees(name, record, tmp_path):
    """Eight to ten servers a class, served, failed, refused, ended in setup: the standard module untouched is the oracle."""
    oracle = profiled("socketserver", name, tmp_path / "profile")
    calls = sum(map(len, oracle))
    assert calls > 300
    assert traced(record(PROGRAM, "socketserver", name)) == oracle


@pytest.mark.parametrize("name", CLASSES)
def test_ours_calls_what_the_standard_module_calls(name, record):
    """The same probe on both frameworks: the same hooks, in the same contexts, in the same order, supplied by the same classes."""
    assert traced(record(PROGRAM, "tracer.socketserver", name)) == traced(record(PROGRAM, "socketserver", name))
