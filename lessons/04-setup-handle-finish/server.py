"""A server that counts bytes. After the first client its handler fails, each time in a different place."""

from itertools import count

from tracer.socketserver import StreamRequestHandler, TCPServer


class CountingHandler(StreamRequestHandler):
    numbers = count(1)
    line = None

    def setup(self) -> None:
        super().setup()
        self.number = next(self.numbers)
        if self.number == 2:
            raise PermissionError("the second client is not welcome")

    def handle(self) -> None:
        if self.number == 4:
            raise RuntimeError("no more lines are read")
        self.line = self.rfile.readline()
        if self.number == 3:
            raise ValueError(f"{self.line} is not understood")
        self.wfile.write(self.line)

    def finish(self) -> None:
        super().finish()
        self.server.bytes_read += len(self.line)


class CountingServer(TCPServer):
    bytes_read = 0


if __name__ == "__main__":
    with CountingServer(("127.0.0.1", 0), CountingHandler) as server:
        server.serve_forever()
