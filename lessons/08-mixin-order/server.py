"""Three servers, one after the other: each takes two clients by handle_request."""

from typing import Any

from tracer.socketserver import StreamRequestHandler, TCPServer, ThreadingMixIn


class MixInLast(TCPServer, ThreadingMixIn):
    pass


class MixInFirst(ThreadingMixIn, TCPServer):
    pass


class OwnDispatch(ThreadingMixIn, TCPServer):
    def process_request(self, request: Any, client_address: Any) -> None:
        self.finish_request(request, client_address)


class EchoHandler(StreamRequestHandler):
    def handle(self) -> None:
        line = self.rfile.readline()
        self.wfile.write(line)


if __name__ == "__main__":
    for server_class in (MixInLast, MixInFirst, OwnDispatch):
        with server_class(("127.0.0.1", 0), EchoHandler) as server:
            server.handle_request()
            server.handle_request()
