"""Three datagram servers, one after the other: at a port, at a path, and one whose handler reads a second datagram."""

import signal
from socket import AF_UNIX, SOCK_DGRAM, socket
from tempfile import TemporaryDirectory

from tracer.socketserver import BaseRequestHandler, DatagramRequestHandler, UDPServer, UnixDatagramServer


class EchoServer(UDPServer):
    max_packet_size = 8192


class EchoHandler(DatagramRequestHandler):
    def handle(self) -> None:
        self.wfile.write(self.packet)
        if len(self.packet) == self.server.max_packet_size:
            raise ValueError("there may have been more")


class PairServer(UDPServer):
    pass


class PairHandler(BaseRequestHandler):
    def handle(self) -> None:
        first, shared = self.request
        second, _ = shared.recvfrom(1024)
        shared.sendto(first + second, self.client_address)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the folder is removed when the program is told to end
    with EchoServer(("127.0.0.1", 0), EchoHandler) as server:
        for _ in range(6):
            server.handle_request()
    with TemporaryDirectory() as folder, UnixDatagramServer(f"{folder}/socket", EchoHandler) as server:
        with socket(AF_UNIX, SOCK_DGRAM) as nameless:
            nameless.sendto(b"hello\n", server.server_address)
        server.handle_request()
        server.handle_request()
    with PairServer(("127.0.0.1", 0), PairHandler) as server:
        server.serve_forever()
