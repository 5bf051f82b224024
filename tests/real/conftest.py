"""Programs of others, as they are: installed in an environment of their own, where nothing of ours is."""

import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.probe.kit import read
from tests.real.kit import Program, Recorded, Visit, are_complete, environment, peers, recording, same, wait_for
from tracer.timeline.calls import rows

PACKAGES = ("flask", "django")  # flask brings werkzeug


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has Flask, werkzeug and Django. Tests are skipped where it cannot be had."""
    folder = tmp_path_factory.mktemp("environment")
    python = folder / "bin" / "python"
    install = [python, "-m", "pip", "install", "-q", "--no-compile", "--disable-pip-version-check", "--retries", "1", *PACKAGES]
    for command in ([sys.executable, "-m", "venv", folder], install):
        try:
            subprocess.run(command, capture_output=True, timeout=180, check=True, env=environment())
        except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
            last = ((error.stdout or b"") + (error.stderr or b"")).decode().strip().rpartition("\n")[2]
            pytest.skip(f"no environment with {' and '.join(PACKAGES)}: {last or error}")
    return python


@pytest.fixture
def twice(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Recorded]:
    """twice(words, visit): a program runs plain and traced, `visit` is its client both times, and both times it has shown the same.

    What is recorded is each connection of a client's, once, from its begin to its end.
    """

    def run(
        words: Sequence[str | Path],
        visit: Visit,
        stop: int = signal.SIGINT,
        python: Path = Path(sys.executable),
        prepare: Callable[[], object] = lambda: None,
        **more: str,
    ) -> Recorded:
        path = tmp_path_factory.mktemp("recording") / "run.tracer"
        shown = []
        for command, recorded in (([python, *words], None), (recording(path, python, words), path)):
            prepare()
            with Program(command, tmp_path, environment(**more), recorded) as program:
                clients = visit(program)
                wait_for(program, clients)
                status = program.end(stop)
            texts = ["\n\n".join(clients.replies), program.output, program.errors]
            shown.append([status, *(same(text, clients.ports) for text in texts)])
        for plain, traced in zip(*shown, strict=True):
            assert str(traced).splitlines() == str(plain).splitlines()
        status, _, output, errors = shown[1]
        timeline = read(path)
        assert sorted(peers(timeline)) == sorted(clients.addresses)
        assert are_complete(timeline)
        return Recorded(timeline, list(rows(timeline)), clients.addresses, clients.replies, output, errors, status)

    return run
