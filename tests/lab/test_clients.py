"""Scripted clients against servers that answer badly, late or not at all."""

import errno
import re
import signal
import socket
import struct
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest

from tests.lab.kit import target_of
from tests.lab.programs import played, started
from tracer.lab import clients
from tracer.lab.clients import KINDS
from tracer.lab.scripts import Outcome, Script, Settings, one, play, silent, slow
from tracer.lab.targets import Target

ADDRESS = r"127\.0\.0\.1:\d+"


def settings(target: Target, folder: Path = Path()) -> Settings:
    return Settings(target, pause=0.01, seconds=0.1, timeout=0.3, folder=folder)


def test_a_port_where_nobody_listens_refuses(listener: socket.socket) -> None:
    target = target_of(listener)
    listener.close()
    for script in (one, slow, silent):
        assert play(script, 7, settings(target)) == Outcome(7, False, "refused")


def test_a_udp_port_where_nobody_listens_refuses() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        target = Target("udp", *free.getsockname())
    outcome = play(one, 1, settings(target))
    assert not outcome.ok
    assert re.fullmatch(r"refused, from 127\.0\.0\.1:\d+", outcome.text)


def test_a_path_that_is_not_there_is_named_a_failure(tmp_path: Path) -> None:
    for transport in ("unix", "unix-datagram"):
        target = Target(transport, path=str(tmp_path / "socket"))
        assert play(one, 1, settings(target, tmp_path)).text == "failed: No such file or directory"


@pytest.mark.parametrize("script", [one, slow])
def test_a_server_that_says_nothing_is_not_waited_for_for_ever(script: Script, listener: socket.socket) -> None:
    outcome = play(script, 1, settings(target_of(listener)))
    assert not outcome.ok
    assert re.fullmatch(rf"timed out after 0\.3 s, from {ADDRESS}", outcome.text)


def test_the_outcome_names_the_address_that_the_server_sees(listener: socket.socket) -> None:
    peers = []

    def answer() -> None:
        connection, peer = listener.accept()
        peers.append(peer)
        with connection:
            connection.sendall(connection.recv(100))

    thread = Thread(target=answer)
    thread.start()
    outcome = play(one, 7, Settings(target_of(listener), pause=0, seconds=1, timeout=5, folder=Path()))
    thread.join()
    ((host, port),) = peers
    assert outcome.text.startswith(f"sent 'hello 7' from {host}:{port}, reply 'hello 7' in ")


def test_a_connection_that_the_kernel_gives_up(listener: socket.socket) -> None:
    """Sooner than the client would: after about two minutes."""

    def connect(number: int, settings: Settings) -> str:
        raise TimeoutError(errno.ETIMEDOUT, "Connection timed out")

    assert play(connect, 1, settings(target_of(listener))) == Outcome(1, False, "timed out: the kernel gave up")


def test_a_full_unix_queue_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    target = Target("unix", path=str(tmp_path / "socket"))
    with socket.socket(socket.AF_UNIX) as full, socket.socket(socket.AF_UNIX) as first:
        full.bind(target.path)
        full.listen(0)
        first.connect(target.path)
        assert play(silent, 1, settings(target)) == Outcome(1, False, "timed out after 0.3 s")


def test_a_full_unix_datagram_queue_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    target = Target("unix-datagram", path=str(tmp_path / "socket"))
    full, sender = (socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2))
    with full, sender:
        full.bind(target.path)
        sender.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                sender.sendto(b"x", target.path)
        assert play(one, 1, settings(target, tmp_path)) == Outcome(1, False, "timed out after 0.3 s")


@pytest.mark.parametrize(("lingering", "word"), [(False, "closed"), (True, "reset")])
@pytest.mark.parametrize("script", [one, silent])
def test_an_early_end(script: Script, lingering: bool, word: str, listener: socket.socket) -> None:
    def hang_up() -> None:
        connection = listener.accept()[0]
        if script is one:
            connection.recv(100)
        if lingering:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    thread = Thread(target=hang_up)
    thread.start()
    outcome = play(script, 1, settings(target_of(listener)))
    thread.join()
    assert not outcome.ok
    # A reset can come before connect() has returned to a client that says nothing: it has no address to tell then.
    place = f"(, from {ADDRESS})?" if lingering and script is silent else f", from {ADDRESS}"
    assert re.fullmatch(f"no reply: the server {word} the connection{place}", outcome.text)


