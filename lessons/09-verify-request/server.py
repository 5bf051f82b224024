"""A server with a thread for each client: it serves only those whose first letter is an h, as in hello."""

import socket
from typing import Any

from tracer.socketserver import StreamRequestHandler, TCPServer, ThreadingMixIn


def is_greeting(connection: socket.socket) -> bool:
    return connection.recv(1, socket.MSG_PEEK) == b"h"


class AskedAtTheDoor(ThreadingMixIn, TCPServer):
    def verify_request(self, request: Any, client_address: Any) -> bool:
        return is_greeting(request)


class AskedInItsThread(ThreadingMixIn, TCPServer):
    def finish_request(self, request: Any, client_address: Any) -> None:
        if is_greeting(request):
            super().finish_request(request, client_address)


class EchoHandler(StreamRequestHandler):
    def handle(self) -> None:
        line = self.rfile.readline()
        self.wfile.write(line)


SERVER = AskedAtTheDoor

if __name__ == "__main__":
    with SERVER(("127.0.0.1", 0), EchoHandler) as server:
        server.serve_forever()
