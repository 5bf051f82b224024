"""Sends every line back: a child process for each client."""

from tracer.socketserver import ForkingMixIn, StreamRequestHandler, TCPServer


class EchoServer(ForkingMixIn, TCPServer):
    request_queue_size = 5


class EchoHandler(StreamRequestHandler):
    def handle(self) -> None:
        while line := self.rfile.readline():
            self.wfile.write(line)


if __name__ == "__main__":
    with EchoServer(("127.0.0.1", 0), EchoHandler) as server:
        server.serve_forever()