def test_a_server_that_greets_does_not_end_the_silence(listener: socket.socket) -> None:
    connections = []

    def greet() -> None:
        connections.append(listener.accept()[0])
        connections[0].sendall(b"welcome\n")

    thread = Thread(target=greet)
    thread.start()
    outcome = play(silent, 1, settings(target_of(listener)))
    assert outcome.ok
    assert re.fullmatch(f"said nothing for 0.1 s, from {ADDRESS}", outcome.text)
    thread.join()
    connections[0].close()


def test_a_slow_client_sends_byte_by_byte(listener: socket.socket) -> None:
    pieces = []

    def serve() -> None:
        with listener.accept()[0] as connection:
            while not b"".join(pieces).endswith(b"\n"):
                pieces.append(connection.recv(100))
            connection.sendall(b"".join(pieces))

    thread = Thread(target=serve)
    thread.start()
    outcome = play(slow, 3, Settings(target_of(listener), pause=0.05, seconds=1, timeout=5, folder=Path()))
    thread.join()
    assert outcome.ok
    assert b"".join(pieces) == b"hello 3\n"
    assert len(pieces) > 1


def test_the_clients_of_a_burst_are_connected_all_at_once(listener: socket.socket, tmp_path: Path) -> None:
    listener.listen(20)
    with started(clients.command("burst", target_of(listener), "-n", "12"), tmp_path) as process:
        connections = [listener.accept()[0] for _ in range(12)]  # none has been answered yet
        for connection in connections:
            connection.sendall(connection.recv(100))
            connection.close()
        output, errors = process.communicate(timeout=20)
    assert (process.returncode, errors, len(output.splitlines())) == (0, "", 12)


@pytest.mark.parametrize("kind", KINDS)
def test_so_many_of_a_kind_as_are_wanted(kind: str, listener: socket.socket, tmp_path: Path) -> None:
    target = target_of(listener)
    listener.close()
    assert sorted(played(kind, target, tmp_path)[1]) == sorted(
        f"#{number} refused" for number in range(1, 11 if kind == "burst" else 2)
    )
    status, lines = played(kind, target, tmp_path, "-n", "3", "--first", "5")
    assert (status, sorted(lines)) == (1, ["#5 refused", "#6 refused", "#7 refused"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "reset"])  # that one waits for nothing
def test_a_signal_ends_clients_at_once(kind: str, number: int, listener: socket.socket, tmp_path: Path) -> None:
    patience = ("--seconds", "100", "--timeout", "100", "--pause", "50")
    with started(clients.command(kind, target_of(listener), *patience), tmp_path) as process, listener.accept()[0]:
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (1, "")


def test_a_unix_datagram_client_removes_its_own_address(tmp_path: Path) -> None:
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    home.mkdir()
    temporary.mkdir()
    target = Target("unix-datagram", path=str(home / "socket"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(target.path)
        with started(clients.command("one", target, "--timeout", "100"), temporary) as process:
            _, peer = server.recvfrom(100)
            assert Path(peer).is_relative_to(temporary)
            process.terminate()
            assert process.wait(20) == 1
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["one", "nonsense"], "is no target"),
        (["one", "tcp:127.0.0.1"], "needs a host and a port"),
        (["nonsense", "tcp:127.0.0.1:80"], "invalid choice"),
        (["one"], "required: TARGET"),
        (["burst", "tcp:127.0.0.1:80", "-n", "0"], "must be above 0"),
        (["slow", "tcp:127.0.0.1:80", "--pause", "x"], "invalid float"),
    ],
)
def test_a_command_line_that_cannot_be_understood(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_status:
        clients.parse(arguments)
    assert exit_status.value.code == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.startswith("clients: ")
    assert message in errors
    assert errors.count("\n") == 1


def test_a_bad_target_is_one_line_and_status_2(tmp_path: Path) -> None:
    command = [*clients.command("one", Target("tcp", "127.0.0.1", 80))[:-1], "nonsense"]
    with started(command, tmp_path) as process:
        output, errors = process.communicate(timeout=20)
    assert (process.returncode, output, errors.count("\n")) == (2, "", 1)


def test_refused_clients_make_status_1(listener: socket.socket, tmp_path: Path) -> None:
    target = target_of(listener)
    listener.close()
    assert played("one", target, tmp_path) == (1, ["#1 refused"])
