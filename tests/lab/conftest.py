"""A server's socket, and a recording, for every test of clients."""

import fcntl
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.kit import BEGUN


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        yield opened


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A recording that is being made."""
    path = tmp_path / "recording.tracer"
    path.write_bytes(BEGUN)
    with path.open("rb") as recorded:
        fcntl.flock(recorded, fcntl.LOCK_EX)
        yield path
