"""Demo servers and scripted clients as processes of their own."""

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tracer.kernel import processes
from tracer.lab import clients, servers
from tracer.lab.targets import Target

ROOT = Path(__file__).parents[2]


@dataclass
class Served:
    """A demo server that listens."""

    process: "subprocess.Popen[str]"
    target: Target

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Signal it and wait: its exit status, and what it wrote to standard error."""
        os.kill(self.process.pid, number)
        return self.ended()

    def ended(self) -> tuple[int, str]:
        _, errors = self.process.communicate(timeout=20)
        return self.process.returncode, errors

    def children(self) -> list[processes.Child]:
        found = processes.children(self.process.pid)
        assert isinstance(found, list)
        return found


def started(command: Sequence[str], temporary: Path) -> "subprocess.Popen[str]":
    """A process that finds `tracer`, with `temporary` as its directory for temporary files."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)}
    return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@contextmanager
def served(name: str, temporary: Path) -> Iterator[Served]:
    """Serve a demo; it is killed at the end if the test has not ended it."""
    with started(servers.command(name), temporary) as process:
        try:
            assert process.stdout is not None
            demo, target = servers.announced(process.stdout.readline())
            assert demo.name == name
            yield Served(process, target)
        finally:
            process.kill()


def played(kind: str, target: Target, temporary: Path, *options: str) -> tuple[int, list[str]]:
    """Play clients to their end: exit status and the lines they wrote."""
    with started(clients.command(kind, target, *options), temporary) as process:
        output, errors = process.communicate(timeout=30)
        assert errors == ""
        return process.returncode, output.splitlines()
