"""A server that sends one line back to each client, one client at a time."""

from tracer.socketserver import StreamRequestHandler, TCPServer


class EchoHandler(StreamRequestHandler):
    def handle(self) -> None:
        line = self.rfile.readline()
        self.wfile.write(line)


if __name__ == "__main__":
    with TCPServer(("127.0.0.1", 0), EchoHandler) as server:
        server.serve_forever()
