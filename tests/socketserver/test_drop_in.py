"""CPython's own tests cannot tell our framework from the standard module."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

RUN = Path(__file__).with_name("run_cpython_tests.py")

# Everything in CPython's suite that starts a socketserver server.
SUITES = {
    "socketserver": ["test.test_socketserver"],
    "http.server": ["test.test_httpservers"],
    "xmlrpc": ["test.test_xmlrpc", "test.test_docxmlrpc"],
    "wsgiref": ["test.test_wsgiref"],
    "logging": [
        f"test.test_logging.{name}"
        for name in (
            "SocketHandlerTest",
            "UnixSocketHandlerTest",
            "DatagramHandlerTest",
            "UnixDatagramHandlerTest",
            "SysLogHandlerTest",
            "UnixSysLogHandlerTest",
            "IPv6SysLogHandlerTest",
            "HTTPHandlerTest",
            "ConfigDictTest",  # logging.config.listen() is a ThreadingTCPServer
        )
    ],
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.skipif(importlib.util.find_spec("test.test_socketserver") is None, reason="no test package here"),
]


@contextmanager
def running(which: str, suite: list[str], folder: Path) -> Iterator[Callable[[], dict[str, str]]]:
    """Start a suite in a child interpreter; what it gives waits for the end, and returns how each test ended."""
    folder.mkdir()
    file, log = folder / "outcomes.json", folder / "log"
    with log.open("w") as output:
        child = subprocess.Popen(
            [sys.executable, str(RUN), which, str(file), *suite],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )

    def outcomes() -> dict[str, str]:
        child.wait(180)
        print(log.read_text(errors="replace"))  # pytest shows it if the comparison fails
        return json.loads(file.read_text())

    try:
        yield outcomes
    finally:
        child.kill()
        child.wait()


@pytest.mark.parametrize("suite", SUITES)
def test_every_test_ends_as_with_the_standard_module(suite, tmp_path):
    """Each test of the suite has the same outcome with ours installed as `socketserver`, and most of them pass."""
    with (
        running("standard", SUITES[suite], tmp_path / "standard") as outcomes_with_the_standard_one,
        running("ours", SUITES[suite], tmp_path / "ours") as outcomes_with_ours,
    ):
        standard, ours = outcomes_with_the_standard_one(), outcomes_with_ours()
    assert ours == standard
    assert list(ours.values()).count("ok") > len(ours) / 2
