"""Which lines of recorded source made a call: the frameworks' own text, and functions made up for it."""

import http.server
import socketserver
from pathlib import Path
from textwrap import dedent

import pytest

import tracer.socketserver.base as base
import tracer.socketserver.forking as forking
import tracer.socketserver.threads as threads
from tracer.timeline.source import Call, Caller, call_lines, function_lines, lines_of, parsed

STANDARD = Path(socketserver.__file__)
FRAMEWORKS = [pytest.param(STANDARD, id="standard"), pytest.param(Path(base.__file__), id="ours")]
FORKING = [pytest.param(STANDARD, id="standard"), pytest.param(Path(forking.__file__), id="ours")]
THREADS = [pytest.param(STANDARD, id="standard"), pytest.param(Path(threads.__file__), id="ours")]

GET = Call("get_request", "returned")
LET_IN = Call("verify_request", "returned", truth=True)


def called_in(file, function, *calls, hook=None, whole=True):
    """The text of the lines in which a method of that file may have made the last of the calls, and how many lines they are."""
    text = file.read_text(encoding="utf-8")
    cls, _, name = function.partition(".")
    definition = next(one for one in parsed(text).classes[cls].body if getattr(one, "name", "") == name)
    lines = call_lines(Caller(text, definition.lineno, name if hook is None else hook), calls, whole)
    return [lines_of(text)[line - 1].strip() for line in lines]


def made_up(body, *calls, hook="handle", whole=True, framework=False):
    """The numbers of the lines, from 1 for the first of the body, in which a function may have made the last of the calls."""
    text = "def hook(self):\n" + "".join(f"    {line}\n" for line in dedent(body).strip().split("\n"))
    return [line - 1 for line in call_lines(Caller(text, 1, hook, framework), calls, whole)]


# ---- the frameworks


@pytest.mark.parametrize("file", FRAMEWORKS)
def test_hooks_that_are_called_in_one_place(file):
    assert called_in(file, "BaseServer.process_request", Call("finish_request")) == ["self.finish_request(request, client_address)"]
    turn = "BaseServer._handle_request_noblock"
    assert called_in(file, turn, GET, LET_IN, Call("process_request")) == ["self.process_request(request, client_address)"]
    assert called_in(file, "BaseServer.serve_forever", Call("fileno")) == ["selector.register(self, selectors.EVENT_READ)"]
    assert called_in(file, "BaseServer.serve_forever", Call("service_actions")) == ["self.service_actions()"]
    assert called_in(file, "BaseServer.finish_request", Call("handle")) == ["self.RequestHandlerClass(request, client_address, self)"]
    (line,) = called_in(file, "BaseServer.serve_forever", Call("select"))
    assert line.endswith("= selector.select(poll_interval)")


@pytest.mark.parametrize("file", FRAMEWORKS)
@pytest.mark.parametrize(
    ("before", "above"),
    [
        ([GET, Call("verify_request", "returned", truth=False)], {"else:", "if not self.verify_request(request, client_address):"}),
        ([GET, Call("verify_request", "returned")], {"else:", "if not self.verify_request(request, client_address):"}),
        (
            [GET, LET_IN, Call("process_request", "raised", "ValueError: x"), Call("handle_error", "returned")],
            {"self.handle_error(request, client_address)"},
        ),
        ([GET, LET_IN, Call("process_request", "raised", "KeyboardInterrupt")], {"except:"}),
    ],
    ids=["refused", "of no plain truth", "failed", "interrupted"],
)
def test_what_was_called_before_decides_between_lines(file, before, above):
    text = file.read_text(encoding="utf-8")
    line = next(line for line, one in parsed(text).defs.items() if one.name == "_handle_request_noblock")
    (found,) = call_lines(Caller(text, line, "_handle_request_noblock"), [*before, Call("shutdown_request")], True)
    assert lines_of(text)[found - 1].strip() == "self.shutdown_request(request)"
    code = [one for one in lines_of(text)[: found - 1] if not one.strip().startswith("#")]
    assert code[-1].strip().replace("except BaseException:", "except:") in above


@pytest.mark.parametrize("file", FRAMEWORKS)
def test_where_nothing_decides_it_is_one_of_several(file):
    found = called_in(file, "BaseServer._handle_request_noblock", Call("shutdown_request"), whole=False)
    assert found == ["self.shutdown_request(request)"] * 3


@pytest.mark.parametrize("file", FORKING)
def test_system_calls_of_a_forking_server(file):
    assert called_in(file, "ForkingMixIn.process_request", Call("fork")) == ["pid = os.fork()"]
    assert called_in(file, "ForkingMixIn.process_request", Call("_exit")) == ["os._exit(status)"]
    (any_child,) = called_in(file, "ForkingMixIn.collect_children", Call("waitpid", pid=-1))
    (one,) = called_in(file, "ForkingMixIn.collect_children", Call("waitpid", pid=4122))
    assert "os.waitpid(-1, 0)" in any_child
    assert "os.waitpid(pid, " in one
    assert called_in(file, "ForkingMixIn.server_close", Call("server_close")) == ["super().server_close()"]


@pytest.mark.parametrize("file", THREADS)
def test_the_life_of_a_thread(file):
    (start,) = called_in(file, "ThreadingMixIn.process_request", Call("Thread.start"))
    assert start in ("t.start()", "thread.start()")
    assert called_in(file, "ThreadingMixIn.server_close", Call("Thread.join")) == ["self._threads.join()"]
    assert called_in(file, "_Threads.join", Call("Thread.join"), hook="") == ["thread.join()"]


