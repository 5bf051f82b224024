"""Two servers with a child process for each connection: one counts its clients in vain, the other parts from them too early."""

import socket
from contextlib import suppress

from tracer import socketserver


class CountingHandler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        line = self.rfile.readline(100)
        if not line.endswith(b"\n"):
            raise ValueError("this line is too long")
        self.server.served += 1
        self.wfile.write(line)


class CountingServer(socketserver.ForkingMixIn, socketserver.TCPServer):
    served = 0
    most = 2

    def verify_request(self, request, client_address) -> bool:
        return self.served < self.most


class HastyServer(CountingServer):
    def close_request(self, request) -> None:
        with suppress(OSError):
            request.shutdown(socket.SHUT_WR)
        super().close_request(request)


if __name__ == "__main__":
    for kind in (CountingServer, HastyServer):
        with kind(("127.0.0.1", 0), CountingHandler) as server, suppress(KeyboardInterrupt):
            server.serve_forever()
