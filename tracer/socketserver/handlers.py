"""The request handlers: what a server does for a client is a class derived from one of these.

A handler lives for one request, inside its own constructor:

    finish_request
      RequestHandlerClass.__init__
        setup                   outside the try: if it raises, neither of the others runs
        handle                  once a connection, not once a message
        finish                  also after handle() has raised
"""

from __future__ import annotations

import socket
from contextlib import suppress
from io import BufferedIOBase, BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class BaseRequestHandler:
    """Serves one request, and has done so when its constructor returns.

    You may override:
        setup(), handle(), finish()

    For the framework:
        the constructor. One of your own calls super().__init__() last, for that call is the request's whole life; without it
        nothing is ever handled, and nothing says so.

    In all three hooks: self.request (as get_request() returned it), self.client_address, self.server. The server closes
    the request as soon as finish() has returned, so no other thread can keep it.
    """

    def __init__(self, request: Any, client_address: Any, server: Any) -> None:
        """Set up, handle, finish. Called by finish_request(), which keeps no reference to the handler."""
        self.request = request
        self.client_address = client_address
        self.server = server
        self.setup()
        try:
            self.handle()
        finally:
            self.finish()

    def setup(self) -> None:
        """Prepare. Called first. If it raises, finish() does not run, and what was opened here stays open."""

    def handle(self) -> None:
        """Do the work. Called once; the connection ends when it returns."""

    def finish(self) -> None:
        """Clean up. Called after handle(), also if that raised; an error here then hides handle()'s."""


class StreamRequestHandler(BaseRequestHandler):
    """Offers the connection as two files: read the request from rfile, write the reply to wfile.

    You may override: handle(); and setup() and finish(), which make and close the files: call super().
    """

    # Seconds that each read or write may take; the one timeout that frees a server from a silent client. (A server's
    # `timeout` limits the wait for the next request only.)
    timeout: float | None = None

    # Reading is buffered: byte by byte would be slow. But rfile may then hold bytes that self.request.recv() will never
    # see: read from one of the two, or set 0.
    rbufsize = -1

    # Writing is not: what has been written has been sent, and one can wait for the answer. With any other size flush()
    # before reading; finish() does it at the end.
    wbufsize = 0

    # True: small packets leave at once. For a buffered wfile, which makes no needless ones.
    disable_nagle_algorithm = False

    def setup(self) -> None:
        """Open rfile and wfile on the connection, and set its options."""
        self.connection: socket.socket = self.request
        if self.timeout is not None:
            self.connection.settimeout(self.timeout)
        if self.disable_nagle_algorithm:
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        self.rfile: Any = self.connection.makefile("rb", self.rbufsize)
        self.wfile: Any
        if self.wbufsize == 0:
            self.wfile = _SocketWriter(self.connection)
        else:
            self.wfile = self.connection.makefile("wb", self.wbufsize)

    def finish(self) -> None:
        """Send what wfile still holds, and close both files.

        A client that is gone is no error of flush() here. But close() flushes once more, unprotected: with a buffered
        wfile it raises, and rfile stays open.
        """
        if not self.wfile.closed:
            with suppress(OSError):
                self.wfile.flush()
        self.wfile.close()
        self.rfile.close()


class _SocketWriter(BufferedIOBase):
    """A file that holds nothing back: each write() is one sendall(). A raw socket file may write a part only."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def writable(self) -> bool:
        return True

    def write(self, b: ReadableBuffer) -> int:
        self._sock.sendall(b)
        return memoryview(b).nbytes

    def fileno(self) -> int:
        return self._sock.fileno()


class DatagramRequestHandler(BaseRequestHandler):
    """Offers a datagram as two files: read the request from rfile, write the reply to wfile, which is sent as one.

    You may override: handle(); and setup() and finish(): call super(). For a service that does not reply, derive from
    BaseRequestHandler: finish() here always sends.
    """

    def setup(self) -> None:
        """Put the packet in rfile and an empty reply in wfile."""
        self.packet, self.socket = self.request
        self.rfile = BytesIO(self.packet)
        self.wfile = BytesIO()

    def finish(self) -> None:
        """Send the reply: an empty datagram if nothing was written, the half of it if handle() has raised.

        A client without an address (Unix, unbound) cannot be answered: this raises.
        """
        self.socket.sendto(self.wfile.getvalue(), self.client_address)
