"""Calls as they happen, as text; a recording that was full."""

from tracer.cli import main
from tracer.probe.frames import ENTER, EVENTS, column, fact, frame, word
from tracer.text.live import follow_lines

S = 1_000_000_000
MAIN, HANDLE = 77, 5
WORDS = "limit reached at 00:07: recorded no further"


def full(path):
    """A recording that was full while its program was in a handler, from which it came and ended well."""
    pieces = [
        fact(0, type="header", version=1, monotonic_ns=0),
        fact(MAIN, type="code", id=HANDLE, hook="handle", owner="Handler", module="x", file="", line=1),
        fact(MAIN, type="context", id=MAIN, process=MAIN, pid=41, tid=41, ppid=1, born=5, kind="process", parent=0, t=S),
        frame(EVENTS, MAIN, column([0, word(HANDLE, ENTER), 2 * S])),
        fact(0, type="limit", t=7 * S),
        fact(0, type="exit", pid=41, status=0, t=60 * S),
        fact(0, type="end", alive=[], t=60 * S),
    ]
    path.write_bytes(b"".join(pieces))
    return path


def test_what_was_open_at_the_limit_has_no_end(tmp_path, capsys):
    """Nobody knows when it returned; once, on standard error, it is said why."""
    assert main(["show", str(full(tmp_path / "full.tracer"))]) == 0
    captured = capsys.readouterr()
    assert captured.out == "00:02.000  main    handle  (end not recorded)" + 50 * " " + "Handler\n"
    assert captured.err == f"tracer: {WORDS}\n"


def test_following(tmp_path):
    lines = list(follow_lines(full(tmp_path / "full.tracer")))
    assert lines.count(f"! {WORDS}") == 1
