"""A client's end of a connection (or of datagrams): each thing that is done with it is a step that the recording is told."""

import os
import socket
import struct
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tracer.lab.steps import Steps
from tracer.lab.targets import TRANSPORTS, Target, address_text

_MOST = 1 << 16  # bytes at once: the largest datagram


class ClosedError(Exception):
    """The server closed the connection where a reply was due."""


class Wire:
    """A connected socket; to be used by `with`, which closes it. Raises OSError, TimeoutError too, where a step fails."""

    def __init__(self, steps: Steps, target: Target, timeout: float, own: Path) -> None:
        """Connect, within `timeout` seconds; `own` is the address of a client of Unix datagrams, who gets no answer without."""
        self._steps = steps
        self._target = target
        self._sock: socket.socket | None = None
        self.place = ""
        """` from 127.0.0.1:42216`, if it has such an address: so is its connection found."""
        family, kind = TRANSPORTS[target.transport]
        addresses: list[tuple[int, tuple[str, int] | str]] = [(family, target.path)]
        if not target.path:  # a name may have several
            found = socket.getaddrinfo(target.host, target.port, type=kind)
            addresses = [(which, (str(address[0]), int(address[1]))) for which, _, _, _, address in found]
        while addresses:
            which, address = addresses.pop(0)
            try:
                self._open(which, kind, address, timeout, own)
                break
            except OSError:
                if not addresses:
                    raise

    def _open(self, family: int, kind: int, address: tuple[str, int] | str, timeout: float, own: Path) -> None:
        self._sock = sock = socket.socket(family, kind)
        try:
            if self._target.transport == "unix-datagram":
                sock.bind(os.fspath(own))
            if self._target.transport == "unix":
                # A full queue makes connect() wait as TCP does only on a blocking socket: settimeout() would get EAGAIN.
                limit = struct.pack("@ll", int(timeout), int(timeout % 1 * 1e6))
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
            else:
                sock.settimeout(timeout)
            with self._steps.step("connect", address_text(address)) as came:
                try:
                    sock.connect(address)
                except BlockingIOError:  # EAGAIN is what SO_SNDTIMEO makes of a timeout
                    raise TimeoutError("timed out") from None
                if mine := address_text(sock.getsockname()):
                    came["address"] = mine
            sock.settimeout(timeout)
        except BaseException:
            self.close()
            raise
        if family != socket.AF_UNIX:
            self.place = f" from {mine}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        """Send all of it."""
        with self._steps.step("send") as came:
            self._socket.sendall(data)
            came["bytes"] = len(data)

    def receive(self, deadline: float) -> bytes:
        """What comes next, by `deadline` (time.monotonic()); of a stream b"": no more comes. TimeoutError if nothing does."""
        data = self._receive(deadline, patient=False)
        assert data is not None
        return data

    def receive_until(self, deadline: float) -> bytes | None:
        """The same for one who expects nothing: None if nothing comes."""
        return self._receive(deadline, patient=True)

    def _receive(self, deadline: float, patient: bool) -> bytes | None:
        with self._steps.step("receive") as came:
            try:
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    raise TimeoutError("timed out")
                self._socket.settimeout(remaining)
                data = self._socket.recv(_MOST)
            except TimeoutError:
                if patient:
                    return None
                raise
            came["bytes"] = len(data) if data or not self._target.is_stream else -1
            return data

    def half_close(self) -> None:
        """Say that no more is to come."""
        with self._steps.step("half_close"):
            self._socket.shutdown(socket.SHUT_WR)

    def reset(self) -> bool:
        """Close it in such a way that the other end sees a reset; False: it is closed, but there is no such way."""
        if self._target.path:
            self.close()
            return False
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._close("reset")
        return True

    def close(self) -> None:
        """Close it, if that has not been done."""
        if self._sock is not None:
            self._close("close")

    def _close(self, step: str) -> None:
        sock, self._sock = self._socket, None
        with suppress(OSError), self._steps.step(step):
            sock.close()

    @property
    def _socket(self) -> socket.socket:
        assert self._sock is not None
        return self._sock
