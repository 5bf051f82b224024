"""A server of datagrams: no connection to hold, one handler for each datagram, and finish() sends what it wrote."""

from tracer.lab.servers.announce import announce
from tracer.socketserver import DatagramRequestHandler, UDPServer


class EchoHandler(DatagramRequestHandler):
    """Sends the datagram back."""

    def handle(self) -> None:
        self.wfile.write(self.rfile.read())


def main() -> None:
    with UDPServer(("127.0.0.1", 0), EchoHandler) as server:
        announce("udp", server)
        server.serve_forever()
