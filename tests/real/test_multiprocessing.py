"""Servers in processes that multiprocessing starts: by spawn, by fork, and by a server that forks."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.real.kit import PROGRAMS, Clients

#: The interpreter that has a user's own customization; an environment made of it has none.
PYTHON = Path(sys._base_executable)

SERVED = """
_handle_request_noblock BaseServer
  get_request TCPServer
  verify_request BaseServer
  process_request BaseServer
    finish_request BaseServer
      setup StreamRequestHandler
      handle Handler
      finish StreamRequestHandler
    shutdown_request TCPServer
      close_request TCPServer"""


@pytest.mark.parametrize("how", ["script", "module"])
@pytest.mark.parametrize(
    ("words", "family"),
    [
        (["spawn"], [("start", None), ("spawn", 0), ("spawn", 0)]),
        (["fork"], [("start", None), ("fork", 0), ("fork", 0)]),
        (["forkserver", "socketserver"], [("start", None), ("spawn", 0), ("fork", 1), ("fork", 1)]),
        (["forkserver"], [("start", None), ("fork", 0), ("fork", 0)]),  # the one between knows no socketserver
    ],
    ids=["spawn", "fork", "forkserver", "forkserver that is not traced"],
)
def test_multiprocessing(words, family, how, twice, tmp_path):
    """What a program sees of itself, its classes and its customization is the same in every process, and each has its parent."""
    shutil.copy(PROGRAMS / "workers.py", tmp_path)
    (tmp_path / "custom").mkdir()
    for name in ("sitecustomize", "usercustomize"):
        text = f"import sys\nsys.customized = [*getattr(sys, 'customized', []), {name!r}]\n"
        (tmp_path / "custom" / f"{name}.py").write_text(text)

    def visit(program):
        clients = Clients(program.said(r"port (\d+)"))
        clients.by_socket(b"first\n")
        clients.go_to(program.said(r"port (\d+)", 2))
        clients.by_socket(b"second\n")
        return clients

    start = ["workers.py"] if how == "script" else ["-m", "workers"]
    recorded = twice([*start, *words], visit, 0, PYTHON, PYTHONPATH=str(tmp_path / "custom"))
    assert recorded.replies == ["FIRST\n", "SECOND\n"]
    assert recorded.output.count("['sitecustomize', 'usercustomize']") == 3
    assert recorded.output.count("worker True note") == recorded.output.count("ended 0") == 2
    assert (recorded.errors, recorded.status, recorded.unfinished()) == ("", 0, [])
    assert recorded.processes() == family
    assert recorded.connection(0) == recorded.connection(1) == SERVED[1:]
