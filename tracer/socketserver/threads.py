"""ThreadingMixIn: each request in a thread of its own; and the threading servers.

    the loop's thread                       the request's thread
    process_request ── Thread.start ──▶     process_request_thread
      and back to the loop                    finish_request, handle_error, shutdown_request

The right column runs for many requests at a time.
"""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any

from .datagram import UDPServer
from .stream import TCPServer

if TYPE_CHECKING:
    from .base import BaseServer as _Server  # what the mix-in is mixed into
else:
    _Server = object


class _Threads(list[threading.Thread]):
    """The threads that server_close() has to wait for."""

    def append(self, thread: threading.Thread) -> None:
        """Keep a thread, unless nobody waits for it; let go of those that have ended (bpo-37193)."""
        self.reap()
        if not thread.daemon:
            super().append(thread)

    def reap(self) -> None:
        """Let go of the threads that have ended."""
        self[:] = [thread for thread in self if thread.is_alive()]

    def join(self) -> None:
        """Wait for each thread, without limit. Interrupted, it has forgotten the others."""
        kept = self.copy()
        self.clear()
        for thread in kept:
            thread.join()


class _NoThreads:
    """Stands where _Threads would, and keeps nothing."""

    def append(self, thread: threading.Thread) -> None:
        """Keep nothing."""

    def join(self) -> None:
        """Wait for nobody."""


class ThreadingMixIn(_Server):
    """Serves each request in a new thread. There is no limit to their number.

    Name it first, `class MyServer(ThreadingMixIn, TCPServer)`: the other way round BaseServer.process_request is found
    before this one, and there are no threads, and no error either.

    You may override:
        process_request() (to limit the threads, or use a pool), process_request_thread(), and BaseServer's hooks.
        finish_request(), handle_error() and shutdown_request() run in the request's thread, several at a time;
        get_request(), verify_request() and service_actions() remain the loop's.
    """

    # True: nobody waits for the threads, neither server_close() nor the interpreter, whose exit stops them anywhere,
    # without `finally`. False: both wait.
    daemon_threads = False

    # Whether server_close() waits for the threads that are not daemons. If it does not, the interpreter's exit will.
    block_on_close = True

    # What server_close() waits for. A server gets its own list with its first request; until then, and above all in a
    # server_close() called by a constructor that failed, this one stands in.
    _threads: _Threads | _NoThreads = _NoThreads()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start the request's thread and return. Called in the loop's thread.

        If the thread cannot be started, the loop's thread calls handle_error() and shutdown_request(); the thread is
        among _threads by then, and a server_close() before the next request fails to join it.
        """
        if self.block_on_close:
            vars(self).setdefault("_threads", _Threads())
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address))
        thread.daemon = self.daemon_threads
        self._threads.append(thread)
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve the request. Called in its thread, as the thread's target.

        What BaseServer's loop does about errors is done here, where no loop is: an exception out of handle_error() or
        shutdown_request(), or one that is no Exception, ends this thread only.
        """
        try:
            self.finish_request(request, client_address)
        except Exception:
            self.handle_error(request, client_address)
        finally:
            self.shutdown_request(request)

    def server_close(self) -> None:
        """Close the server, then wait for its threads: one client that stays is enough to stay here."""
        super().server_close()
        self._threads.join()


class ThreadingTCPServer(ThreadingMixIn, TCPServer):
    """A TCPServer with a thread for each connection."""


class ThreadingUDPServer(ThreadingMixIn, UDPServer):
    """A UDPServer with a thread for each datagram."""


if hasattr(socket, "AF_UNIX"):
    from .datagram import UnixDatagramServer
    from .stream import UnixStreamServer

    class ThreadingUnixStreamServer(ThreadingMixIn, UnixStreamServer):
        """A UnixStreamServer with a thread for each connection."""

    class ThreadingUnixDatagramServer(ThreadingMixIn, UnixDatagramServer):
        """A UnixDatagramServer with a thread for each datagram."""
