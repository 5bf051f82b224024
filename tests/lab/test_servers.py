"""Every demo server is served for real, and hit by each kind of client."""

import os
import re
import signal
import socket
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from tests.lab.programs import ROOT, played, served, started
from tests.probe.kit import until_asleep
from tracer.kernel.processes import is_alive
from tracer.lab import servers
from tracer.lab.servers import DEMOS
from tracer.lab.targets import Target
from tracer.socketserver import BaseRequestHandler, BaseServer

ECHOING = [name for name in DEMOS if name not in ("refusing", "failing")]
QUICK = ("--seconds", "0.1", "--pause", "0.01")


@pytest.mark.parametrize("name", ECHOING)
def test_every_kind_of_client_is_answered(name: str, tmp_path: Path) -> None:
    with served(name, tmp_path) as server:
        stream = server.target.is_stream
        place = r" from 127\.0\.0\.1:\d+" if server.target.transport in ("tcp", "udp") else ""

        status, lines = played("one", server.target, tmp_path, *QUICK)
        assert status == 0
        assert re.fullmatch(rf"#1 sent 'hello 1'{place}, reply 'hello 1' in \d+\.\d ms", *lines)

        status, lines = played("burst", server.target, tmp_path, "-n", "4", *QUICK)
        assert status == 0
        replies = {f"#{number} sent 'hello {number}', reply 'hello {number}'" for number in range(1, 5)}
        assert {re.sub(place, "", line).partition(" in ")[0] for line in lines} == replies

        status, lines = played("slow", server.target, tmp_path, *QUICK)
        assert status == 0
        expected = "byte by byte, reply 'hello 1'" if stream else "3 times, replies 'hello 1', 'hello 1', 'hello 1'"
        assert re.sub(place, "", lines[0]).startswith(f"#1 sent 'hello 1' {expected} in ")

        status, lines = played("silent", server.target, tmp_path, *QUICK)
        assert status == 0
        expected = "#1 said nothing for 0.1 s" if stream else "#1 sent an empty datagram, reply '' in "
        assert re.sub(place, "", lines[0]).startswith(expected)

        assert server.end() == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_the_refusing_server_serves_clients_1_3_5(tmp_path: Path) -> None:
    with served("refusing", tmp_path) as server:
        for number in range(1, 5):
            status, (line,) = played("one", server.target, tmp_path)
            if number % 2:
                assert status == 0
                assert re.match(r"#1 sent 'hello 1' from \S+, reply 'hello 1' in ", line)
            else:
                # The line that the server never read makes the kernel send a reset after, or instead of, the end.
                assert status == 1
                assert re.fullmatch(r"#1 no reply: the server (closed|reset) the connection, from \S+", line)
        assert server.end() == (0, "")


def test_the_failing_server_fails_for_clients_3_6_and_goes_on(tmp_path: Path) -> None:
    with served("failing", tmp_path) as server:
        status, lines = played("burst", server.target, tmp_path, "-n", "6")
        assert status == 1
        assert sum("reply 'hello" in line for line in lines) == 4
        assert sum("no reply: the server closed the connection" in line for line in lines) == 2
        assert played("one", server.target, tmp_path)[0] == 0
        status, errors = server.end()
        assert status == 0
        assert errors.count("ZeroDivisionError: division by zero") == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("name", DEMOS)
def test_a_signal_ends_it_with_status_0_and_nothing_is_left(name: str, number: int, tmp_path: Path) -> None:
    with served(name, tmp_path) as server:
        assert server.end(number) == (0, "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["tcp", "threading", "forking", "unix", "refusing", "failing"])
def test_a_signal_ends_it_while_a_client_is_held(name: str, tmp_path: Path) -> None:
    with served(name, tmp_path) as server, connected(server.target) as client:
        # Half a line after a whole one that was answered: the handler is in readline.
        client.sendall(b"first\nhal")
        assert client.recv(100) == b"first\n"
        children = server.children()
        assert len(children) == (name == "forking")
        until_asleep(server.process.pid)  # a parent may not have noted its child yet, which serves already
        assert server.end() == (0, "")
        assert not any(is_alive(child.pid, child.born) is True for child in children)
        assert client.recv(100) == b""
    assert list(tmp_path.iterdir()) == []


def test_a_second_signal_does_not_disturb_the_end(tmp_path: Path) -> None:
    with served("unix", tmp_path) as server:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
            server.process.send_signal(number)
        assert server.ended() == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_a_killed_child_takes_nothing_with_it(tmp_path: Path) -> None:
    with served("forking", tmp_path) as server:
        with connected(server.target) as client:
            client.sendall(b"first\n")
            assert client.recv(100) == b"first\n"
            (child,) = server.children()
            os.kill(child.pid, signal.SIGTERM)
            assert client.recv(100) == b""
        assert played("one", server.target, tmp_path)[0] == 0
        assert server.end() == (0, "")


def test_a_name_that_is_no_demos_is_answered_in_one_line(tmp_path: Path) -> None:
    for arguments in (["nonsense"], [], ["tcp", "udp"]):
        with started([*servers.command("")[:-1], *arguments], tmp_path) as process:
            output, errors = process.communicate(timeout=20)
            assert (process.returncode, output) == (2, "")
            assert errors == f"name one demo server: {', '.join(DEMOS)}\n"


@pytest.mark.parametrize("demo", DEMOS.values(), ids=DEMOS)
def test_the_table_names_what_is_in_the_module(demo: servers.Demo) -> None:
    module = import_module(f"tracer.lab.servers.{demo.module}")
    assert issubclass(getattr(module, demo.server), BaseServer)
    assert issubclass(getattr(module, demo.handler), BaseRequestHandler)
    assert Path(str(module.__file__)) == demo.source
    assert len(demo.source.read_text().splitlines()) < 40, "it is to be read on one screen"


def test_the_line_of_a_server_tells_its_target() -> None:
    demo, target = servers.announced("unix-datagram: listening on /tmp/x/socket\n")
    assert (demo.name, target) == ("unix-datagram", Target("unix-datagram", path="/tmp/x/socket"))
    for line in ("", "nonsense: listening on 127.0.0.1:1\n", "tcp: listening on \n", "tcp: hello"):
        with pytest.raises(ValueError, match="no demo server wrote"):
            servers.announced(line)


def test_a_demo_server_imports_nothing_heavy() -> None:
    heavy = {"argparse", "asyncio", "dataclasses", "inspect", "json", "subprocess", "textual"}
    code = "import sys, tracer.lab.servers.__main__, tracer.lab.servers.forking; print(*sys.modules)"
    listed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, text=True, capture_output=True, check=True).stdout
    assert heavy & set(listed.split()) == set()


def connected(target: Target) -> socket.socket:
    if target.transport == "tcp":
        return socket.create_connection((target.host, target.port), 20)
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(20)
    client.connect(target.path)
    return client
