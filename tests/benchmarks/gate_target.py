"""target.py, to measure the gate: `python gate_target.py CLASS`, under the tracer.

On SIGUSR2 it prints how long each arrival before `handle` has taken since the last time, in nanoseconds, all in one line.
"""

import os
import runpy
import signal
import socketserver  # noqa: F401 - loads the probe
import time
from pathlib import Path

from _tracer_probe import template
from _tracer_probe.gate import arrive
from _tracer_probe.hooks import SLOT
from _tracer_probe.page import BEFORE

HANDLE = SLOT["handle"]
taken: list[int] = []


def timed(word, slot, when):
    begin = time.perf_counter_ns()
    arrive(word, slot, when)
    if slot == HANDLE and when == BEFORE:
        taken.append(time.perf_counter_ns() - begin)


def tell(number, frame):
    told, taken[:] = taken[:], []
    os.write(1, f"{' '.join(map(str, told))}\n".encode())


template.provide(arrive=timed)
signal.signal(signal.SIGUSR2, tell)
runpy.run_path(str(Path(__file__).with_name("target.py")), run_name="__main__")
