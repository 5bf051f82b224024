"""A program with a dispatch of its own, in its own module and in another: named.py, then a line of a client.

Its methods are hooks where somebody names them.
"""

import os
import socketserver

from routing import Base, Router, names


class Shouting(Router):
    @staticmethod
    def prepare(line):
        return line.upper()


class Line(socketserver.StreamRequestHandler):
    routers = (Router(), Shouting())

    def handle(self):
        Base().dispatch(b"")
        names()
        for router in self.routers:
            self.wfile.write(router.dispatch(self.rfile.readline()))


print(os.getpid(), flush=True)
with socketserver.TCPServer(("127.0.0.1", 0), Line) as server:
    print(*server.server_address, flush=True)
    server.handle_request()
