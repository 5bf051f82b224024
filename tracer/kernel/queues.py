"""What waits at a server's socket, asked of the kernel from outside the server.

| socket         | depth, limit, capacity       | drops     | bytes, bytes_limit | next_bytes           |
| -------------- | ---------------------------- | --------- | ------------------ | -------------------- |
| TCP listener   | connections not yet accepted | SYNs      | n/a                | n/a                  |
| Unix listener  | connections not yet accepted | n/a       | n/a                | n/a                  |
| UDP            | n/a (nobody counts them)     | datagrams | all that wait      | n/a                  |
| Unix datagram  | n/a (not shown from outside) | n/a       | n/a                | size of the next one |

Linux: capacity is limit + 1. A backlog of 0, 1, 5 lets 1, 2, 6 clients connect, TCP and Unix alike, so depth 6 at
limit 5 is an ordinary full queue.
Linux: a connection that its client has closed or reset stays in the depth until it is accepted.
Linux: the bytes of UDP are memory, not payload: a datagram of up to 100 bytes holds 832, one of 1000 bytes 2304.

A socket is identified by its inode: ports and descriptors are used again, while the inode of a listener is the same
in the parent and in its forked children. Asking needs no privileges, opens nothing in the server and takes 10-50 µs.
"""

import errno
import os
import socket
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Self

from tracer.kernel.answer import Answer, NotAvailable, T
from tracer.kernel.sock_diag import Connected, Found, SockDiag

LONG = 0.003  # seconds: going through all connections is to be as rare as it is slow
RESTS = 20

TCP_CLOSE, TCP_LISTEN = 7, 10  # a UDP socket without a peer is in the state that TCP calls closed

CLOSED = NotAvailable("no such socket: it was closed, or is in another network namespace")
NOT_SHOWN = NotAvailable("the kernel did not show it")
OTHER_SOCKET = NotAvailable("neither a Unix socket nor a TCP connection")
NOT_YET = NotAvailable("not asked yet: this system has very many connections")
NO_BYTES = NotAvailable("a listener queues connections, not bytes")
UNIX_KEEPS_ALL = NotAvailable("a Unix socket drops nothing: whoever sends or connects waits, or gets EAGAIN")
UDP_NOT_COUNTED = NotAvailable("a UDP socket counts bytes, not datagrams")
ONLY_INSIDE = NotAvailable("only the process itself can ask")
ONLY_NEXT = NotAvailable("of a Unix datagram socket only the next datagram's size is shown")


@dataclass(frozen=True, slots=True)
class Listener:
    """A server's socket, as the server describes it: what is needed to find it again from outside.

    `family` and `kind` are the socket module's numbers, as in `address_family` (AF_INET, AF_INET6, AF_UNIX) and
    `socket_type` (SOCK_STREAM, SOCK_DGRAM) of a server class. `inode` is `os.fstat(fd).st_ino`. `address` and `port`
    are what it is bound to; without them the look-up is slower and no less exact. A Unix socket needs neither.
    """

    family: int
    kind: int
    inode: int
    address: str = ""
    port: int = 0

    @classmethod
    def of(cls, sock: socket.socket) -> Self:
        """The description of a socket of this process."""
        inode = os.fstat(sock.fileno()).st_ino
        if sock.family == socket.AF_UNIX:
            return cls(sock.family, sock.type, inode)
        address, port = sock.getsockname()[:2]
        return cls(sock.family, sock.type, inode, address, port)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits in a socket that is connected."""

    received: int
    """Bytes that came and were not read. Of a Unix datagram socket: of the first datagram."""
    sent: int
    """Bytes that were written and that the other end's kernel has not taken. Of a Unix socket: memory, until the other end has read."""
    peer: str
    """The other end's address; "" for a Unix socket."""


@dataclass(frozen=True, slots=True)
class QueueSample:
    """What waited at one socket at one instant, between the call of `Queues.sample` and its return.

    A field that this kind of socket has no answer for says why.
    """

    depth: Answer[int] = NOT_SHOWN
    """Connections that wait to be accepted."""
    limit: Answer[int] = NOT_SHOWN
    """listen()'s argument (request_queue_size), cut to net.core.somaxconn; a second listen() changes it."""
    drops: Answer[int] = NOT_SHOWN
    """Refused for want of room since the socket was made. TCP: SYNs (a client sends several); UDP: datagrams."""
    bytes: Answer[int] = NOT_SHOWN
    """Memory that the waiting datagrams hold."""
    bytes_limit: Answer[int] = NOT_SHOWN
    """The receive buffer: datagrams are dropped when `bytes` would grow past it."""
    next_bytes: Answer[int] = NOT_SHOWN
    """Payload of the datagram that waits first; 0 when it is empty, and when none waits."""

    @property
    def capacity(self) -> Answer[int]:
        """How many connections fit. Linux: limit + 1."""
        return self.limit if isinstance(self.limit, NotAvailable) else self.limit + 1


