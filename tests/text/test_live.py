"""Calls as they happen, as text; a recording that was full."""

from tracer.cli import main
from tracer.probe.frames import ENTER, EVENTS, column, fact, frame, word
from tracer.text.live import follow_lines

S = 1_000_000_000
MAIN, HANDLE, EXIT = 77, 5, 6
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


def exited(path):
    """A recording of a program that exited while its handler ran."""
    pieces = [
        fact(0, type="header", version=1, monotonic_ns=0),
        fact(MAIN, type="code", id=HANDLE, hook="handle", owner="Handler", module="x", file="", line=1),
        fact(MAIN, type="code", id=EXIT, hook="_exit", owner="os", module="os", file="", line=1),
        fact(MAIN, type="context", id=MAIN, process=MAIN, pid=41, tid=41, ppid=1, born=5, kind="process", parent=0, t=S),
        frame(EVENTS, MAIN, column([0, word(HANDLE, ENTER), 2 * S, word(EXIT, ENTER), 3 * S])),
        fact(0, type="exit", pid=41, status=0, t=4 * S),
        fact(0, type="end", alive=[], t=4 * S),
    ]
    path.write_bytes(b"".join(pieces))
    return path


def test_a_call_in_which_the_process_exited_did_not_return(tmp_path, capsys):
    """All but _exit itself, of which nobody expects it."""
    assert main(["show", str(exited(tmp_path / "exited.tracer"))]) == 0
    assert [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()] == [
        "00:02.000 main handle (never ended: its process exited) 1.00 s Handler",
        "00:03.000 main _exit os",
    ]


def test_following_what_never_ended(tmp_path):
    lines = [" ".join(line.split()) for line in follow_lines(exited(tmp_path / "exited.tracer"))]
    assert lines[0] == "00:02.000 main handle (never ended: its process exited) 1.00 s Handler"


def test_following(tmp_path):
    lines = list(follow_lines(full(tmp_path / "full.tracer")))
    assert lines.count(f"! {WORDS}") == 1
