"""A server of one thread that sends one line back to each client; two may wait for it."""

from tracer.socketserver import StreamRequestHandler, TCPServer


class Echo(StreamRequestHandler):
    def handle(self) -> None:
        line = self.rfile.readline()
        self.wfile.write(line)


class Server(TCPServer):
    request_queue_size = 2


if __name__ == "__main__":
    with Server(("127.0.0.1", 0), Echo) as server:
        server.serve_forever()
