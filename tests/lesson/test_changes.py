"""Changed servers: one value and nothing else; a student's copy that is never written over; an editor; what Python cannot run."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from tests.probe.kit import ROOT, environment
from tracer.lesson.changes import CannotChange, edit, newer, problem_of, student_copy, value_of, with_value, write_changed

SERVER = '''"""A server — 服务器."""

import socketserver  # é
from socketserver import TCPServer, ThreadingMixIn


class Server(ThreadingMixIn, TCPServer):
    名 = "é"; request_queue_size = 5; daemon_threads: bool = True  # daemon_threads = False
    timeout: float
    allow_reuse_address = (
        True
    )


def main(poll_interval=3):
    backlog = other = [1,
        2]
    with Server(("127.0.0.1", 0), None, bind_and_activate=True) as server:
        server.max_children = 40
        print("é", flush=True); server.serve_forever(poll_interval=0.5)
'''


@pytest.mark.parametrize(
    ("change", "before", "old", "new"),
    [
        ("request_queue_size", "request_queue_size = ", "5", "16"),
        ("daemon_threads", ": bool = ", "True", "not (1,  2)"),
        ("allow_reuse_address", "(\n        ", "True", "False"),
        ("backlog", "other = ", "[1,\n        2]", "{'é': 1}"),
        ("other", "other = ", "[1,\n        2]", "1, 2"),
        ("bind_and_activate", "bind_and_activate=", "True", "False"),
        ("poll_interval", "serve_forever(poll_interval=", "0.5", "lambda x: (x,\n x)"),
        ("flush", "flush=", "True", '"服务器"'),
        ("名", "名 = ", '"é"', "'\\N{SNOWMAN}'"),
        ("class Server", "class Server(", "ThreadingMixIn, TCPServer", "TCPServer, ThreadingMixIn"),
        ("class Server", "class Server(", "ThreadingMixIn, TCPServer", "socketserver.TCPServer"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_one_value_is_changed_and_nothing_else(change: str, before: str, old: str, new: str, end: str) -> None:
    source, before, old = (text.replace("\n", end) for text in (SERVER, before, old))
    assert value_of(source, change) == old
    changed = with_value(source, change, f"  {new}\n")
    assert changed == source.replace(before + old, before + new, 1) != source
    assert value_of(changed, change) == new
    assert with_value(changed, change, old) == with_value(source, change, old) == source


@pytest.mark.parametrize(
    ("source", "change", "old", "changed"),
    [
        ("class A(B): pass", "class A", "B", "class A(X, Y): pass"),
        ("class A(B, C, metaclass=M): pass", "class A", "B, C", "class A(X, Y, metaclass=M): pass"),
        ("class A(B, C,): pass", "class A", "B, C", "class A(X, Y,): pass"),
        ("class A(\n  B,  # b\n  C.c,\n): pass", "class A", "B,  # b\n  C.c", "class A(\n  X, Y,\n): pass"),
        ("def f():\n class A(B, C): pass", "class A", "B, C", "def f():\n class A(X, Y): pass"),
        ("@d\nclass A(B): pass\nA = 1", "class A", "B", "@d\nclass A(X, Y): pass\nA = 1"),
        ("class A(B): pass\nA = 1", "A", "1", "class A(B): pass\nA = X, Y"),
        ("a = 1\rb = 2\r\n\x0cc = 3\n", "c", "3", "a = 1\rb = 2\r\n\x0cc = X, Y\n"),
        ("a = '\x0c\x1c\u2028é'; c = 3", "c", "3", "a = '\x0c\x1c\u2028é'; c = X, Y"),
        ("c = '\\d' is 3", "c", "'\\d' is 3", "c = X, Y"),
    ],
)
def test_where_a_value_may_stand(source: str, change: str, old: str, changed: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # doubtful code is nobody's business here
        assert value_of(source, change) == old
        assert with_value(source, change, "X, Y") == changed


@pytest.mark.parametrize(
    ("source", "change", "why"),
    [
        (SERVER, "max_children", "nothing in server.py gives max_children a value"),  # an attribute of some object
        (SERVER, "timeout", "nothing in server.py gives timeout a value"),
        (SERVER, "request_queue", "nothing in server.py gives request_queue a value"),
        (SERVER, "class Handler", "server.py has no class Handler"),
        ("x += 1\nx, y = 1, 2\nfor x in y: pass", "x", "nothing in server.py gives x a value"),
        ("f(**x)", "x", "nothing in server.py gives x a value"),
        ("class A(metaclass=M): pass", "class A", "class A in server.py has no bases"),
        ("class A: pass", "class A", "class A in server.py has no bases"),
        ("x = 1\nf(x=2)", "x", "x is in server.py more than once, in lines 1 and 2: one of them must have another name"),
        (
            "if a:\n x = 1\nelif b:\n x = 2\nf(\n  x=3)",
            "x",
            "x is in server.py more than once, in lines 2, 4 and 6: one of them must have another name",
        ),
        (
            "class A(B): pass\n\nclass A: pass",
            "class A",
            "class A is in server.py more than once, in lines 1 and 3: one of them must have another name",
        ),
        ("x = 1\nif x\n  y", "x", "server.py: line 2: expected ':': `if x`"),
        ("x = '\ud800'", "x", "server.py: 'utf-8' codec can't encode character '\\ud800' in position 5: surrogates not allowed"),
    ],
)
def test_there_must_be_one_such_place(source: str, change: str, why: str) -> None:
    for run in (lambda: value_of(source, change), lambda: with_value(source, change, "1")):
        with pytest.raises(CannotChange) as error:
            run()
        assert str(error.value) == why


def test_a_changed_file_has_its_own_ends_of_lines(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_bytes(b"\xef\xbb\xbfx = 1\r\ny = 2\r\n")
    write_changed(tmp_path / "server.py", "y", "3", tmp_path / "changed.py")
    assert (tmp_path / "changed.py").read_bytes() == b"x = 1\r\ny = 3\r\n"


@pytest.mark.parametrize(
    ("source", "change", "value", "why"),
    [
        ("x = 1", "x", "", "`` is no Python expression: "),
        ("x = 1", "x", "5 +", "`5 +` is no Python expression: line 1: invalid syntax: `5 +`"),
        ("x = 1", "x", "1; import os", "`1; import os` is no Python expression: line 1: invalid syntax: `1; import os`"),
        ("x = 1", "x", "y = 2", "`y = 2` is no Python expression: "),
        ("x = 1", "x", "1\nimport os", "`1\\x0aimport os` is no Python expression: "),
        ("x = 1", "x", "\ud800", "`\\ud800` is no Python expression: "),
        ("x = 1", "x", "-" * 100_000 + "1", f"`{'-' * 80}` is no Python expression: it is too deeply nested"),
        ("x = 1", "x", "await y", "`await y` does not fit in the place of `1`"),
        ("x = 1; y = 2", "x", "3  # y is lost", "`3  # y is lost` does not fit in the place of `1`"),
        ("f(x=1, y=2)", "x", "3, y", "`3, y` does not fit in the place of `1`"),
        ("f(x=1)", "x", "3, 4", "`3, 4` does not fit in the place of `1`"),
        ("class A(B): pass", "class A", "B, metaclass=M", "`B, metaclass=M` is no Python expression: "),
        ("class A(B): pass", "class A", "(B, C)", "`(B, C)` does not fit in the place of `B`"),
        ("class A(B): pass", "class A", "C): x = (1", "`C): x = (1` is no Python expression: "),
        ("class A((B), C): pass", "class A", "C, B", "`C, B` does not fit in the place of `B), C`"),
        ("class A((B)): pass", "class A", "C, B", "`C, B` does not fit in the place of `B`"),
    ],
)
def test_a_value_must_fit(source: str, change: str, value: str, why: str) -> None:
    with pytest.raises(CannotChange) as error:
        with_value(source, change, value)
    assert why in str(error.value)
    assert "\n" not in str(error.value)


@pytest.fixture
def server(tmp_path: Path) -> Path:
    path = tmp_path / "server.py"
    path.write_text("x = 1\n")
    return path


def test_a_student_has_a_copy(server: Path, tmp_path: Path) -> None:
    folder = tmp_path / "state" / "learn"
    copy = student_copy("01-one-request", server, folder)
    assert copy == folder / "01-one-request" / "server.py"
    assert (copy.read_text(), newer(copy, server)) == ("x = 1\n", "")
    assert copy.parent.stat().st_mode & 0o777 == folder.stat().st_mode & 0o777 == 0o700
    copy.write_text("x = 2\n")
    assert student_copy("01-one-request", server, folder) == copy
    assert (copy.read_text(), newer(copy, server), server.read_text()) == ("x = 2\n", "", "x = 1\n")


def test_copies_are_in_the_state_directory(server: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert student_copy("x", server) == tmp_path / "tracer" / "learn" / "x" / "server.py"


def test_a_copy_that_was_never_changed_follows_the_lessons(server: Path, tmp_path: Path) -> None:
    for text in ("x = 1\n", "x = 10\n", "x = 100\n"):
        server.write_text(text)
        copy = student_copy("x", server, tmp_path)
        assert (copy.read_text(), newer(copy, server)) == (text, "")


def test_a_copy_that_was_changed_stays_and_can_be_begun_anew(server: Path, tmp_path: Path) -> None:
    copy = student_copy("x", server, tmp_path)
    copy.write_text("mine")
    server.write_text("x = 10\n")
    for _ in range(2):  # it is told every time
        assert student_copy("x", server, tmp_path) == copy
        assert copy.read_text() == "mine"
        assert newer(copy, server) == (
            f"the lesson's server.py is newer than your copy, which stays as you left it: rename {copy} to begin with the new one"
        )
    copy.rename(tmp_path / "x" / "mine.py")
    assert student_copy("x", server, tmp_path).read_text() == "x = 10\n"
    assert ((tmp_path / "x" / "mine.py").read_text(), newer(copy, server)) == ("mine", "")


def test_a_student_may_come_to_the_same_as_the_newer_lesson(server: Path, tmp_path: Path) -> None:
    copy = student_copy("x", server, tmp_path)
    for text in ("x = 10\n", "x = 100\n"):
        copy.write_text("x = 10\n")
        server.write_text(text)
        assert student_copy("x", server, tmp_path).read_text() == text  # it is the lesson's again
        assert newer(copy, server) == ""


@pytest.mark.parametrize("mine", ["mine", ""])
def test_a_copy_of_unknown_origin_stays(mine: str, server: Path, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    copy = tmp_path / "x" / "server.py"
    copy.write_text(mine)
    for text in ("x = 10\n", "x = 100\n"):
        server.write_text(text)
        assert student_copy("x", server, tmp_path).read_text() == mine
        assert newer(copy, server) == ""


def test_no_copy_can_be_made(server: Path, tmp_path: Path) -> None:
    (tmp_path / "x" / "server.py").mkdir(parents=True)
    for folder, why in ((server, f"{server}: File exists"), (tmp_path, f"{tmp_path}/x/server.py: it is no file")):
        with pytest.raises(CannotChange) as error:
            student_copy("x", server, folder)
        assert str(error.value) == f"server.py cannot be copied for you: {why}"
    with pytest.raises(CannotChange, match=r"gone\.py: No such file or directory"):
        student_copy("x", tmp_path / "gone.py", tmp_path)


def test_a_full_disk_leaves_no_half_a_copy(server: Path, tmp_path: Path) -> None:
    script = (
        "import resource, sys; from pathlib import Path; from tracer.lesson.changes import CannotChange, student_copy\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3, 3))\n"
        "try: student_copy('x', Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "except CannotChange as error: print(error)\n"
    )
    command = [sys.executable, "-c", script, server, tmp_path]
    said = subprocess.run(command, capture_output=True, text=True, env=environment(), cwd=ROOT, timeout=20, check=True).stdout
    assert said == f"server.py cannot be copied for you: {tmp_path}/x/server.py: File too large\n"
    assert student_copy("x", server, tmp_path).read_text() == "x = 1\n"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A PATH with some editors on it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("nano", "vi", "code", "my editor"):
        (folder / name).touch(0o755)
    return folder


@pytest.mark.parametrize(
    ("variables", "command"),
    [
        ({"VISUAL": "code --wait", "EDITOR": "vi"}, ["code", "--wait"]),
        ({"VISUAL": " ", "EDITOR": "vi -c 'set nu'"}, ["vi", "-c", "set nu"]),
        ({"EDITOR": "'my editor'"}, ["my editor"]),
        ({}, ["nano"]),
    ],
)
def test_the_students_own_editor(variables: dict[str, str], command: list[str], programs: Path) -> None:
    assert edit(Path("/a b/server.py"), {"PATH": str(programs), **variables}) == [*command, "/a b/server.py"]


def test_what_is_edited_is_never_taken_for_an_option(programs: Path) -> None:
    assert edit(Path("-x"), {"PATH": str(programs)}) == ["nano", str(Path.cwd() / "-x")]


def test_an_editor_that_is_there(programs: Path) -> None:
    (programs / "nano").unlink()
    assert edit(Path("/x"), {"PATH": str(programs)}) == ["vi", "/x"]
    assert edit(Path("/x"), {"PATH": "", "EDITOR": f"{programs}/code -w"}) == [f"{programs}/code", "-w", "/x"]


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({}, "there is no editor: name yours in $EDITOR"),
        ({"VISUAL": "emacs -nw", "EDITOR": "vi"}, "$VISUAL names 'emacs' as your editor, and there is no such program"),
        ({"EDITOR": "''"}, "$EDITOR names '' as your editor, and there is no such program"),
        ({"EDITOR": "vi 'x"}, "$EDITOR is no command: No closing quotation: vi 'x"),
    ],
)
def test_there_is_no_editor(variables: dict[str, str], why: str, tmp_path: Path) -> None:
    with pytest.raises(CannotChange) as error:
        edit(Path("/x"), {"PATH": str(tmp_path), **variables})
    assert str(error.value) == why


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"x = 1\nif x\n  y\n", "line 2: expected ':': `if x`"),
        (b"x = 1\n\ty = 2\n", "line 2: unexpected indent: `y = 2`"),
        (b"return 1", "line 1: 'return' outside function"),
        (b"x = 1\nx = \0\n", "line 2: there is a null byte in it"),
        (b"x = 1\nx = '\xe9'\n", "line 2: this is no utf-8 text"),
        (b"# \xe9\n", "line 1: this is no utf-8 text"),
        (b"x = 1\n\n# \xe9\n", "line 3: this is no utf-8 text"),  # compile() lets it pass, python does not
        (b"# coding: ascii\n\n# \xe9", "line 3: this is no ascii text"),
        (b"# coding: foo\nx = 1", "unknown encoding: foo"),
        (b"# coding: base64\nx = 1", "'base64' is not a text encoding; use codecs.decode() to handle arbitrary codecs"),
        (b"\xff\xfex\0=\0001\0", "line 1: there is a null byte in it"),
        (b"-" * 100_000 + b"1", "it is too deeply nested"),
        (b"x = '\x1b[2J", "line 1: unterminated string literal (detected at line 1): `x = '\\x1b[2J`"),
        (b"(" + b"x" * 1000, f"line 1: '(' was never closed: `({'x' * 79}`"),
    ],
)
def test_what_python_cannot_run(content: bytes, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "server.py"
    path.write_bytes(content)
    assert problem_of(path) == problem
    assert subprocess.run([sys.executable, path], capture_output=True, timeout=20, check=False).returncode == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"x = 1", b"\xef\xbb\xbfx = 1", b"# coding: latin-1\nx = '\xe9'", b"x = 1\r\n", b"x = '\\d' is 3\n", b"raise SystemExit(3)"],
)
def test_what_python_can_run(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "server.py"
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert problem_of(path) is None


def test_what_is_no_file_has_a_problem(tmp_path: Path) -> None:
    assert problem_of(tmp_path / "x.py") == f"{tmp_path}/x.py cannot be read: No such file or directory"
    assert problem_of(tmp_path) == f"{tmp_path} cannot be read: it is no file"
    os.mkfifo(tmp_path / "pipe")
    assert problem_of(tmp_path / "pipe") == f"{tmp_path}/pipe cannot be read: it is no file"
