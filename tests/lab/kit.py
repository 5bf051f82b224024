"""What tests of clients have in common: a recording that they tell their steps to, and what stands in it then."""

import socket
from pathlib import Path

from tracer.lab.steps import Record
from tracer.lab.targets import Target
from tracer.probe.frames import fact
from tracer.timeline.calls import rows
from tracer.timeline.load import load

BEGUN = fact(0, type="header", version=1)


def target_of(listener: socket.socket) -> Target:
    return Target("tcp", *listener.getsockname())


def opened(path: Path) -> Record:
    record = Record(path)
    record.define()
    return record


def steps(path: Path) -> list[str]:
    """What the recording tells of its clients, without addresses."""
    timeline, damaged = load(path)
    assert damaged == 0
    told = []
    for row in rows(timeline):
        words = "" if row.hook == "connect" and row.outcome == "returned" else f" {row.payload}".rstrip()
        told.append(f"{row.label} {row.hook}{words}{' ✗' * (row.outcome == 'raised')}")
    return told
