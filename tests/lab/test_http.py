"""A client that sends one request of each method over one connection, against servers that keep it, end it, or know no HTTP."""

import re
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.lab.kit import opened, steps, target_of
from tests.lab.programs import played
from tracer.lab.replies import METHODS
from tracer.lab.scripts import Outcome, Settings, http, play
from tracer.lab.targets import Target

SEVEN = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")


class Pages(BaseHTTPRequestHandler):
    """Answers each method, and keeps the connection."""

    protocol_version = "HTTP/1.1"
    timeout = 20
    asked: list[tuple[str, bytes]]

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.asked.append((self.requestline, body))
        self.send_response(204 if self.command == "DELETE" else 200)
        if self.command != "DELETE":
            self.send_header("Content-Length", "5")
        self.end_headers()
        if self.command not in ("HEAD", "DELETE"):
            self.wfile.write(b"page\n")

    def log_message(self, *words: object) -> None:
        pass


for method in SEVEN:
    setattr(Pages, f"do_{method}", Pages.answer)


@contextmanager
def pages(**changed: object) -> Iterator[tuple[Target, list[tuple[str, bytes]]]]:
    """A server that serves one connection; and what it was asked there."""
    asked: list[tuple[str, bytes]] = []
    handler = type("Changed", (Pages,), {"asked": asked, **changed})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        server.timeout = 20
        thread = Thread(target=server.handle_request)
        thread.start()
        yield Target("tcp", *server.server_address[:2]), asked  # type: ignore[misc]
        thread.join()


def replying(listener: socket.socket, *replies: bytes, reset: bool = False) -> Thread:
    """Accept one client and answer its requests with these, one each; then end the connection."""

    def answer() -> None:
        connection = listener.accept()[0]
        with connection:
            for reply in replies:
                connection.recv(1 << 16)
                connection.sendall(reply)
            if reset:
                connection.recv(1 << 16)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(1 << 16):  # a client that is still sending is not to see a reset
                    pass

    thread = Thread(target=answer)
    thread.start()
    return thread


def asks(target: Target, timeout: float = 20, **more: object) -> Outcome:
    return play(http, 7, Settings(target, pause=0, seconds=0, timeout=timeout, folder=Path(), **more))  # type: ignore[arg-type]


def placeless(text: str) -> str:
    """Without the client's address and the time it took."""
    return re.sub(r"in \d+\.\d ms$", "in … ms", re.sub(r"127\.0\.0\.1:\d+", "…", text))


def test_the_methods_are_those_of_the_hook_table() -> None:
    assert METHODS == SEVEN


def test_seven_requests_over_one_connection(path: Path) -> None:
    with pages() as (target, asked):
        outcome = asks(target, record=opened(path))
    assert outcome.ok
    assert placeless(outcome.text) == "7 requests over one connection from …, replies 200 200 200 200 204 200 200 in … ms"
    assert asked == [
        ("GET / HTTP/1.1", b""),
        ("HEAD / HTTP/1.1", b""),
        ("POST / HTTP/1.1", b"hello 7\n"),
        ("PUT / HTTP/1.1", b"hello 7\n"),
        ("DELETE / HTTP/1.1", b""),
        ("PATCH / HTTP/1.1", b"hello 7\n"),
        ("OPTIONS / HTTP/1.1", b""),
    ]
    told = [step.split()[1] for step in steps(path)]
    assert (told[0], told[-1], told.count("connect"), told.count("send"), told.count("close")) == ("connect", "close", 1, 7, 1)
    assert steps(path)[-2:] == ["C7 receive EOF", "C7 close"]
    assert told.index("send") == 1


