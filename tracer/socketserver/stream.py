"""TCPServer and UnixStreamServer: each request is a connection of its own."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .base import BaseServer


class TCPServer(BaseServer):
    """A server with a listening socket; the base of all servers that have a socket.

    For the caller, beside BaseServer's:
        the constructor's bind_and_activate, fileno(), and the attributes `socket` and `server_address`

    You may override, beside BaseServer's:
        server_bind(), server_activate(), get_request(), shutdown_request(), close_request()

    Set the class attributes below in a subclass: on an instance they come too late for the constructor, unless it is
    told bind_and_activate=False and server_bind() and server_activate() are called afterwards.
    """

    address_family = socket.AF_INET
    socket_type = socket.SOCK_STREAM

    # How many clients may be connected and not yet accepted: the argument of listen(). Linux lets one more wait. The
    # next client is not denied: its connect() hangs, and tries again after a second (a Unix client blocks, or gets
    # EAGAIN). It is no limit on clients being served: a threading server empties the queue as fast as it fills.
    request_queue_size = 5

    # Bind although connections of an earlier server are still in TIME_WAIT. On Linux the earlier one must have had it.
    allow_reuse_address = False

    # Let several servers bind the same port; the kernel deals the clients out among them. Since 3.11.
    allow_reuse_port = False

    def __init__(
        self,
        server_address: Any,
        RequestHandlerClass: Callable[[Any, Any, Any], object],  # noqa: N803
        bind_and_activate: bool = True,
    ) -> None:
        """Make the socket, bind it, listen. From here on the kernel takes connections, whether anybody serves or not.

        If binding or listening fails, server_close() is called and the error goes on.
        """
        BaseServer.__init__(self, server_address, RequestHandlerClass)
        self.socket = socket.socket(self.address_family, self.socket_type)
        if not bind_and_activate:
            return
        try:
            self.server_bind()
            self.server_activate()
        except BaseException:
            self.server_close()
            raise

    def server_bind(self) -> None:
        """Give the socket its address. Called by the constructor; override it to set more socket options.

        Afterwards server_address is the real one: port 0 has become a number.
        """
        if self.allow_reuse_address:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.allow_reuse_port and hasattr(socket, "SO_REUSEPORT"):  # Windows has no such option
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def server_activate(self) -> None:
        """Listen. Called by the constructor, after server_bind()."""
        self.socket.listen(self.request_queue_size)

    def server_close(self) -> None:
        """Close the listening socket; clients in its queue are reset. A Unix socket's file stays where it is."""
        self.socket.close()

    def fileno(self) -> int:
        """Return the descriptor to wait for. Called by the selector of serve_forever() and handle_request()."""
        return self.socket.fileno()

    def get_request(self) -> tuple[Any, Any]:
        """Accept a connection: its own socket, and the client's address. Called by _handle_request_noblock().

        Any OSError out of here is passed over in silence. The new socket blocks without limit, whatever timeout the
        listening one has.
        """
        return self.socket.accept()

    def shutdown_request(self, request: Any) -> None:
        """Tell the client that nothing more will come, then close.

        close() alone would do less: with unread input it resets the connection, and the client may lose the reply's
        end (bpo-6382); and while a copy of the descriptor lives (in a child, by dup(), in an open rfile) it does not
        end the connection at all. shutdown() does both.
        """
        with suppress(OSError):  # the client may be gone already
            request.shutdown(socket.SHUT_WR)
        self.close_request(request)

    def close_request(self, request: Any) -> None:
        """Close this process's descriptor of the connection.

        A forking parent calls this one while its child still talks to the client: no shutdown() belongs in here.
        """
        request.close()


if hasattr(socket, "AF_UNIX"):

    class UnixStreamServer(TCPServer):
        """A TCPServer whose address is a path. Clients have no name: client_address is an empty string."""

        address_family = socket.AF_UNIX
