"""`--hook MODULE:CLASS.METHOD`: the program's own methods beside the framework's."""

import socket

import pytest

from tests.probe.kit import PROGRAMS, ROOT, rest, tree
from tracer.timeline.at import at

NAMED = PROGRAMS / "named.py"
HANDLE = """        handle Line
          Router.dispatch Router
            Router.dispatch Base
              Router.prepare Router
          Router.dispatch Router
            Router.dispatch Base
              Shouting.prepare Shouting
        finish StreamRequestHandler"""


def serve(server):
    """Ask for two lines, wait for the end; the reply."""
    with socket.create_connection(server.address(), timeout=30) as client:
        client.sendall(b"one\ntwo\n")
        reply = rest(client)
    assert server.end() == (0, "")
    return reply


@pytest.mark.parametrize("main", ["__main__", "named"])
def test_a_programs_own_methods_are_hooks(main, launch):
    """Each level of them with the class that supplies it; those of a class that was not named are none. The script has two names."""
    names = (
        "routing:Router.dispatch",
        "routing:Router.prepare",
        f"{main}:Shouting.prepare",
        "routing:Other.missing",
        "routing:Other.later",
        "nothing:X.y",
    )
    with launch(*(word for name in names for word in ("--hook", name)), NAMED) as server:
        assert serve(server) == "one\nTWO\n"
    timeline = server.timeline()
    found = tree(timeline).replace(" #1", "")
    assert found[found.index("        handle Line") :].startswith(HANDLE)
    own = {(code.hook, code.owner, code.module) for code in timeline.codes.values() if "." in code.hook and not code.framework}
    assert own == {
        ("Router.dispatch", "Router", "routing"),
        ("Router.dispatch", "Base", "routing"),
        ("Router.prepare", "Router", "routing"),
        ("Shouting.prepare", "Shouting", "__main__"),
    }
    # What never appeared is told, and only that.
    assert [line for line in server.errors.splitlines() if "--hook" in line] == [
        "tracer: --hook routing:Other.missing was not found: class Other has no method missing",
        "tracer: --hook routing:Other.later was not found: Other.later is no plain function, class method or static method",
        "tracer: --hook nothing:X.y was not looked for: its module was not imported (a script's module is __main__)",
    ]
    assert at(timeline, timeline.newest).accepted == 1


@pytest.mark.parametrize("order", [1, -1])
def test_a_class_and_the_one_it_derives_from(order, launch):
    """Each is told of the calls that are its own, in whatever order they were named; an inherited class method of its caller alone."""
    names = ("routing:Router.dispatch", "routing:Base.dispatch", "routing:Third.name")[::order]
    with launch(*(word for name in names for word in ("--hook", name)), NAMED) as server:
        assert serve(server) == "one\nTWO\n"
    found = tree(server.timeline()).replace(" #1", "")
    lines = [line.strip() for line in found[found.index("handle Line") : found.index("\n        finish")].splitlines()]
    inside = ["Base.dispatch Base", "Router.dispatch Base"][::order]
    assert lines == ["handle Line", "Base.dispatch Base", "Third.name Other", *["Router.dispatch Router", *inside] * 2]


def test_a_hook_of_the_frameworks_is_one_already(launch):
    """It is recorded once, under its own name, and is not said to be missing."""
    with launch("--hook", "__main__:Line.handle", NAMED) as server:
        assert serve(server) == "one\nTWO\n"
    assert tree(server.timeline()).count("handle Line") == 1
    assert "--hook" not in server.errors


IMPORTS = """
import os, socketserver, traceback
print(os.getpid())
try:
    import failing
except ValueError:
    print(traceback.format_exc())
import old
print(type(__loader__).__name__, type(old.__loader__).__name__, type(old.__spec__.loader).__name__)
"""


def test_a_named_module_is_imported_as_it_would_have_been(tmp_path, launch):
    """The traceback where it fails, a warning that points at whoever imports it, and the loaders that a program can look at."""
    (tmp_path / "main.py").write_text(IMPORTS)
    (tmp_path / "failing.py").write_text("import socketserver\n\nraise ValueError('a mistake')")
    (tmp_path / "old.py").write_text(
        "import warnings\n\nwarnings.warn('is old', DeprecationWarning, stacklevel=2)\n\n\nclass Thing: pass\n"
    )
    ways = []
    for traced in (False, True):
        hooks = [word for name in ("failing", "old", "main") for word in ("--hook", f"{name}:Thing.use")] if traced else []
        with launch(*hooks, "-m", "main", traced=traced, PYTHONPATH=f"{ROOT}:{tmp_path}") as program:
            ways.append(program.end())
    assert ways[0] == ways[1]
    assert "is old" in program.errors
    assert "main.py" in program.errors.splitlines()[0]
