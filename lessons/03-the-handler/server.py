"""Two servers in one program: one gives bytes back and then greets, one speaks HTTP."""

from http.server import BaseHTTPRequestHandler

from tracer.socketserver import BaseRequestHandler, StreamRequestHandler, TCPServer


class BytesHandler(BaseRequestHandler):
    def handle(self) -> None:
        data = self.request.recv(1024)
        self.request.sendall(data)


class GreetingHandler(StreamRequestHandler):
    def __init__(self, request, client_address, server) -> None:
        super().__init__(request, client_address, server)
        self.greeting = b"welcome\n"

    def handle(self) -> None:
        self.wfile.write(self.greeting)


class PageHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(204)
        self.end_headers()

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = answer


class PageServer(TCPServer):
    pass


if __name__ == "__main__":
    here = ("127.0.0.1", 0)
    with TCPServer(here, BytesHandler) as server, PageServer(here, PageHandler) as pages:
        server.handle_request()
        server.handle_request()
        server.RequestHandlerClass = GreetingHandler
        server.handle_request()
        pages.serve_forever()