def test_each_request_waits_for_the_whole_reply_before_it(path: Path, listener: socket.socket) -> None:
    """Also where that comes in pieces, or with one more behind it."""

    def answer() -> None:
        with listener.accept()[0] as connection:
            connection.recv(1 << 16)
            for piece in (b"HTTP/1.1 200", b" OK\nContent-Le", b"ngth: 3\n\n", b"ab", b"c"):
                connection.sendall(piece)
            connection.recv(1 << 16)
            connection.sendall(b"HTTP/1.1 200\r\nContent-Length: 900\r\n\r\nHTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
            asked = b""
            while asked.count(b"hello 7\n") < 2:  # the second follows at once, as the reply to the first is there already
                asked += connection.recv(1 << 16)
            connection.sendall(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 900\r\nConnection: close\r\n\r\n")

    thread = Thread(target=answer)
    thread.start()
    outcome = asks(target_of(listener), record=opened(path))
    thread.join()
    expected = "no reply: the server closed the connection, after 4 of 7 replies (200 200 404 304), from …"
    assert (outcome.ok, placeless(outcome.text)) == (False, expected)
    told = [step.split()[1] for step in steps(path)]
    without_pieces = [step for step, before in zip(told, ["", *told], strict=False) if step != "receive" or before != "receive"]
    assert without_pieces == ["connect", "send", "receive", "send", "receive", "send", "send", "receive", "close"]


def test_over_a_unix_socket(tmp_path: Path) -> None:
    target = Target("unix", path=str(tmp_path / "socket"))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(target.path)
        listener.listen()
        thread = replying(listener, *[b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"] * 7)
        outcome = asks(target)
        thread.join()
    assert placeless(outcome.text) == "7 requests over one connection, replies 200 200 200 200 200 200 200 in … ms"


def test_a_server_that_ends_the_connection_after_each_reply() -> None:
    """As the standard library's do unless they are told otherwise."""
    with pages(protocol_version="HTTP/1.0") as (target, asked):
        outcome = asks(target)
    expected = "no reply: the server closed the connection, after 1 of 7 replies (200), from …"
    assert (outcome.ok, placeless(outcome.text)) == (False, expected)
    assert asked == [("GET / HTTP/1.1", b"")]


def test_a_server_without_one_of_the_methods() -> None:
    def missing(self: Pages) -> None:
        self.send_error(501)

    with pages(do_PUT=missing) as (target, _):
        outcome = asks(target)
    expected = "no reply: the server closed the connection, after 4 of 7 replies (200 200 200 501), from …"
    assert (outcome.ok, placeless(outcome.text)) == (False, expected)


@pytest.mark.parametrize(
    ("replies", "reset", "words"),
    [
        ([], False, "no reply: the server closed the connection, after 0 of 7 replies, from …"),
        ([], True, "no reply: the server reset the connection, after 0 of 7 replies, from …"),
        (
            [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"],
            False,
            "no reply: the server closed the connection, after 0 of 7 replies, from …",
        ),
        (
            [b"HTTP/1.1 200 OK\r\n\r\npage\n"],  # of no length: it goes up to the end
            False,
            "no reply: the server closed the connection, after 1 of 7 replies (200), from …",
        ),
        ([b"hello\n"], False, "failed: 'hello' is no HTTP reply, after 0 of 7 replies, from …"),
        (
            [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\npage\n", b""],
            False,
            "failed: 'page' is no HTTP reply, after 2 of 7 replies (200 200), from …",  # the reply to a HEAD has no body
        ),
    ],
)
def test_a_connection_that_is_broken_off(listener: socket.socket, replies: list[bytes], reset: bool, words: str) -> None:
    thread = replying(listener, *replies, reset=reset)
    outcome = asks(target_of(listener))
    thread.join()
    assert (outcome.ok, placeless(outcome.text)) == (False, words)


def test_a_reply_that_never_comes(listener: socket.socket) -> None:
    outcome = asks(target_of(listener), timeout=0.2)
    assert (outcome.ok, placeless(outcome.text)) == (False, "timed out after 0.2 s, after 0 of 7 replies, from …")


def test_a_connection_that_is_not_ended_when_all_is_said(listener: socket.socket) -> None:
    connections = []

    def answer() -> None:
        connections.append(listener.accept()[0])
        connections[0].sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" * 7)

    thread = Thread(target=answer)
    thread.start()
    outcome = asks(target_of(listener), timeout=1)
    thread.join()
    connections[0].close()
    expected = "timed out after 1 s, after 7 of 7 replies (200 200 200 200 200 200 200), from …"
    assert (outcome.ok, placeless(outcome.text)) == (False, expected)


@pytest.mark.parametrize("transport", ["udp", "unix-datagram"])
def test_datagrams_carry_no_http(transport: str, tmp_path: Path) -> None:
    target = Target("udp", "127.0.0.1", 9) if transport == "udp" else Target(transport, path="socket")
    assert played("http", target, tmp_path) == (1, ["#1 failed: HTTP needs a connection, and a datagram socket has none"])
