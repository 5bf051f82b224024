"""HTTP as a scripted client speaks it over a connection that it keeps: requests one after the other, and their replies."""

import re
import time

from tracer.lab.wire import ClosedError, Wire
from tracer.probe.hooks import HOOKS

#: Those that have a hook, in the order of the table.
METHODS = tuple(name.removeprefix("do_") for name in HOOKS if name.startswith("do_"))

_WITH_BODY = ("POST", "PUT", "PATCH")
_STATUS = re.compile(r"HTTP/1\.([01]) (\d{3})(?: |$)")
_WITHOUT_BODY = (204, 304)  # replies of these have none, whatever they say
_MOST_SHOWN = 40  # characters


def request(method: str, host: str, body: bytes, last: bool) -> bytes:
    """A request for the page `/`, with the body if requests of that method have one; `last`: no other follows it."""
    lines = [f"{method} / HTTP/1.1", f"Host: {host}"]
    if method in _WITH_BODY:
        lines.append(f"Content-Length: {len(body)}")
    if last:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode() + (body if method in _WITH_BODY else b"")


class Replies:
    """The replies that come over a wire. Each method raises OSError, TimeoutError too, or ClosedError where nothing more comes."""

    def __init__(self, wire: Wire, timeout: float) -> None:
        """Each may take `timeout` seconds."""
        self._wire = wire
        self._timeout = timeout
        self._rest = b""  # has come, and is not read
        self.last = False
        """Whether no other reply can follow the one that was read."""

    def read(self, method: str) -> int:
        """The status of the next reply, to a request of that method, when all of it has come; ValueError if it is none."""
        deadline = time.monotonic() + self._timeout
        first = self._line(deadline)
        found = _STATUS.match(first)
        if found is None:
            raise ValueError(f"{first[:_MOST_SHOWN]!r} is no HTTP reply")
        status, fields = int(found[2]), self._fields(deadline)
        length = "0" if method == "HEAD" or status in _WITHOUT_BODY else fields.get("content-length", "")
        connection = fields.get("connection", "").lower()
        self.last = not length.isdecimal() or ("close" in connection if found[1] == "1" else "keep-alive" not in connection)
        if length.isdecimal():  # else all that comes belongs to it
            while len(self._rest) < int(length):
                self._receive(deadline)
            self._rest = self._rest[int(length) :]
        return status

    def read_end(self) -> None:
        """Read on until no more comes."""
        deadline = time.monotonic() + self._timeout
        while self._wire.receive(deadline):
            pass

    def _fields(self, deadline: float) -> dict[str, str]:
        """The header's fields, by their names in small letters."""
        fields = {}
        while line := self._line(deadline):
            name, _, value = line.partition(":")
            fields[name.strip().lower()] = value.strip()
        return fields

    def _line(self, deadline: float) -> str:
        while b"\n" not in self._rest:
            self._receive(deadline)
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode("latin-1").rstrip("\r")

    def _receive(self, deadline: float) -> None:
        part = self._wire.receive(deadline)
        if not part:
            raise ClosedError
        self._rest += part
