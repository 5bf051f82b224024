"""A server that writes, raises and is called what no screen should take at its word."""

import os
import socketserver

CLEAR = "\x1b[2J\x1b[H\x1b]0;owned\x07\x1b[?1049l"


class Hostile(socketserver.StreamRequestHandler):
    def handle(self):
        line = self.rfile.readline()
        print(f"{CLEAR}[bold red]not red[/bold red] \x9b31m 全角 e\u0301 \u202eright to left\u202c \u200b {'x' * 3000}", flush=True)
        print("invalid: ", end="", flush=True)
        os.write(1, b"\xff\xfe\xc3( \xe2\x82\r\n")
        if line.endswith(b"1\n"):
            self.wfile.write(line)
        else:
            raise ValueError(f"[/]{CLEAR}[link=x]全角[/link]\n\tsecond line \ud800 {'y' * 2000}")


Server = type("[red]Server\x1b[31m", (socketserver.TCPServer,), {})

with Server(("127.0.0.1", 0), Hostile) as server:
    print("listening on {}:{}".format(*server.server_address), flush=True)
    server.serve_forever()
