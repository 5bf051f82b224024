"""What scripted clients do: one function for each script, and `play`, which runs one and says what came of it.

1. Every client ends in the time its settings allow, whatever the server does.
2. Nothing is written here: a client's end is an Outcome. What it does on the way its Wire tells the recording, if there is one.
"""

import errno
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from tracer.lab.replies import METHODS, Replies, request
from tracer.lab.steps import Record, Steps
from tracer.lab.targets import Target
from tracer.lab.wire import ClosedError, Wire

DATAGRAMS_OF_A_SLOW_CLIENT = 3
OVERSIZED = 9000  # bytes: more than a datagram server takes (max_packet_size is 8192), less than loopback cuts in pieces
_MOST_SHOWN = 40  # characters


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
    http: bool = False
    """Whether a client of a stream asks for a page instead of sending a line."""
    record: Record = field(default_factory=Record)
    """Where the clients tell their steps."""
    words: str = ""
    """What stands behind `client 7` in a client's name."""


@dataclass(frozen=True)
class Outcome:
    """How one client ended."""

    number: int
    ok: bool
    """Whether it did what its script says."""
    text: str

    def __str__(self) -> str:
        return f"#{self.number} {self.text}"


class BrokenOffError(Exception):
    """What went wrong (its cause) after the client had a socket; the message tells how far it had come, and its own address."""


def one(number: int, settings: Settings) -> str:
    """Send a line, read the reply."""
    return _ask(number, settings, _message(number, settings))


def slow(number: int, settings: Settings) -> str:
    """Send the line byte by byte; or three datagrams, each of which comes whole or not at all."""
    begin = time.monotonic()
    message = _message(number, settings)
    with _connected(number, settings) as wire:
        if not settings.target.is_stream:
            replies = []
            for sent in range(DATAGRAMS_OF_A_SLOW_CLIENT):
                if sent:
                    time.sleep(settings.pause)
                wire.send(message)
                replies.append(_reply(wire, settings))
            return f"sent {_shown(message)} {len(replies)} times{wire.place}, replies {', '.join(replies)} in {_since(begin)}"
        for sent in range(len(message)):
            if sent:
                time.sleep(settings.pause)
            wire.send(message[sent : sent + 1])
        return f"sent {_shown(message)} byte by byte{wire.place}, reply {_reply(wire, settings)} in {_since(begin)}"


def silent(number: int, settings: Settings) -> str:
    """Connect and say nothing; or send an empty datagram."""
    begin = time.monotonic()
    with _connected(number, settings) as wire:
        if not settings.target.is_stream:
            wire.send(b"")
            return f"sent an empty datagram{wire.place}, reply {_reply(wire, settings)} in {_since(begin)}"
        leave = time.monotonic() + settings.seconds
        while (said := wire.receive_until(leave)) is not None:  # whatever the server says is left unanswered
            if not said:
                raise ClosedError
        return f"said nothing for {settings.seconds:g} s,{wire.place}" if wire.place else f"said nothing for {settings.seconds:g} s"


def half_close(number: int, settings: Settings) -> str:
    """Send a line and the end of all that is to come, read to the end; or an oversized datagram, which has no end but its own."""
    if not settings.target.is_stream:
        return oversized(number, settings)
    begin = time.monotonic()
    message = _message(number, settings)
    with _connected(number, settings) as wire:
        wire.send(message)
        wire.half_close()
        reply = _shown(_to_the_end(wire, settings))
        return f"sent {_shown(message)} and its end{wire.place}, reply {reply} and its end in {_since(begin)}"


