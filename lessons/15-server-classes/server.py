"""Every server class of the framework, one after the other: each serves one request."""

import signal
from contextlib import ExitStack
from socket import AF_UNIX, SOCK_STREAM
from tempfile import TemporaryDirectory

from tracer.socketserver import (
    BaseServer,
    DatagramRequestHandler,
    ForkingTCPServer,
    ForkingUDPServer,
    ForkingUnixDatagramServer,
    ForkingUnixStreamServer,
    StreamRequestHandler,
    TCPServer,
    ThreadingTCPServer,
    ThreadingUDPServer,
    ThreadingUnixDatagramServer,
    ThreadingUnixStreamServer,
    UDPServer,
    UnixDatagramServer,
    UnixStreamServer,
)


class EchoLine(StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(self.rfile.readline())


class EchoPacket(DatagramRequestHandler):
    def handle(self) -> None:
        self.wfile.write(self.rfile.read())


PLAIN = (TCPServer, UDPServer, UnixDatagramServer, UnixStreamServer)
FORKING = (ForkingTCPServer, ForkingUDPServer, ForkingUnixDatagramServer, ForkingUnixStreamServer)
THREADING = (ThreadingTCPServer, ThreadingUDPServer, ThreadingUnixDatagramServer, ThreadingUnixStreamServer)

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the folder is removed when the program is told to end
    try:
        BaseServer("nowhere", EchoLine).serve_forever()
    except ValueError as error:
        print(error)
    with TemporaryDirectory() as folder, ExitStack() as servers:
        for server_class in (*PLAIN, *FORKING, *THREADING):
            address = f"{folder}/{server_class.__name__}" if server_class.address_family == AF_UNIX else ("127.0.0.1", 0)
            handler = EchoLine if server_class.socket_type == SOCK_STREAM else EchoPacket
            server = servers.enter_context(server_class(address, handler))
            server.handle_request()
