"""UDPServer and UnixDatagramServer: each request is one datagram, and all of them share the server's socket."""

from __future__ import annotations

import socket
from typing import Any

from .stream import TCPServer


class UDPServer(TCPServer):
    """A server whose request is a pair: the datagram's bytes, and the server's own socket to answer with.

    The second is no copy: a handler that closes it, sets its timeout or reads from it does so to the server.

    You may override: as in TCPServer. Nothing is opened for a request, so nothing is shut down or closed; the hooks are
    called all the same.
    """

    socket_type = socket.SOCK_DGRAM

    # Set again: a program that turns them on for all of TCPServer does not mean datagrams, where a second server on
    # the same port takes every packet from the first.
    allow_reuse_address = False
    allow_reuse_port = False

    # The most get_request() reads of a datagram. The rest of a longer one is lost, without an error.
    max_packet_size = 8192

    def server_activate(self) -> None:
        """Do nothing: a datagram socket does not listen. (So request_queue_size means nothing here.)"""

    def get_request(self) -> tuple[Any, Any]:
        """Receive a datagram. Called by _handle_request_noblock()."""
        packet, client_address = self.socket.recvfrom(self.max_packet_size)
        return (packet, self.socket), client_address

    def shutdown_request(self, request: Any) -> None:
        """Call close_request(): there is no connection to end."""
        self.close_request(request)

    def close_request(self, request: Any) -> None:
        """Do nothing: the socket is the server's."""


if hasattr(socket, "AF_UNIX"):

    class UnixDatagramServer(UDPServer):
        """A UDPServer whose address is a path. A client that did not bind has the address None: no answer reaches it."""

        address_family = socket.AF_UNIX
