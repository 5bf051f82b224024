"""An HTTP server whose hooks its own handler changes, while it serves: late.py, then a client."""

import http.server
import os
import signal


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/change":
            change(self.server)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words):
        pass


class Server(http.server.HTTPServer):
    pass


def change(server):
    server.verify_request = lambda request, client_address: True
    Server.close_request = lambda self, request: super(Server, self).close_request(request)
    Page.setup = lambda self: super(Page, self).setup()
    Page.do_PUT = lambda self: Page.do_GET(self)


def stop(*_):
    server._BaseServer__shutdown_request = True


with Server(("127.0.0.1", 0), Page) as server:
    signal.signal(signal.SIGALRM, stop)
    print(os.getpid())
    print(*server.server_address, flush=True)
    server.serve_forever(0.02)
assert "verify_request" in vars(server)
