"""ForkingMixIn: each request in a child process of its own; and the forking servers. Imported only where fork() is.

    the parent                              the child
    process_request ── os.fork ──▶          finish_request, handle_error, shutdown_request
      close_request, and back to the loop   os._exit
    collect_children ◀── os.waitpid ──      a zombie, until it is asked for

The parent learns of a child that it has ended, and nothing else.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

from .datagram import UDPServer
from .stream import TCPServer

if TYPE_CHECKING:
    from .base import BaseServer as _Server  # what the mix-in is mixed into
else:
    _Server = object


class ForkingMixIn(_Server):
    """Serves each request in a new child process. Name it first: `class MyServer(ForkingMixIn, TCPServer)`.

    For the caller:
        collect_children(), in a loop of handle_request() calls, which collects nobody

    You may override:
        process_request(), and BaseServer's hooks. finish_request(), handle_error() and shutdown_request() run in the
        child: what they change in memory, the parent never sees.

    For the framework:
        collect_children(), and what service_actions(), handle_timeout() and server_close() do here: call super()
    """

    # BaseServer's, for handle_request() only: after this many idle seconds children are collected.
    timeout: float | None = 300

    # The process ids of the children that have not been collected; None before the first.
    active_children: set[int] | None = None

    # From this many children on, the loop stops until one ends: the 40th stops it, not the 41st. Looked at under
    # serve_forever() only. 0 does not mean "no limit": after the first request the loop spins for ever.
    max_children = 40

    # Whether server_close() waits for the children. If it does not, it collects those that have ended.
    block_on_close = True

    def process_request(self, request: Any, client_address: Any) -> None:
        """Fork. The parent notes the child and returns; the child serves the request and exits. Called in the loop.

        Both have the connection now. The parent closes its own, with close_request(): a shutdown_request() would end
        the child's as well. The child keeps a copy of the listening socket: while it lives, the port is taken.
        """
        pid = os.fork()
        if pid != 0:
            if self.active_children is None:
                self.active_children = set()
            self.active_children.add(pid)
            self.close_request(request)
            return

        # The child. It must not get back into the parent's loop, hence os._exit() whatever happens; which also means
        # that no atexit function runs and no open file is flushed. 1 is also the status after SystemExit.
        status = 1
        try:
            self.finish_request(request, client_address)
            status = 0
        except Exception:
            self.handle_error(request, client_address)
        finally:
            try:
                self.shutdown_request(request)
            finally:
                os._exit(status)

    def collect_children(self, *, blocking: bool = False) -> None:
        """Ask the kernel for the children that have ended; a child is a zombie until it is asked for.

        Called by service_actions(), so after the fork and in each turn, by handle_timeout() and by server_close(). With
        `blocking` it waits for every child. At max_children it waits for at least one in any case.
        """
        if self.active_children is None:
            return

        # Too many: wait for any child, -1, for nobody knows which will be first. It may be one that this server did
        # not start, and whoever did will not learn its status; so it is done at the limit only.
        while len(self.active_children) >= self.max_children:
            try:
                ended, _ = os.waitpid(-1, 0)
            except ChildProcessError:  # no child is left: others have collected them, or SIGCHLD is ignored
                self.active_children.clear()
            except OSError:
                break
            else:
                self.active_children.discard(ended)

        options = 0 if blocking else os.WNOHANG
        for pid in self.active_children.copy():
            try:
                ended, _ = os.waitpid(pid, options)
            except ChildProcessError:  # somebody else has collected it
                ended = pid
            except OSError:
                continue
            self.active_children.discard(ended)  # 0 if the child still runs: no child's id

    def service_actions(self) -> None:
        """Collect children. Called by serve_forever() at the end of each turn."""
        self.collect_children()

    def handle_timeout(self) -> None:
        """Collect children. Called by handle_request() after `timeout` idle seconds."""
        self.collect_children()

    def server_close(self) -> None:
        """Close the server, then wait for its children, or (block_on_close false) collect those that have ended."""
        super().server_close()
        self.collect_children(blocking=self.block_on_close)


class ForkingTCPServer(ForkingMixIn, TCPServer):
    """A TCPServer with a child process for each connection."""


class ForkingUDPServer(ForkingMixIn, UDPServer):
    """A UDPServer with a child process for each datagram."""


if hasattr(socket, "AF_UNIX"):
    from .datagram import UnixDatagramServer
    from .stream import UnixStreamServer

    class ForkingUnixStreamServer(ForkingMixIn, UnixStreamServer):
        """A UnixStreamServer with a child process for each connection. In the standard module since 3.12."""

    class ForkingUnixDatagramServer(ForkingMixIn, UnixDatagramServer):
        """A UnixDatagramServer with a child process for each datagram. In the standard module since 3.12."""
