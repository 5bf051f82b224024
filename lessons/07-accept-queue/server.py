"""A server with one thread and a short accept queue."""

from tracer import socketserver


class SmallServer(socketserver.TCPServer):
    request_queue_size = 2


class EchoHandler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        line = self.rfile.readline()
        self.wfile.write(line)


if __name__ == "__main__":
    with SmallServer(("127.0.0.1", 0), EchoHandler) as server:
        server.serve_forever()
