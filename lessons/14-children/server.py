"""A server with at most two child processes: first in a loop of handle_request, after Ctrl-C in serve_forever."""

from contextlib import suppress

from tracer.socketserver import ForkingMixIn, StreamRequestHandler, TCPServer


class EchoHandler(StreamRequestHandler):
    def handle(self) -> None:
        line = self.rfile.readline()
        self.wfile.write(line)


class SmallServer(ForkingMixIn, TCPServer):
    max_children = 2
    timeout = 300


if __name__ == "__main__":
    with SmallServer(("127.0.0.1", 0), EchoHandler) as server:
        with suppress(KeyboardInterrupt):
            while True:
                server.handle_request()
        with suppress(KeyboardInterrupt):
            server.serve_forever()
