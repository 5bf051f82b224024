"""A server with a child process for each datagram. All of them answer through the one socket of the parent."""

from tracer.lab.servers.announce import announce
from tracer.socketserver import DatagramRequestHandler, ForkingUDPServer


class EchoHandler(DatagramRequestHandler):
    """Sends the datagram back."""

    def handle(self) -> None:
        self.wfile.write(self.rfile.read())


def main() -> None:
    with ForkingUDPServer(("127.0.0.1", 0), EchoHandler) as server:
        announce("forking-udp", server)
        server.serve_forever()
