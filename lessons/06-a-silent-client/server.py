"""A server that waits for a silent client for ever, until Ctrl-C; from then on its handlers wait for one second."""

from tracer.socketserver import StreamRequestHandler, TCPServer


class EchoHandler(StreamRequestHandler):
    def handle(self) -> None:
        line = self.rfile.readline()
        self.wfile.write(line)


class ImpatientHandler(EchoHandler):
    timeout = 1.0


if __name__ == "__main__":
    with TCPServer(("127.0.0.1", 0), EchoHandler) as server:
        server.timeout = 1.0
        try:
            while True:
                server.handle_request()
        except KeyboardInterrupt:
            server.RequestHandlerClass = ImpatientHandler
        server.serve_forever()
