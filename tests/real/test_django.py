"""Django's development server with its reloader, and threads."""

import shutil
import signal

import pytest

from tests.real.kit import PROGRAMS, Clients, wait_for

THREAD = """
_handle_request_noblock BaseServer
  get_request TCPServer
  verify_request BaseServer
  process_request ThreadingMixIn
    Thread.start Thread
      Thread.run Thread
        process_request_thread ThreadingMixIn
          finish_request BaseServer
            setup StreamRequestHandler
            handle WSGIRequestHandler
              handle_one_request WSGIRequestHandler
                parse_request BaseHTTPRequestHandler
                log_request BaseHTTPRequestHandler
            finish StreamRequestHandler
          shutdown_request TCPServer
            close_request TCPServer"""

LOGGED = r'\] "GET'  # when the reply has gone


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_django_with_its_reloader(stop, twice, installed, tmp_path):
    """`django runserver`: a page is rewritten while it runs, and both generations are seen."""
    source = tmp_path / "pages.py"

    def visit(program):
        clients = Clients(program.said(r"development server at http://127.0.0.1:(\d+)/"))
        program.said("first seen")  # by the reloader
        clients.by_urllib("/")
        program.said(LOGGED, len(clients.replies))
        clients.by_http_client("GET /", "GET /missing")
        program.said(LOGGED, len(clients.replies))
        clients.by_curl("/")
        program.said(LOGGED, len(clients.replies))
        wait_for(program, clients)
        source.write_text(source.read_text().replace("first", "second"))
        clients.go_to(program.said(r"development server at http://127.0.0.1:(\d+)/", 2))
        program.said("first seen", 2)
        clients.by_http_client("GET /")
        program.said(LOGGED, len(clients.replies))
        return clients

    def prepare():
        shutil.copytree(PROGRAMS / "site", tmp_path, dirs_exist_ok=True)

    words = ["-m", "django", "runserver", "127.0.0.1:0", "--pythonpath", tmp_path, "--settings", "settings"]
    recorded = twice(words, visit, stop, installed, prepare)
    assert recorded.replies[0].endswith("\n\nfirst")
    assert recorded.replies[-1].endswith("\n\nsecond")
    assert recorded.requests()[:3] == ["GET / → 200", "GET / → 200", "GET /missing → 404"]
    assert recorded.errors.count("reloading") == 1
    assert recorded.processes() == [("start", None), ("spawn", 0), ("spawn", 0)]
    assert recorded.connection(0) == THREAD[1:]
    assert recorded.connection(-1) == THREAD[1:]
    assert (recorded.unfinished(), recorded.status) == (["serve_forever BaseServer gone"] * 2, 0)