def reset(number: int, settings: Settings) -> str:
    """Send a part of the line and reset the connection; or send a datagram and be gone when the reply comes."""
    message = _message(number, settings)
    with _connected(number, settings) as wire:
        if not settings.target.is_stream:
            wire.send(message)
            return f"sent {_shown(message)}{wire.place}, gone before the reply"
        part = message[: len(message) // 2]
        wire.send(part)
        how = "reset the connection" if wire.reset() else "closed the connection, as a Unix socket knows no reset"
        return f"sent {_shown(part)}{wire.place}, {how}"


def oversized(number: int, settings: Settings) -> str:
    """Send more than a datagram server takes at once, in one line or datagram; read the reply."""
    message = _message(number, settings)
    end = message[message.rindex(b" HTTP/") :] if settings.http else b"\n"
    return _ask(number, settings, message.removesuffix(end).ljust(OVERSIZED - len(end), b"x") + end)


def http(number: int, settings: Settings) -> str:
    """Send one HTTP request of each method over one connection, each when all of the reply before it has come; read to the end."""
    if not settings.target.is_stream:
        raise OSError("HTTP needs a connection, and a datagram socket has none")
    begin = time.monotonic()
    host, body = settings.target.address if settings.target.port else "localhost", _line(number)
    statuses: list[str] = []
    with _connected(number, settings) as wire:
        replies = Replies(wire, settings.timeout)
        try:
            for method in METHODS:
                wire.send(request(method, host, body, last=method == METHODS[-1]))
                statuses.append(str(replies.read(method)))
                if replies.last:
                    break
            replies.read_end()
            if len(statuses) < len(METHODS):
                raise ClosedError
        except (OSError, ClosedError, ValueError) as error:
            answered = f" ({' '.join(statuses)})" if statuses else ""
            place = f",{wire.place}" if wire.place else ""
            raise BrokenOffError(f" after {len(statuses)} of {len(METHODS)} replies{answered}{place}") from error
        return f"{len(METHODS)} requests over one connection{wire.place}, replies {' '.join(statuses)} in {_since(begin)}"


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
        case TimeoutError(errno=errno.ETIMEDOUT):
            return "timed out: the kernel gave up"
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
def _connected(number: int, settings: Settings) -> Iterator[Wire]:
    """A connected client; at the end it is closed."""
    steps = Steps(settings.record, f"client {number}{settings.words}")
    try:
        with Wire(steps, settings.target, settings.timeout, settings.folder / str(number)) as wire:
            try:
                yield wire
            except (OSError, ClosedError) as error:
                raise BrokenOffError(wire.place) from error
    finally:
        steps.leave()


def _ask(number: int, settings: Settings, message: bytes) -> str:
    """Send the message, read the reply."""
    begin = time.monotonic()
    with _connected(number, settings) as wire:
        wire.send(message)
        return f"sent {_shown(message)}{wire.place}, reply {_reply(wire, settings)} in {_since(begin)}"


def _reply(wire: Wire, settings: Settings) -> str:
    """One line of a stream, all that comes up to its end from a server of pages, or one datagram, as it is to be shown."""
    deadline = time.monotonic() + settings.timeout
    if not settings.target.is_stream:
        return _shown(wire.receive(deadline))
    if settings.http:
        return _shown(_to_the_end(wire, settings))
    reply = b""
    while not reply.endswith(b"\n"):
        part = wire.receive(deadline)
        if not part:
            raise ClosedError
        reply += part
    return _shown(reply)


def _to_the_end(wire: Wire, settings: Settings) -> bytes:
    """All that comes; ClosedError if nothing does."""
    deadline = time.monotonic() + settings.timeout
    parts = []
    while part := wire.receive(deadline):
        parts.append(part)
    if not parts:
        raise ClosedError
    return b"".join(parts)


def _message(number: int, settings: Settings) -> bytes:
    return b"GET / HTTP/1.0\r\n\r\n" if settings.http and settings.target.is_stream else _line(number)


def _line(number: int) -> bytes:
    return f"hello {number}\n".encode()


def _shown(data: bytes) -> str:
    """Data as text: its first line, and how much it is in all where that is not all of it."""
    text = data.decode(errors="replace").rstrip("\r\n")
    first = text.partition("\n")[0].rstrip("\r")[:_MOST_SHOWN]
    return repr(text) if first == text else f"{first!r}… of {len(data)} bytes"


def _since(begin: float) -> str:
    return f"{(time.monotonic() - begin) * 1000:.1f} ms"