class Queues:
    """Samples the queues of any process's sockets; for one thread at a time. To be closed, or used by `with`."""

    def __init__(self) -> None:
        self._kernel = _open()
        self._rests = 0.0  # until then nobody goes through all connections of the system

    def sample(self, listener: Listener) -> QueueSample:
        """What waits at `listener` now. Never waits; raises nothing: what cannot be said is n/a, field by field."""
        found = self._asked(lambda kernel: _ask(kernel, listener))
        return _nothing(found) if isinstance(found, NotAvailable) else found

    def connected(self, inodes: Collection[int]) -> dict[int, Answer[Waiting]]:
        """What waits in each of these sockets of connections now.

        A TCP socket is found among all of the system: where that took long, it is not tried again for RESTS times as long.
        """
        found: dict[int, Answer[Waiting]] = dict.fromkeys(inodes, OTHER_SOCKET)
        for inode in found:
            one = self._asked(lambda kernel, inode=inode: kernel.unix(inode))  # type: ignore[misc]
            if one is not None:
                found[inode] = one if isinstance(one, NotAvailable) else Waiting(one.receive, one.send, "")
        missing = [inode for inode, answer in found.items() if isinstance(answer, NotAvailable)]
        if missing and time.monotonic() < self._rests:
            return found | dict.fromkeys(missing, NOT_YET)
        begin = time.thread_time()  # how long others have had the processor says nothing
        for family in (socket.AF_INET, socket.AF_INET6):
            missing = [inode for inode in missing if isinstance(found[inode], NotAvailable)]
            if missing:
                found |= self._among_all(family, missing)
        took = time.thread_time() - begin
        if took > LONG:
            self._rests = time.monotonic() + RESTS * took
        return found

    def _among_all(self, family: int, inodes: Collection[int]) -> dict[int, Answer[Waiting]]:
        """What waits in those of these sockets that are TCP connections of this family."""
        known = self._asked(lambda kernel: kernel.connected(family))
        if isinstance(known, NotAvailable):
            return dict.fromkeys(inodes, known)
        return {inode: _waiting(family, known[inode]) for inode in inodes if inode in known}

    def _asked(self, question: Callable[[SockDiag], T]) -> Answer[T]:
        """What the kernel answers."""
        if isinstance(self._kernel, NotAvailable):
            return self._kernel
        try:
            return question(self._kernel)
        except OSError as error:
            if error.errno == errno.ENOENT:
                return NotAvailable("this kernel has no sock_diag for this kind of socket")
            # A half-read answer may have been left behind.
            self._kernel.close()
            self._kernel = _open()
            return NotAvailable(f"sock_diag: {error.strerror}")

    def close(self) -> None:
        """From now on every sample is n/a."""
        if isinstance(self._kernel, SockDiag):
            self._kernel.close()
            self._kernel = NotAvailable("not asked: this Queues is closed")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _open() -> Answer[SockDiag]:
    try:
        return SockDiag()
    except OSError as error:
        return NotAvailable(f"no sock_diag: {error.strerror}")


def _ask(kernel: SockDiag, listener: Listener) -> QueueSample:
    found: Found | None
    match listener.family, listener.kind:
        case (socket.AF_INET | socket.AF_INET6) as family, socket.SOCK_STREAM:
            tcp = socket.IPPROTO_TCP
            found = kernel.inet(family, tcp, TCP_LISTEN, listener.inode, listener.address, listener.port)
            return _nothing(CLOSED) if found is None else _tcp(found)
        case (socket.AF_INET | socket.AF_INET6) as family, socket.SOCK_DGRAM:
            udp = socket.IPPROTO_UDP
            found = kernel.inet(family, udp, TCP_CLOSE, listener.inode, listener.address, listener.port)
            return _nothing(CLOSED) if found is None else _udp(found)
        case socket.AF_UNIX, socket.SOCK_STREAM:
            found = kernel.unix(listener.inode)
            return _nothing(CLOSED) if found is None else _unix_stream(found)
        case socket.AF_UNIX, socket.SOCK_DGRAM:
            found = kernel.unix(listener.inode)
            return _nothing(CLOSED) if found is None else _unix_datagram(found)
    return _nothing(NotAvailable(f"no question known for address family {listener.family}, kind {listener.kind}"))


def _waiting(family: int, found: Connected) -> Waiting:
    host = found.peer if family == socket.AF_INET else f"[{found.peer}]"
    return Waiting(found.receive, found.send, f"{host}:{found.port}")


def _tcp(found: Found) -> QueueSample:
    return QueueSample(found.receive, found.send, _shown(found.drops), NO_BYTES, NO_BYTES, NO_BYTES)


def _unix_stream(found: Found) -> QueueSample:
    return QueueSample(found.receive, found.send, UNIX_KEEPS_ALL, NO_BYTES, NO_BYTES, NO_BYTES)


def _udp(found: Found) -> QueueSample:
    return QueueSample(
        depth=UDP_NOT_COUNTED,
        limit=UDP_NOT_COUNTED,
        drops=_shown(found.drops),
        bytes=found.receive,
        bytes_limit=_shown(found.receive_buffer),
        next_bytes=ONLY_INSIDE,
    )


def _unix_datagram(found: Found) -> QueueSample:
    return QueueSample(ONLY_NEXT, ONLY_NEXT, UNIX_KEEPS_ALL, ONLY_NEXT, ONLY_NEXT, next_bytes=found.receive)


def _nothing(why: NotAvailable) -> QueueSample:
    return QueueSample(why, why, why, why, why, why)


def _shown(number: int | None) -> Answer[int]:
    return NOT_SHOWN if number is None else number
