"""What clients tell a recording, and what they leave alone."""

import os
import socket
from pathlib import Path
from threading import Thread

import pytest

from tests.lab.kit import BEGUN, opened, steps, target_of
from tests.lab.programs import played
from tracer.lab.scripts import Settings, half_close, one, oversized, play, reset, silent
from tracer.lab.targets import Target
from tracer.probe.frames import fact
from tracer.timeline.calls import rows
from tracer.timeline.load import load


def settings(target: Target, record: Path, **more: object) -> Settings:
    return Settings(target, pause=0.01, seconds=0.1, timeout=0.3, folder=record.parent, record=opened(record), **more)  # type: ignore[arg-type]


def serve(listener: socket.socket, reply: bytes, linger: bool = False) -> Thread:
    """Accept one client, read what comes first (to the end, where there is no reply), and reply."""

    def answer() -> None:
        connection = listener.accept()[0]
        with connection:
            connection.recv(1 << 16)
            while linger and connection.recv(1 << 16):
                pass
            connection.sendall(reply)

    thread = Thread(target=answer)
    thread.start()
    return thread


def test_one(path: Path, listener: socket.socket) -> None:
    thread = serve(listener, b"hello\n")
    assert play(one, 7, settings(target_of(listener), path, words=" (x)")).ok
    thread.join()
    assert steps(path) == ["C7 connect", "C7 send 8 bytes", "C7 receive 6 bytes", "C7 close"]
    (context,) = load(path)[0].ordered.items
    assert (context.kind, context.name, context.pid, context.end_how) == ("client", "client 7 (x)", os.getpid(), "returned")


def test_a_recording_that_is_full_gets_no_more(path: Path, listener: socket.socket) -> None:
    path.write_bytes(fact(0, type="header", version=1, monotonic_ns=0, limit=200))
    record = opened(path)
    size = path.stat().st_size
    assert size > 200, "the frame that reaches the limit is written whole"
    thread = serve(listener, b"hello\n")
    assert play(one, 1, Settings(target_of(listener), 0.01, 0.1, 0.3, path.parent, record=record)).ok
    thread.join()
    assert path.stat().st_size == size


def test_the_address_of_a_client_is_told(path: Path, listener: socket.socket) -> None:
    thread = serve(listener, b"hello\n")
    outcome = play(one, 1, settings(target_of(listener), path))
    thread.join()
    place = outcome.text.partition(" from ")[2].partition(",")[0]
    host, port = listener.getsockname()
    assert next(rows(load(path)[0])).payload == f"→ {host}:{port} from {place}"


def test_a_reply_that_never_comes(path: Path, listener: socket.socket) -> None:
    assert not play(one, 1, settings(target_of(listener), path)).ok
    assert steps(path) == ["C1 connect", "C1 send 8 bytes", "C1 receive TimeoutError: timed out ✗", "C1 close"]


def test_a_refused_client(path: Path, listener: socket.socket) -> None:
    target = target_of(listener)
    listener.close()
    assert not play(one, 1, settings(target, path)).ok
    assert steps(path) == ["C1 connect ConnectionRefusedError: [Errno 111] Connection refused ✗", "C1 close"]
    assert load(path)[0].ordered.items[0].end_how == "returned"


def test_the_end_of_the_connection_where_a_reply_was_due(path: Path, listener: socket.socket) -> None:
    thread = serve(listener, b"")
    assert play(one, 1, settings(target_of(listener), path)).text.startswith("no reply: the server closed the connection")
    thread.join()
    assert steps(path) == ["C1 connect", "C1 send 8 bytes", "C1 receive EOF", "C1 close"]


def test_a_silent_client_is_not_disappointed(path: Path, listener: socket.socket) -> None:
    assert play(silent, 1, settings(target_of(listener), path)).ok
    assert steps(path) == ["C1 connect", "C1 receive", "C1 close"]


def test_a_client_that_sends_no_more_and_reads_to_the_end(path: Path, listener: socket.socket) -> None:
    thread = serve(listener, b"all of it\n", linger=True)
    outcome = play(half_close, 1, settings(target_of(listener), path))
    thread.join()
    assert outcome.ok
    assert outcome.text.startswith("sent 'hello 1' and its end from 127.0.0.1:")
    assert ", reply 'all of it' and its end in " in outcome.text
    assert steps(path) == ["C1 connect", "C1 send 8 bytes", "C1 half_close", "C1 receive 10 bytes", "C1 receive EOF", "C1 close"]


