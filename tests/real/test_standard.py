"""Servers of the standard library, as anybody starts them."""

import json
import signal
import struct
import xmlrpc.client

import pytest

from tests.real.kit import CURL, PROGRAMS, TERMINAL, Clients

LOOP = "serve_forever BaseServer killed"

THREAD = """
_handle_request_noblock BaseServer
  get_request TCPServer
  verify_request BaseServer
  process_request ThreadingMixIn
    Thread.start Thread
      Thread.run Thread
        process_request_thread ThreadingMixIn
          finish_request DualStackServer
            setup StreamRequestHandler
            handle BaseHTTPRequestHandler
              handle_one_request BaseHTTPRequestHandler
                parse_request BaseHTTPRequestHandler
                do_GET SimpleHTTPRequestHandler
                  log_request BaseHTTPRequestHandler
            finish StreamRequestHandler
          shutdown_request TCPServer
            close_request TCPServer"""


@pytest.mark.parametrize(("stop", "left", "status"), [(signal.SIGINT, [], 0), (signal.SIGTERM, [LOOP], 143)], ids=["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("protocol", ["HTTP/1.0", "HTTP/1.1"])
def test_http_server(protocol, stop, left, status, twice, tmp_path):
    """`python -m http.server`, closing after each reply and keeping connections."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.txt").write_text("text\n" * 1000)

    def visit(program):
        clients = Clients(program.said(r"port (\d+)"))
        clients.by_urllib("/text.txt", "/folder")
        clients.by_http_client("GET /", "HEAD /text.txt", "GET /missing", "POST /")
        clients.by_curl("/text.txt", "/missing")
        return clients

    recorded = twice(["-m", "http.server", "0", "--bind", "127.0.0.1", "--protocol", protocol], visit, stop)
    kept = protocol == "HTTP/1.1"
    assert len(recorded.addresses) == 3 + (2 if kept else 4) + (0 if CURL is None else 1 if kept else 2)
    assert recorded.requests()[:7] == [
        "GET /text.txt → 200",
        "GET /folder → 301",
        "GET /folder/ → 200",
        "GET / → 200",
        "HEAD /text.txt → 200",
        "GET /missing → 404",
        "POST / → 501",
    ]
    assert recorded.processes() == [("start", None)]
    assert recorded.connection(0) == THREAD[1:]
    assert (recorded.unfinished(), recorded.status) == (left, status)


ALONE = """
_handle_request_noblock BaseServer
  get_request TCPServer
  verify_request BaseServer
  process_request BaseServer
    finish_request BaseServer
      setup StreamRequestHandler
{handle}
      finish StreamRequestHandler
    shutdown_request TCPServer
      close_request TCPServer"""
LOGGED = r'" \d{3} '  # when the reply has gone
APPLICATION = """
      handle WSGIRequestHandler
        parse_request BaseHTTPRequestHandler
        log_request BaseHTTPRequestHandler"""
CALL = """
      handle BaseHTTPRequestHandler
        handle_one_request BaseHTTPRequestHandler
          parse_request BaseHTTPRequestHandler
          do_POST SimpleXMLRPCRequestHandler
            log_request SimpleXMLRPCRequestHandler
              log_request BaseHTTPRequestHandler"""
in_both_ways = pytest.mark.parametrize(
    ("stop", "left", "status"), [(signal.SIGINT, [], 130), (signal.SIGTERM, [LOOP], 143)], ids=["SIGINT", "SIGTERM"]
)


@in_both_ways
def test_wsgiref(stop, left, status, twice):
    """An application on wsgiref.simple_server."""

    def visit(program):
        clients = Clients(program.said(r"port (\d+)"))
        clients.by_http_client("GET /")
        program.said(LOGGED, len(clients.replies))
        clients.by_http_client("POST /echo", body=b"a body")
        program.said(LOGGED, len(clients.replies))
        clients.by_http_client("GET /fails")
        program.said(LOGGED, len(clients.replies))
        clients.by_urllib("/urllib")
        program.said(LOGGED, len(clients.replies))
        clients.by_curl("/curl")
        program.idle()
        return clients

    recorded = twice([PROGRAMS / "wsgi.py"], visit, stop)
    assert recorded.requests()[:4] == ["GET / → 200", "POST /echo → 200", "GET /fails → 500", "GET /urllib → 200"]
    assert recorded.processes() == [("start", None)]
    assert recorded.connection(1) == ALONE[1:].format(handle=APPLICATION[1:])
    assert (recorded.unfinished(), recorded.status) == (left, status)
    assert "RuntimeError: as it was written to" in recorded.errors


class Noted(xmlrpc.client.Transport):
    """XML-RPC's own connections, with the client's address noted."""

    def __init__(self, clients):
        super().__init__()
        self.clients = clients

    def make_connection(self, host):
        connection = super().make_connection(host)
        if connection.sock is None:
            connection.connect()
            self.clients.came_from(connection.sock.getsockname())
        return connection


@in_both_ways
def test_xmlrpc(stop, left, status, twice):
    """Functions on xmlrpc.server, called by xmlrpc.client: what they return, what they raise, and what is no call."""

    def visit(program):
        clients = Clients(program.said(r"port (\d+)"))
        with xmlrpc.client.ServerProxy(clients.url, Noted(clients)) as server:
            clients.replies += [str(server.system.listMethods()), str(server.pow(2, 10)), server.upper("text")]
            for call in (server.pow, server.missing):
                with pytest.raises(xmlrpc.client.Fault) as raised:
                    call(0, -1)
                clients.replies.append(raised.value.faultString)
        clients.by_http_client("GET /")
        program.idle()
        return clients

    recorded = twice([PROGRAMS / "calls.py"], visit, stop)
    assert recorded.replies[1:3] == ["1024", "TEXT"]
    assert recorded.requests() == ["POST /RPC2 → 200"] * 5 + ["GET / → 501"]
    assert recorded.processes() == [("start", None)]
    assert recorded.connection(1) == ALONE[1:].format(handle=CALL[1:])
    assert (recorded.unfinished(), recorded.status) == (left, status)


LISTENER = """
_handle_request_noblock BaseServer
  get_request TCPServer
  verify_request BaseServer
  process_request ThreadingMixIn
    Thread.start Thread
      Thread.run Thread
        process_request_thread ThreadingMixIn
          finish_request BaseServer
            setup StreamRequestHandler
            handle ConfigStreamHandler
            finish StreamRequestHandler
          shutdown_request TCPServer
            close_request TCPServer"""


def configuration(form):
    """What makes a program log like `form`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"form": {"format": form}},
        "handlers": {"output": {"class": "logging.StreamHandler", "formatter": "form", "stream": "ext://sys.stdout"}},
        "root": {"level": "INFO", "handlers": ["output"]},
    }


def test_logging_config_listen(twice):
    """A program is told twice how to log, and a third time what it cannot understand; its server runs in a thread of its own."""

    def visit(program):
        clients = Clients(program.said(r"port (\d+)"))
        for number, content in enumerate((configuration("first %(message)s"), configuration("second %(message)s"), []), 1):
            text = json.dumps(content).encode()
            clients.by_socket(struct.pack(">L", len(text)) + text)
            program.type("a line\n")
            program.said("a line", number)
        program.idle(TERMINAL)
        return clients

    recorded = twice([PROGRAMS / "configured.py"], visit)
    assert recorded.output == "port PORT\nfirst a line\nsecond a line\nsecond a line\nstopped\n"
    assert "Traceback" in recorded.errors
    assert recorded.processes() == [("start", None)]
    assert recorded.connection(0) == LISTENER[1:]
    assert (recorded.unfinished(), recorded.status) == ([], 3)
