"""A server at a path instead of a port. server_close() leaves the path behind: whoever made it must remove it."""

from tempfile import TemporaryDirectory

from tracer.lab.servers.announce import announce
from tracer.socketserver import StreamRequestHandler, UnixStreamServer


class EchoHandler(StreamRequestHandler):
    """Sends every line back, until the client closes."""

    def handle(self) -> None:
        while line := self.rfile.readline():
            self.wfile.write(line)


def main() -> None:
    with TemporaryDirectory() as folder, UnixStreamServer(f"{folder}/socket", EchoHandler) as server:
        announce("unix", server)
        server.serve_forever()