def test_a_reset(path: Path, listener: socket.socket) -> None:
    outcome = play(reset, 1, settings(target_of(listener), path))
    with listener.accept()[0] as connection:
        assert connection.recv(100) == b"hell"
        with pytest.raises(ConnectionResetError):
            connection.recv(100)
    assert outcome.ok
    assert outcome.text.startswith("sent 'hell' from 127.0.0.1:")
    assert outcome.text.endswith(", reset the connection")
    assert steps(path) == ["C1 connect", "C1 send 4 bytes", "C1 reset"]


def test_a_unix_socket_knows_no_reset(path: Path) -> None:
    target = Target("unix", path=str(path.parent / "socket"))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(target.path)
        listener.listen()
        assert play(reset, 1, settings(target, path)).text == "sent 'hell', closed the connection, as a Unix socket knows no reset"
    assert steps(path) == ["C1 connect", "C1 send 4 bytes", "C1 close"]


@pytest.mark.parametrize("script", [oversized, half_close])
def test_a_datagram_larger_than_servers_take(script: object, path: Path) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        target = Target("udp", *server.getsockname())

        def answer() -> None:
            data, peer = server.recvfrom(8192)
            server.sendto(data, peer)

        thread = Thread(target=answer)
        thread.start()
        assert play(script, 1, settings(target, path)).ok  # type: ignore[arg-type]
        thread.join()
    assert steps(path) == ["C1 connect", "C1 send 9000 bytes", "C1 receive 8192 bytes", "C1 close"]


def test_a_datagram_whose_sender_is_gone(path: Path) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        outcome = play(reset, 1, settings(Target("udp", *server.getsockname()), path))
        assert server.recv(100) == b"hello 1\n"
    assert outcome.ok
    assert outcome.text.endswith(", gone before the reply")
    assert steps(path) == ["C1 connect", "C1 send 8 bytes", "C1 close"]


@pytest.mark.parametrize("script", [one, half_close, oversized])
def test_a_client_of_pages_reads_all_of_it(script: object, path: Path, listener: socket.socket) -> None:
    asked = []

    def answer() -> None:
        with listener.accept()[0] as connection:
            while not b"".join(asked).endswith(b"\r\n\r\n"):
                asked.append(connection.recv(1 << 16))
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\npage\nand more\n")

    thread = Thread(target=answer)
    thread.start()
    outcome = play(script, 1, settings(target_of(listener), path, http=True))  # type: ignore[arg-type]
    thread.join()
    assert outcome.ok
    assert "reply 'HTTP/1.0 200 OK'… of 33 bytes" in outcome.text
    request = b"".join(asked)
    assert len(request) == (9000 if script is oversized else 18)
    assert request.startswith(b"GET /")
    assert request.endswith(b" HTTP/1.0\r\n\r\n")
    assert steps(path)[-3:] == ["C1 receive 33 bytes", "C1 receive EOF", "C1 close"]


def test_the_clients_of_a_burst_are_contexts_each(path: Path, listener: socket.socket) -> None:
    target = target_of(listener)
    listener.close()
    status, lines = played("burst", target, path.parent, "-n", "3", "--first", "5", "--record", str(path))
    assert (status, sorted(lines)) == (1, ["#5 refused", "#6 refused", "#7 refused"])
    contexts = load(path)[0].ordered.items
    assert sorted(context.name for context in contexts) == ["client 5", "client 6", "client 7"]
    assert len({context.pid for context in contexts}) == 1
    assert {context.end_how for context in contexts} == {"returned"}


@pytest.mark.parametrize("content", [None, b"", b"print('hello')\n"])
def test_what_is_no_recording_is_left_alone(content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "server.py"
    if content is not None:
        path.write_bytes(content)
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        assert play(reset, 1, settings(Target("udp", *server.getsockname()), path)).ok
    why = "No such file or directory" if content is None else "it is not a recording"
    assert capsys.readouterr().err == f"not recorded: {path}: {why}\n"
    assert (path.read_bytes() if path.exists() else None) == content


def test_a_recording_that_is_complete_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "recording.tracer"
    path.write_bytes(BEGUN)
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        assert play(reset, 1, settings(Target("udp", *server.getsockname()), path)).ok
    assert path.read_bytes() == BEGUN


def test_a_full_disk_costs_the_client_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []

    def full(descriptor: int, data: bytes) -> int:
        written.append(data)
        raise OSError(28, "No space left on device")

    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        known = settings(Target("udp", *server.getsockname()), path)
        monkeypatch.setattr(os, "write", full)
        assert play(reset, 1, known).ok
    assert len(written) == 1
