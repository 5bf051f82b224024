"""What scripted clients do: one function for each script, and `play`, which runs one and says what came of it.

1. Every client ends in the time its settings allow, whatever the server does.
2. Nothing is written here: a client's end is an Outcome.
"""

import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from tracer.lab.targets import TRANSPORTS, Target

DATAGRAMS_OF_A_SLOW_CLIENT = 3


@dataclass(frozen=True)
class Settings:
    """What the clients of one command line have in common; times in seconds."""

    target: Target
    pause: float
    """Between the pieces of a slow client."""
    seconds: float
    """How long a silent client stays."""
    timeout: float
    """For connecting, and for each reply from the last byte sent."""
    folder: Path
    """Where Unix datagram clients have their own addresses."""


@dataclass(frozen=True)
class Outcome:
    """How one client ended."""

    number: int
    ok: bool
    """Whether it did what its script says."""
    text: str

    def __str__(self) -> str:
        return f"#{self.number} {self.text}"


class ClosedError(Exception):
    """The server closed the connection where a reply was due."""


class BrokenOffError(Exception):
    """What went wrong (its cause) after the client had a socket; the message tells the client's own address."""


def one(number: int, settings: Settings) -> str:
    """Send a line, read the reply."""
    begin = time.monotonic()
    with _connected(number, settings) as (sock, place):
        sock.sendall(_line(number))
        return f"sent {_shown(_line(number))}{place}, reply {_reply(sock, settings)} in {_since(begin)}"


def slow(number: int, settings: Settings) -> str:
    """Send the line byte by byte; or three datagrams, each of which comes whole or not at all."""
    begin = time.monotonic()
    with _connected(number, settings) as (sock, place):
        if not settings.target.is_stream:
            replies = []
            for sent in range(DATAGRAMS_OF_A_SLOW_CLIENT):
                if sent:
                    time.sleep(settings.pause)
                sock.sendall(_line(number))
                replies.append(_reply(sock, settings))
            return f"sent {_shown(_line(number))} {len(replies)} times{place}, replies {', '.join(replies)} in {_since(begin)}"
        for sent, byte in enumerate(_line(number)):
            if sent:
                time.sleep(settings.pause)
            sock.sendall(bytes([byte]))
        return f"sent {_shown(_line(number))} byte by byte{place}, reply {_reply(sock, settings)} in {_since(begin)}"


def silent(number: int, settings: Settings) -> str:
    """Connect and say nothing; or send an empty datagram."""
    begin = time.monotonic()
    with _connected(number, settings) as (sock, place):
        if not settings.target.is_stream:
            sock.sendall(b"")
            return f"sent an empty datagram{place}, reply {_reply(sock, settings)} in {_since(begin)}"
        leave = time.monotonic() + settings.seconds
        with suppress(TimeoutError):
            while True:  # whatever the server says is left unanswered
                sock.settimeout(_remaining(leave))
                if not sock.recv(4096):
                    raise ClosedError
        return f"said nothing for {settings.seconds:g} s,{place}" if place else f"said nothing for {settings.seconds:g} s"


Script: TypeAlias = Callable[[int, Settings], str]
"""Plays the client of this number and says what came of it; OSError or BrokenOffError when it could not."""


def play(script: Script, number: int, settings: Settings) -> Outcome:
    """Play one client, at most for the time that its settings allow."""
    place = ""
    cause: BaseException | None
    try:
        return Outcome(number, True, script(number, settings))
    except BrokenOffError as error:
        place, cause = str(error), error.__cause__
    except OSError as error:
        cause = error
    return Outcome(number, False, f"{_failure(cause, settings)},{place}" if place else _failure(cause, settings))


def _failure(cause: BaseException | None, settings: Settings) -> str:
    match cause:
        case TimeoutError() | BlockingIOError():  # EAGAIN is what SO_SNDTIMEO makes of a timeout
            return f"timed out after {settings.timeout:g} s"
        case ConnectionRefusedError():
            return "refused"
        case ClosedError():
            return "no reply: the server closed the connection"
        case ConnectionResetError() | BrokenPipeError():
            return "no reply: the server reset the connection"
        case OSError():
            return f"failed: {cause.strerror or cause}"
    return f"failed: {cause}"


@contextmanager
def _connected(number: int, settings: Settings) -> Iterator[tuple[socket.socket, str]]:
    """A connected socket, and ` from 127.0.0.1:42216` if it has an address of its own: so is its connection found."""
    with _socket(number, settings) as sock:
        place = _from(sock)
        try:
            yield sock, place
        except (OSError, ClosedError) as error:
            raise BrokenOffError(place) from error


def _from(sock: socket.socket) -> str:
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return ""
    host, port = sock.getsockname()[:2]
    return f" from [{host}]:{port}" if ":" in host else f" from {host}:{port}"


def _socket(number: int, settings: Settings) -> socket.socket:
    target = settings.target
    if target.transport == "tcp":
        return socket.create_connection((target.host, target.port), settings.timeout)
    family, kind = TRANSPORTS[target.transport]
    address: tuple[str, int] | str = target.path
    if target.transport == "udp":
        family, kind, _, _, found = socket.getaddrinfo(target.host, target.port, type=kind)[0]
        address = (str(found[0]), int(found[1]))
    sock = socket.socket(family, kind)
    try:
        if target.transport == "unix-datagram":
            # The answer goes to the client's own address: without one it gets none.
            sock.bind(os.fspath(settings.folder / str(number)))
        if target.transport == "unix":
            # A full queue makes connect() wait as TCP does only on a blocking socket: settimeout() would get EAGAIN.
            limit = struct.pack("@ll", int(settings.timeout), int(settings.timeout % 1 * 1e6))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        sock.connect(address)
        sock.settimeout(settings.timeout)
    except BaseException:
        sock.close()
        raise
    return sock


def _reply(sock: socket.socket, settings: Settings) -> str:
    """One line of a stream, or one datagram, as it is to be shown."""
    deadline = time.monotonic() + settings.timeout
    if not settings.target.is_stream:
        sock.settimeout(_remaining(deadline))
        return _shown(sock.recv(1 << 16))
    reply = b""
    while not reply.endswith(b"\n"):
        sock.settimeout(_remaining(deadline))
        part = sock.recv(4096)
        if not part:
            raise ClosedError
        reply += part
    return _shown(reply)


def _remaining(deadline: float) -> float:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError
    return remaining


def _line(number: int) -> bytes:
    return f"hello {number}\n".encode()


def _shown(data: bytes) -> str:
    return repr(data.decode(errors="replace").removesuffix("\n"))


def _since(begin: float) -> str:
    return f"{(time.monotonic() - begin) * 1000:.1f} ms"
