"""A server with a child process for each client. A child that has ended is a zombie until the parent collects it."""

import os
import signal
from contextlib import suppress

from tracer.lab.servers.announce import announce
from tracer.socketserver import ForkingMixIn, StreamRequestHandler, TCPServer


class EchoServer(ForkingMixIn, TCPServer):
    def server_close(self) -> None:
        # Without this, the mix-in would wait until the last client has left.
        for pid in self.active_children or ():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        super().server_close()


class EchoHandler(StreamRequestHandler):
    """Sends every line back, until the client closes."""

    def handle(self) -> None:
        while line := self.rfile.readline():
            self.wfile.write(line)


def main() -> None:
    with EchoServer(("127.0.0.1", 0), EchoHandler) as server:
        announce("forking", server)
        server.serve_forever()
