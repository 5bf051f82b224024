"""Hooks that count, remember, forbid, forge names, or are looked at: the program prints what it prints untraced."""

import subprocess
import sys

import pytest

from tests.probe.kit import PROGRAMS, environment

ODDITIES = PROGRAMS / "oddities.py"


@pytest.mark.parametrize(
    "name",
    [
        "counting", "mocks", "namesakes", "frozen", "described", "asynchronous", "keywords", "endless", "circle", "lifetimes",
        "old finders",
    ],
)  # fmt: skip
def test_what_is_odd_stays_so(name, record):
    """The same output and status, and the tracer has not given up."""
    command = [sys.executable, str(ODDITIES), name]
    plain = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment())
    assert (plain.returncode, plain.stderr) == (0, "")
    traced = record(ODDITIES, name)
    assert (traced.status, traced.output) == (0, plain.stdout)
    assert "failed" not in traced.errors
    timeline, damaged = traced.timeline()
    assert (damaged, timeline.lost) == (0, 0)
