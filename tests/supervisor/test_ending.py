"""Ending a program that somebody wants to end: how it is asked, and what becomes of those that do not listen."""

import os
import re
import select
import signal
import subprocess
import sys

import pytest

from tracer.supervisor import ending
from tracer.supervisor.ending import Ending, Stop

DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); signal.pause()"
DEAF_CHILD = (
    "import os, signal\n"
    "if child := os.fork(): os.write(1, b'%d\\n' % child)\n"
    "else: signal.signal(signal.SIGTERM, signal.SIG_IGN); os.write(1, b'ready\\n')\n"
    "while True: signal.pause()"
)


def start(program, **options):
    """A program, and its pidfd."""
    process = subprocess.Popen([sys.executable, "-S", "-c", program], stdout=subprocess.PIPE, **options)
    return process, os.pidfd_open(process.pid)


def has_ended(pidfd, seconds=0.0):
    return bool(select.select([pidfd], [], [], seconds)[0])


def wait_for(stop, pidfd):
    """Ask again and again, as a supervisor does."""
    while not stop.is_over():
        has_ended(pidfd, 0.01)


@pytest.mark.parametrize(("status", "shown"), [(0, 0), (3, 3), (-9, 137), (-15, 143)])
def test_the_status_of_a_shell(status, shown):
    assert Ending(status).exit_status == shown


def test_a_program_that_ends_by_itself():
    """Nobody asked it to, and to ask it now is too late."""
    process, pidfd = start("")
    with process, os.fdopen(pidfd):
        stop = Stop(process, group=False)
        wait_for(stop, pidfd)
        stop.ask()
        assert (process.returncode, stop.asked) == (0, False)


@pytest.mark.parametrize("group", [False, True])
def test_who_does_not_listen_is_killed(group, monkeypatch):
    """After a while, and not before."""
    process, pidfd = start(DEAF, start_new_session=group)
    with process, os.fdopen(pidfd):
        process.stdout.readline()
        stop = Stop(process, group)
        stop.ask()
        assert not has_ended(pidfd, 0.1)
        assert not stop.is_over()
        monkeypatch.setattr(stop, "_deadline", 0.0)
        wait_for(stop, pidfd)
        assert process.returncode == -signal.SIGKILL


def test_a_child_that_does_not_listen_is_killed(monkeypatch):
    """Its parent, the program, ended at once; the group is waited for."""
    monkeypatch.setattr(ending, "PATIENCE", 0.3)
    process, pidfd = start(DEAF_CHILD, start_new_session=True)
    with process, os.fdopen(pidfd):
        said = b"".join(sorted(process.stdout.readline() for _ in range(2))).decode()
        child = os.pidfd_open(int(re.match(r"\d+", said)[0]))
        with os.fdopen(child):
            stop = Stop(process, group=True)
            stop.ask()
            assert has_ended(pidfd, 60)
            assert not stop.is_over()
            wait_for(stop, child)
            assert has_ended(child, 60)
        assert (process.returncode, stop.asked) == (-signal.SIGTERM, True)
