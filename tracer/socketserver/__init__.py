"""A framework for network servers: the standard library's `socketserver`, written again, to be read.

The same names, the same hooks called in the same order from the same places, the same exceptions: whatever is derived
from the standard module's classes can be derived from these. CPython's own tests pass with this package in its place.

A server is put together from three choices:

    what comes in      TCPServer, UnixStreamServer: connections         stream.py
                       UDPServer, UnixDatagramServer: datagrams         datagram.py
    who serves it      the loop itself                                  base.py
                       ThreadingMixIn: a thread for each request        threads.py
                       ForkingMixIn: a child process for each           forking.py
    what it does       your class, derived from BaseRequestHandler,
                       StreamRequestHandler, DatagramRequestHandler     handlers.py

    BaseServer
      TCPServer
        UnixStreamServer
        UDPServer
          UnixDatagramServer

Each server of the last four has a Threading and a Forking form, made of the mix-in and the server in this order, as in
`class ThreadingTCPServer(ThreadingMixIn, TCPServer)`. Read base.py first.

One server, from beginning to end:

    class Shout(StreamRequestHandler):
        def handle(self):
            for line in self.rfile:
                self.wfile.write(line.upper())

    with ThreadingTCPServer(("127.0.0.1", 0), Shout) as server:     # clients can connect from here on
        server.serve_forever()                                      # until another thread calls shutdown()
                                                                    # here: server_close()
"""

from __future__ import annotations

# The standard module's own imports are reached through it by some programs: socketserver.socket, socketserver.sys.
import os
import selectors as selectors
import socket
import sys as sys
import threading as threading

from .base import BaseServer
from .base import _ServerSelector as _ServerSelector
from .datagram import UDPServer
from .handlers import BaseRequestHandler, DatagramRequestHandler, StreamRequestHandler
from .handlers import _SocketWriter as _SocketWriter
from .stream import TCPServer
from .threads import ThreadingMixIn, ThreadingTCPServer, ThreadingUDPServer
from .threads import _NoThreads as _NoThreads
from .threads import _Threads as _Threads

__version__ = "0.4"  # of the interface, as the standard module counts it

__all__ = [
    "BaseRequestHandler",
    "BaseServer",
    "DatagramRequestHandler",
    "StreamRequestHandler",
    "TCPServer",
    "ThreadingMixIn",
    "ThreadingTCPServer",
    "ThreadingUDPServer",
    "UDPServer",
]

# As in the standard module, a platform without fork() or Unix sockets lacks the names that need them.
if hasattr(socket, "AF_UNIX"):
    from .datagram import UnixDatagramServer
    from .stream import UnixStreamServer
    from .threads import ThreadingUnixDatagramServer, ThreadingUnixStreamServer

    __all__ += [
        "ThreadingUnixDatagramServer",
        "ThreadingUnixStreamServer",
        "UnixDatagramServer",
        "UnixStreamServer",
    ]

if hasattr(os, "fork"):
    from .forking import ForkingMixIn, ForkingTCPServer, ForkingUDPServer

    __all__ += ["ForkingMixIn", "ForkingTCPServer", "ForkingUDPServer"]

if hasattr(os, "fork") and hasattr(socket, "AF_UNIX"):
    from .forking import ForkingUnixDatagramServer, ForkingUnixStreamServer

    __all__ += ["ForkingUnixDatagramServer", "ForkingUnixStreamServer"]
