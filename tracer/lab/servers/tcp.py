"""A server that serves one client at a time: while it does, all others wait in the accept queue."""

from tracer.lab.servers.announce import announce
from tracer.socketserver import StreamRequestHandler, TCPServer


class EchoHandler(StreamRequestHandler):
    """Sends every line back, until the client closes."""

    def handle(self) -> None:
        while line := self.rfile.readline():
            self.wfile.write(line)


def main() -> None:
    with TCPServer(("127.0.0.1", 0), EchoHandler) as server:
        announce("tcp", server)
        server.serve_forever()
