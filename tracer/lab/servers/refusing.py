"""A server that refuses every second client. verify_request() is asked after the connection: refusing is closing it."""

from typing import Any

from tracer.lab.servers.announce import announce
from tracer.socketserver import StreamRequestHandler, TCPServer


class RefusingServer(TCPServer):
    clients = 0

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Clients 1, 3, 5, … are served; 2, 4, 6, … are not."""
        self.clients += 1
        return self.clients % 2 == 1


class EchoHandler(StreamRequestHandler):
    """Sends every line back, until the client closes."""

    def handle(self) -> None:
        while line := self.rfile.readline():
            self.wfile.write(line)


def main() -> None:
    with RefusingServer(("127.0.0.1", 0), EchoHandler) as server:
        announce("refusing", server)
        server.serve_forever()
