"""A server with trouble in three of its hooks, and a program that starts the loop again."""

from tracer.socketserver import StreamRequestHandler, TCPServer


class Trouble(OSError):
    pass


class EchoHandler(StreamRequestHandler):
    def handle(self) -> None:
        line = self.rfile.readline()
        if line == b"hello 1\n":
            raise Trouble("in handle")
        self.wfile.write(line)


class TroubledServer(TCPServer):
    asked = verified = 0

    def get_request(self):
        self.asked += 1
        if self.asked == 2:
            raise Trouble("in get_request")
        return super().get_request()

    def verify_request(self, request, client_address) -> bool:
        self.verified += 1
        if self.verified == 3:
            raise Trouble("in verify_request")
        return True


if __name__ == "__main__":
    with TroubledServer(("127.0.0.1", 0), EchoHandler) as server:
        while True:
            try:
                server.serve_forever()
            except Exception as error:
                print("the loop has ended:", error)
