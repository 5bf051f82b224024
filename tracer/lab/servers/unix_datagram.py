"""A server of datagrams at a path. finish() sends the answer to the client's path, so a client must have one."""

from tempfile import TemporaryDirectory

from tracer.lab.servers.announce import announce
from tracer.socketserver import DatagramRequestHandler, UnixDatagramServer


class EchoHandler(DatagramRequestHandler):
    """Sends the datagram back."""

    def handle(self) -> None:
        self.wfile.write(self.rfile.read())


def main() -> None:
    with TemporaryDirectory() as folder, UnixDatagramServer(f"{folder}/socket", EchoHandler) as server:
        announce("unix-datagram", server)
        server.serve_forever()