def test_the_requests_of_an_http_connection():
    file, one = Path(http.server.__file__), Call("handle_one_request", "returned")
    text = file.read_text(encoding="utf-8")
    handle = next(item for item in parsed(text).classes["BaseHTTPRequestHandler"].body if getattr(item, "name", "") == "handle")

    def lines(*calls, whole=True):
        return [line - handle.end_lineno for line in call_lines(Caller(text, handle.lineno, "handle"), calls, whole)]

    assert lines(one) == [-2]
    assert lines(one, one) == lines(one, one, one) == [0]
    assert lines(one, whole=False) == [-2, 0]
    assert called_in(file, "BaseHTTPRequestHandler.handle_one_request", Call("do_GET")) == ["method()"]


# ---- ways through a function


def test_calls_of_other_objects_are_not_it():
    assert made_up("other.finish()\nself.request.shutdown(1)\nfinish()", Call("finish")) == []
    assert made_up("self.request.shutdown(1)", Call("shutdown")) == []
    assert made_up("self.server.shutdown()", Call("shutdown")) == [1]
    assert made_up("os.fork()", Call("fork")) == []  # of the program's own no call is seen


def test_one_level_of_a_chain_is_called_through_super_or_the_class():
    assert made_up("self.setup()\nsuper().setup()", Call("setup"), hook="setup") == [2]
    assert made_up("Base.setup(self)", Call("setup"), hook="setup") == [1]
    assert made_up("Base.setup(other)", Call("setup"), hook="setup") == []


def test_the_programs_own_hooks():
    assert made_up("self.load()\nself.store()", Call("Shop.store")) == [2]
    assert made_up("self.store()\nself.store()", Call("Shop.store", "returned"), Call("Shop.store")) == [2]


BRANCHES = """
if self.ready:
    self.setup()
else:
    self.setup()
"""


def test_branches_are_undecided_unless_something_else_was_called():
    assert made_up(BRANCHES, Call("setup")) == [2, 4]
    assert made_up("if self.ready:\n    self.finish()\n    self.setup()\nelse:\n    self.setup()", Call("setup")) == [5]
    assert made_up(
        "self.setup(); self.finish()\n" + BRANCHES.strip(), Call("setup", "returned"), Call("finish", "returned"), Call("setup")
    ) == [
        3,
        5,
    ]


HANDLERS = """
try:
    self.setup()
except OSError:
    self.finish()
except LookupError:
    self.finish()
finally:
    self.finish()
"""


@pytest.mark.parametrize(
    ("setup", "lines"),
    [
        (Call("setup", "returned"), [8]),
        (Call("setup", "raised", "ConnectionResetError: [Errno 104]"), [4]),
        (Call("setup", "raised", "KeyError: 'x'"), [6]),
        (Call("setup", "raised", "ValueError: x"), [8]),
        (Call("setup", "raised", "Odd: what it derives from is not known"), [4, 6, 8]),
        (Call("setup"), [4, 6, 8]),
    ],
    ids=["returned", "OSError", "LookupError", "another", "unknown", "open"],
)
def test_exceptions(setup, lines):
    assert made_up(HANDLERS, setup, Call("finish")) == lines


def test_the_second_finish_is_that_of_finally():
    finish = Call("finish", "returned")
    assert made_up(HANDLERS, Call("setup", "raised", "KeyError: 'x'"), finish, Call("finish")) == [8]


def test_loops():
    loop = "while True:\n    self.setup()\n    if self.x:\n        break\nself.setup()"
    assert made_up(loop, Call("setup")) == [2]
    assert made_up(loop, Call("setup", "returned"), Call("setup")) == [2, 5]
    assert made_up("for _ in x:\n    self.finish()\n    self.setup()\nself.setup()", Call("setup")) == [4]


def test_what_cannot_be_followed_is_undecided():
    assert made_up("later = lambda: self.setup()\nself.setup()", Call("setup")) == [1, 2]
    assert made_up("yield 1\nself.setup()\nself.setup()", Call("setup")) == [2, 3]


def test_what_does_not_fit_the_text_is_nowhere():
    assert (
        made_up("self.setup()\nself.finish()\nself.setup()", Call("finish", "returned"), Call("finish", "returned"), Call("setup"))
        == []
    )


# ---- functions


def test_the_lines_of_a_function():
    text = "class A:\n    @one\n    @two\n    def f(self):\n        return 1\n\n    x = 1\n"
    assert function_lines(text, 2) == (2, 5)
    assert function_lines(text, 9) == (0, 0)
    assert function_lines("f = lambda: 1\n", 1) == (1, 1)


def test_a_text_that_python_cannot_parse_is_cut_by_its_indentation():
    text = "def f(self):\n    return 1\n\n    # end\n\ndef g(:\n    pass\n"
    assert parsed(text) is None
    assert function_lines(text, 1) == (1, 4)
    assert call_lines(Caller(text, 1), [Call("finish")]) == ()


def test_odd_texts_do_no_harm():
    for text in ("\0", "def f():\n  '\\d'\n", "(" * 500, "\x1b[31m\r\ndef f(): pass\r"):
        assert function_lines(text, 1)[0] == 1
