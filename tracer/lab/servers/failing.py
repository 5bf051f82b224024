"""A server whose handler fails for every third client. handle_error() prints the traceback, and the server goes on."""

from tracer.lab.servers.announce import announce
from tracer.socketserver import StreamRequestHandler, TCPServer


class CountingServer(TCPServer):
    clients = 0


class FailingHandler(StreamRequestHandler):
    """Sends every line back; but for clients 3, 6, 9, … it divides by zero when the first line has come."""

    server: CountingServer

    def handle(self) -> None:
        self.server.clients += 1
        while line := self.rfile.readline():
            1 / (self.server.clients % 3)
            self.wfile.write(line)


def main() -> None:
    with CountingServer(("127.0.0.1", 0), FailingHandler) as server:
        announce("failing", server)
        server.serve_forever()
