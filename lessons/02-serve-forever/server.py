"""A server that calls handle_request twice, and then serves for ever."""

from tracer.socketserver import StreamRequestHandler, TCPServer


class EchoHandler(StreamRequestHandler):
    def handle(self) -> None:
        line = self.rfile.readline()
        self.wfile.write(line)


class LonelyServer(TCPServer):
    timeout = 0.3

    def handle_timeout(self) -> None:
        print(f"nobody came within {self.timeout} s")


if __name__ == "__main__":
    with LonelyServer(("127.0.0.1", 0), EchoHandler) as server:
        server.handle_request()
        server.timeout = None
        server.handle_request()
        server.timeout = 0.3
        server.serve_forever()
