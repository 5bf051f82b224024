"""A server one of whose hooks is a system call that waits for a signal: rung.py loop | handle WAY.

loop    service_actions waits, in the loop; SIGINT is the interpreter's own
handle  handle waits; what SIGALRM does is the way: TimeoutError or Rung is raised, fork, return. Two requests are served.
"""

import os
import signal
import socketserver
import sys
import traceback

where, *way = sys.argv[1:]


class Rung(BaseException):
    """What nobody else raises."""


def ring(*_):
    match way:
        case ["return"]:
            print("rung", server.verify_request(None, None), flush=True)
        case ["fork"]:
            os.fork()
        case ["TimeoutError"]:
            raise TimeoutError("rung")
        case ["Rung"]:
            raise Rung("rung")


class Handler(socketserver.BaseRequestHandler):
    def setup(self):
        print("in", flush=True)

    if where == "handle":
        handle = staticmethod(signal.pause)


class Server(socketserver.TCPServer):
    if where == "loop":
        service_actions = staticmethod(signal.pause)


print(os.getpid())
with Server(("127.0.0.1", 0), Handler) as server:
    print(*server.server_address, flush=True)
    if where == "loop":
        server.serve_forever(0)
    signal.signal(signal.SIGALRM, ring)
    for _ in range(2):
        try:
            server.handle_request()
        except BaseException:
            traceback.print_exc()
print("closed")
