"""A server with a thread for each client: the loop only accepts, so a slow client keeps nobody waiting."""

from tracer.lab.servers.announce import announce
from tracer.socketserver import StreamRequestHandler, TCPServer, ThreadingMixIn


class EchoServer(ThreadingMixIn, TCPServer):
    # Without this, server_close() would wait until the last client has left.
    daemon_threads = True


class EchoHandler(StreamRequestHandler):
    """Sends every line back, until the client closes."""

    def handle(self) -> None:
        while line := self.rfile.readline():
            self.wfile.write(line)


def main() -> None:
    with EchoServer(("127.0.0.1", 0), EchoHandler) as server:
        announce("threading", server)
        server.serve_forever()
