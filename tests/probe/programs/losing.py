"""A server that serves nine requests, and makes recording impossible in one of many ways.

losing.py WAY

"folder": before the first hook. "full", "full for a while": from the fourth request on, until the end or until the seventh, nothing
fits in the file. "closed": it closes everything, raises its limit, and takes the numbers itself. "": nothing of that kind.
"""

import os
import resource
import shutil
import socket
import sys

way = sys.argv[1]
recording = os.environ.get("TRACER_RECORDING", "")
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
if way == "folder":
    shutil.rmtree(os.path.dirname(recording))

import socketserver  # noqa: E402

print(os.getpid(), flush=True)
everything = resource.getrlimit(resource.RLIMIT_FSIZE)


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline().upper())


def close_all():
    """As a daemon does; then use every number up to 300, sockets and files for reading and for appending."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20000), hard))
    os.closerange(3, 20000)
    left, right = socket.socketpair()
    left.setblocking(False)
    right.setblocking(False)
    mine = os.open(f"{os.path.dirname(recording)}/mine", os.O_CREAT | os.O_RDWR)
    for number in range(10, 301):
        os.dup2(mine if number % 2 else right.fileno(), number)
    return left, mine


def nothing_came(pair):
    left, mine = pair
    try:
        came = left.recv(100)
    except BlockingIOError:
        came = b""
    return not came and os.fstat(mine).st_size == 0


pair = close_all() if way == "closed" else None
with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
    print(*server.server_address, flush=True)
    for turn in range(9):
        if turn == 3 and way.startswith("full"):
            resource.setrlimit(resource.RLIMIT_FSIZE, (os.stat(recording).st_size + 300, everything[1]))
        if turn == 6 and way == "full for a while":
            resource.setrlimit(resource.RLIMIT_FSIZE, everything)
        server.handle_request()
if pair:
    print("nothing came:", nothing_came(pair))
