"""The command line as a person types it: what it prints, where, and the exit status."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tracer.probe.frames import fact

ROOT = Path(__file__).parents[1]
SERVER = """
import socket, threading
from socketserver import StreamRequestHandler, ThreadingTCPServer

class Echo(StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline())

with ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
    loop = threading.Thread(target=server.serve_forever, args=(0.01,))
    loop.start()
    for _ in range(3):
        with socket.create_connection(server.server_address) as client:
            client.sendall(b"hello\\n")
            assert client.recv(100) == b"hello\\n"
    server.shutdown()
    loop.join()
"""


def tracer(*words, cwd=None, **environment):
    """Run the command; standard input and output are no terminals."""
    state = {"XDG_STATE_HOME": str(cwd)} if cwd else {}
    return subprocess.run(
        [sys.executable, "-m", "tracer", *map(str, words)],
        capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL, cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **state, **environment},
    )  # fmt: skip


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """A recording of three connections to a threading server."""
    folder = tmp_path_factory.mktemp("recording")
    (folder / "server.py").write_text(SERVER)
    path = folder / "run.tracer"
    done = tracer("record", "-o", path, "server.py", cwd=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"tracer: recorded; to see it: tracer open {path}\n")
    return path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nonsense"], "invalid choice: 'nonsense'"),
        (["demo", "nonsense"], "there is no demo 'nonsense': choose one of tcp, threading"),
        (["demo", "tcp", "nonsense"], "there is no demo 'nonsense': choose one of tcp, threading"),
        (["demo", "tcp", "threading", "tcp"], "tcp is named twice: name each demo once"),
        (
            ["demo", "tcp", "udp"],
            "tcp takes connections and udp datagrams: beside tcp choose threading, forking, unix, refusing, failing",
        ),
        (["demo", "udp", "tcp"], "udp takes datagrams and tcp connections: beside udp choose unix-datagram, forking-udp"),
        (["demo", "tcp", "threading"], "several demos side by side need a terminal; without one, name one demo"),
        (["record"], "name a program to record"),
        (["record", "-m"], "name a program to record"),
        (["record", "no-such.py"], "no-such.py: no such file"),
        (["record", "--limit", "none", "x.py"], "'none' is no size"),
        (["record", "-I", "server.py"], "-I makes Python ignore what the probe comes by (PYTHONPATH and sitecustomize): leave it out"),
        (["record", "-o", "x", "-uE", "server.py"], "-E makes Python ignore what the probe comes by"),
        (["run", "-S", "-m", "http.server"], "-S makes Python ignore what the probe comes by"),
        (
            ["record", "-u", "server.py"],
            "-u is an option of Python's own: set PYTHONUNBUFFERED=1 instead, or name a wrapper that adds it",
        ),
        (["record", "-X", "dev", "server.py"], "-X is an option of Python's own: set its variable, such as PYTHONDEVMODE=1"),
        (["record", "-c", "print()"], "-c is not possible: put the text into a file"),
        (["record", "--hook", "Handler.reply", "good.tracer"], "--hook Handler.reply: a method is named MODULE:CLASS.METHOD"),
        (["record", "--hook", "shop:reply", "good.tracer"], "--hook shop:reply: a method is named MODULE:CLASS.METHOD"),
        (["record", "--hold", "good.tracer"], "name a program to record"),
        (["demo", "--hold", "before handle"], "--hold needs a terminal that can draw, where what is held can be released"),
        (["record", "--python", "no-such", "good.tracer"], "--python no-such: no such interpreter"),
        (["record", "--python", "./good.tracer", "good.tracer"], "--python ./good.tracer: not executable"),
        (["record", "--python", "false", "good.tracer"], "--python false: it does not answer as Python does"),
        (["record", "--python=", "good.tracer"], "--python : no such interpreter"),
        (["record", "--output=", "good.tracer"], "cannot record to .: Is a directory"),
        (["record", "-o", "-m", "http.server"], "argument -o/--output: expected one argument"),
        (["record", "--out", "x.tracer", "good.tracer"], "--out is not understood (see tracer record --help)"),
        (["record", "--py=python3", "good.tracer"], "--py=python3 is not understood (see tracer record --help)"),
        (["record", "--limit=0", "good.tracer"], "'0' is no size"),
        (["record", "-"], "-: no such file"),
        (["record", "--", "no-such.py"], "no-such.py: no such file"),
        (["run"], "name a program to run"),
        (["run", "no-such.py"], "no-such.py: no such file"),
        (["run", "good.tracer", "a b"], "this needs a terminal; without one: tracer record good.tracer 'a b'"),
        (["show", "--stat", "good.tracer"], "--stat is not understood (see tracer show --help)"),
        (["show"], "the following arguments are required: FILE"),
        (["show", "no-such.tracer"], "no-such.tracer: no such file"),
        (["show", "."], ". is a directory"),
        (["show", "empty.tracer"], "empty.tracer is empty"),
        (["show", "random.tracer"], "random.tracer is not a recording"),
        (["show", "newer.tracer"], "was written by a newer tracer (format 99)"),
        (["show", "newer.tracer", "--json"], "--json goes with --events or --stats"),
        (["show", "newer.tracer", "--follow", "--stats"], "--follow prints the call trees"),
        (["open", "random.tracer"], "random.tracer is not a recording"),
        (["open", "good.tracer"], "this needs a terminal; for text: tracer show good.tracer"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(words, said, tmp_path):
    """It names what is wrong (and mostly the cure) on standard error; no traceback, nothing on standard output."""
    (tmp_path / "empty.tracer").touch()
    (tmp_path / "random.tracer").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "good.tracer").write_bytes(fact(0, type="header", version=1))
    (tmp_path / "newer.tracer").write_bytes(fact(0, type="header", version=99))
    done = tracer(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert said in done.stderr


@pytest.mark.parametrize(
    ("words", "said", "pointed"),
    [
        (
            ["record", "--hold", "before handel", "server.py"],
            "there is no hook 'handel'; did you mean handle?",
            "before handel\n       ^",
        ),
        (
            ["record", "--hold=handle &", "server.py"],
            "a hook or a key should stand here, such as handle or peer:53122",
            "handle &\n        ^",
        ),
        (["record", "--hold", "handle", "--hold", "peer:x)", "server.py"], "this ')' closes nothing", "peer:x)\n      ^"),
        (
            ["record", "--hook", "shop:Cart.add", "--hold", "before Cart.ad", "server.py"],
            "there is no hook 'Cart.ad'; did you mean Cart.add?",
            "before Cart.ad\n       ^",
        ),
        (
            ["demo", "tcp", "--hold", "Cart.add"],
            "there is no hook 'Cart.add'; hooks are handle, get_request, select and so on",
            "Cart.add\n^",
        ),
        (
            ["record", "--hold", "before handle & raised", "server.py"],
            "no call can ever be that (how one ends is known only after it)",
            "before handle & raised\n^",
        ),
    ],
)
def test_a_mistake_in_a_hold_is_pointed_at(words, said, pointed, tmp_path):
    """Before anything starts."""
    (tmp_path / "server.py").write_text("print('started')")
    done = tracer(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"tracer: --hold: {said}\n{pointed}\n"
    assert [one.name for one in tmp_path.iterdir()] == ["server.py"]


def test_help_teaches(tmp_path):
    """No command at all is a question, too."""
    for words in ([], ["--help"]):
        done = tracer(*words, cwd=tmp_path)
        assert done.returncode == 0
        assert "tracer run -m http.server 8000" in done.stdout
    for command in ("run", "record"):
        done = tracer(command, "--help", cwd=tmp_path)
        assert f"tracer {command} --hook shop.web:Handler.reply server.py" in done.stdout
        assert f"tracer {command} --hold 'before handle' server.py" in done.stdout
    assert tracer("demo", "--list", cwd=tmp_path).stdout.startswith("tcp ")


def test_ascii_is_enough(recording):
    """What has no letter there is spelled out."""
    assert "[--limit MB] SCRIPT ARGS\\u2026" in tracer("run", "--help", PYTHONIOENCODING="ascii").stdout
    assert "\\xb5s" in tracer("show", recording, PYTHONIOENCODING="ascii").stdout


def test_no_standard_input_is_no_terminal(tmp_path):
    """Where it was closed when the command began."""
    (tmp_path / "plain.py").touch()
    command = f"exec {sys.executable} -m tracer run plain.py <&-"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path, env=env)
    assert (done.returncode, done.stderr) == (2, "tracer: this needs a terminal; without one: tracer record plain.py\n")


@pytest.mark.parametrize(
    "words",
    [
        ["-o", "run.tracer", "--limit", "1", "--python", sys.executable, "--hook", "a:B.c", "words.py"],
        ["-orun.tracer", "--limit=1", f"--python={sys.executable}", "--hook=a:B.c", "words.py"],
        ["--output=run.tracer", "--", "words.py"],
        ["--hold", "before handle", "--hold=after B.c", "--hook", "a:B.c", "-o", "run.tracer", "words.py"],
        ["--output", "run.tracer", "-m", "words"],
        ["-o=run.tracer", "-mwords"],
        ["-orun.tracer", "--", "-mwords"],
    ],
)
def test_our_words_and_the_programs(words, tmp_path):
    """Ours end where the program's name stands, however they are written; what looks like ours behind it is the program's."""
    (tmp_path / "words.py").write_text("import socketserver, sys; print(*sys.argv[1:])")
    recorded = tracer("record", *words, "-o", "x", "--limit=2", "-mit", "--", "--help", cwd=tmp_path)
    assert (recorded.returncode, recorded.stdout) == (0, "-o x --limit=2 -mit -- --help\n")
    assert recorded.stderr.startswith("tracer: recorded; to see it: tracer open run.tracer\n")


SHOP = """
from socketserver import StreamRequestHandler

class Cart(StreamRequestHandler):
    size = property(len)
    def add(self):
        pass
"""
WANTED = ("shop:Cart.add", "shop:Basket.add", "shop:Cart.remove", "shop:Cart.size", "store:Cart.add", "__main__:Till.open")
OF_SHOP = [
    "--hook shop:Basket.add was not found: module shop has no class Basket",
    "--hook shop:Cart.remove was not found: class Cart has no method remove",
    "--hook shop:Cart.size was not found: Cart.size is no plain function, class method or static method",
    "--hook store:Cart.add was not looked for: its module was not imported (a script's module is __main__)",
]


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import json", [f"--hook {name} was not looked for: nothing was recorded" for name in WANTED]),
        (
            "import shop",
            [
                *OF_SHOP,
                "--hook __main__:Till.open was not looked for: no server was built, which is when the script's own are looked for",
            ],
        ),
        (
            "import shop, socketserver; socketserver.TCPServer(('127.0.0.1', 0), shop.Cart).server_close()",
            [*OF_SHOP, "--hook __main__:Till.open was not found: module __main__ has no class Till"],
        ),
    ],
)
def test_what_became_of_each_hook_that_was_named(program, said, tmp_path):
    """One line for each that was not found, with the reason; what was found needs no word."""
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "till.py").write_text(program)
    recorded = tracer("record", *(f"--hook={name}" for name in WANTED), "till.py", cwd=tmp_path)
    assert recorded.returncode == 0
    lines = [line.removeprefix("tracer: ") for line in recorded.stderr.splitlines()]
    assert [line for line in lines if line.startswith("--hook")] == said


def test_the_call_trees(recording):
    """One thread's part of it, line by line: the context, its calls, the connection, the class that supplied each."""
    shown = tracer("show", recording)
    assert (shown.returncode, shown.stderr) == (0, "")
    lines = [re.sub(r"^\S+ +|(?<=#1)  +[\d.]+ [µnm]?s|:\d+", "", line) for line in shown.stdout.splitlines()]
    thread = [re.sub(r" +", " ", line[8:]).strip() for line in lines if line.startswith("T2 ")]
    assert thread == [
        "Thread.run #1 Thread",
        "process_request_thread #1 ThreadingMixIn",
        "finish_request #1 BaseServer",
        "setup #1 StreamRequestHandler",
        "handle #1 Echo",
        "finish #1 StreamRequestHandler",
        "shutdown_request #1 TCPServer",
        "close_request #1 TCPServer",
    ]
    assert sum("get_request  127.0.0.1" in line for line in lines) == 3


def test_following_a_finished_recording_shows_all_calls_and_ends(recording):
    """Calls come in the order of time, a call that lasted has a line for its end, and idling is left out."""
    shown = tracer("show", recording, "--follow")
    assert shown.returncode == 0
    names = re.findall(r"^\S+ +\S+ +((?:end of )?[\w.]+)", shown.stdout, re.MULTILINE)
    assert names.count("handle") == 3
    assert {"serve_forever", "select", "Thread.start", "close_request", "server_close"} <= set(names)
    assert names.count("select") == 3  # those that found a client


def test_counts_for_programs(recording):
    """The object that other programs rely on."""
    found = json.loads(tracer("show", recording, "--stats", "--json").stdout)
    assert set(found) == {
        "version", "python", "events", "lost", "damaged", "spans", "open_spans", "connections", "holds", "held", "slowed",
        "unasked", "hooks", "steps", "contexts", "servers",
    }  # fmt: skip
    assert (found["version"], found["connections"], found["lost"], found["damaged"], found["open_spans"]) == (1, 3, 0, 0, 0)
    assert found["hooks"]["handle"] == {"calls": 3, "returns": 3, "raises": 0}
    assert [context["end"] for context in found["contexts"] if context["kind"] == "thread"].count("returned") == 3
    assert found["contexts"][0] | {"id": 0, "pid": 0, "started": 0, "ended": 0} == {
        "id": 0, "pid": 0, "name": "", "kind": "process", "cause": "start", "parent": None, "started": 0, "ended": 0,
        "end": "exited", "status": 0, "signal": None,
    }  # fmt: skip
    server = found["servers"][0]
    assert (server["class"], server["settings"]["daemon_threads"]) == ("ThreadingTCPServer", False)
    assert server["mro"][0] == "socketserver.ThreadingTCPServer"


def test_events_for_programs(recording):
    """One object a line; times count from the recording's start and never go back."""
    found = [json.loads(line) for line in tracer("show", recording, "--events", "--json").stdout.splitlines()]
    assert all({"t", "context", "pid", "kind", "hook", "owner", "server", "connection", "depth"} <= set(event) for event in found)
    assert [event["t"] for event in found] == sorted(event["t"] for event in found)
    peers = [event["peer"] for event in found if event["hook"] == "get_request" and event["kind"] == "return"]
    assert len(peers) == 3
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+", peer) for peer in peers)
    assert {event["kind"] for event in found} == {"begin", "enter", "return", "end", "sample"}


def test_following_a_recording_whose_supervisor_is_gone_ends(tmp_path):
    """Nobody is left who could end it: that is said, and the command ends."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    header = fact(0, type="header", version=1, supervisor={"pid": gone.pid, "born": 1}, monotonic_ns=0)
    (tmp_path / "run.tracer").write_bytes(header)
    shown = tracer("show", "run.tracer", "--follow", cwd=tmp_path)
    assert (shown.returncode, shown.stdout) == (0, "! no end was recorded: the supervisor of this run is gone\n")


def test_only_the_newest_recordings_stay(tmp_path):
    """Twenty of programs, and demos apart; a run that is still going on is never touched."""
    folder = tmp_path / "tracer" / "recordings"
    folder.mkdir(parents=True)
    for number in range(25):
        for name in ("demo-tcp", "server"):
            path = folder / f"{name}-20260101-000000-{2**22 + number}.tracer"
            path.touch()
            os.utime(path, (number, number))
    (running := folder / f"server-20250101-000000-{os.getpid()}.tracer").touch()
    os.utime(running, (0, 0))
    (tmp_path / "plain.py").write_text("import socketserver")
    recorded = tracer("record", "plain.py", cwd=tmp_path)
    assert recorded.stderr.startswith("tracer: recorded; to see it: tracer open ")
    assert len(list(folder.glob("server-*"))) == 19 + 1
    assert len(list(folder.glob("plain-*"))) == 1
    assert len(list(folder.glob("demo-*"))) == 25
    assert running.exists()


def test_a_program_without_a_server_leaves_no_recording(tmp_path):
    """It is said, and no file is left where nobody named one."""
    (tmp_path / "plain.py").write_text("print('hello')")
    recorded = tracer("record", "plain.py", cwd=tmp_path)
    assert (recorded.returncode, recorded.stdout) == (0, "hello\n")
    assert recorded.stderr == "tracer: nothing recorded: this program never imported socketserver (one Python process ran)\n"
    assert not list((tmp_path / "tracer" / "recordings").iterdir())


@pytest.mark.parametrize(("end", "status"), [("sys.exit(7)", 7), ("os.kill(os.getpid(), 15)", 143), ("os.kill(os.getpid(), 9)", 137)])
def test_the_exit_status_is_the_programs(end, status, tmp_path):
    """As a shell has it where a signal ended the program; the tracer itself is not ended by that signal."""
    (tmp_path / "plain.py").write_text(f"import os, sys\n{end}")
    assert tracer("record", "plain.py", cwd=tmp_path).returncode == status


@pytest.mark.parametrize("options", ["-I", "-E", "-S", "-u -IS"])
def test_an_interpreter_that_ignores_the_probe_is_refused(options, tmp_path):
    """A wrapper that adds such an option is asked before anything is recorded."""
    wrapper = tmp_path / "python"
    wrapper.write_text(f'#!/bin/sh\nexec {sys.executable} {options} "$@"\n')
    wrapper.chmod(0o755)
    (tmp_path / "plain.py").write_text("print('hello')")
    recorded = tracer("record", "-o", "run.tracer", "--python", "./python", "plain.py", cwd=tmp_path)
    assert (recorded.returncode, recorded.stdout) == (2, "")
    cause = options.removeprefix("-u ")[:2]
    ignored = "makes Python ignore what the probe comes by (PYTHONPATH and sitecustomize)"
    assert recorded.stderr == f"tracer: --python ./python: it adds {cause}, which {ignored}\n"
    assert not (tmp_path / "run.tracer").exists()


def test_an_interpreter_without_the_environment_is_refused(tmp_path):
    """The other way to lose the probe."""
    wrapper = tmp_path / "python"
    wrapper.write_text(f'#!/bin/sh\nunset PYTHONPATH\nexec {sys.executable} "$@"\n')
    wrapper.chmod(0o755)
    recorded = tracer("record", "--python", "./python", "python", cwd=tmp_path)
    assert recorded.returncode == 2
    assert recorded.stderr == "tracer: --python ./python: it does not pass PYTHONPATH on, by which the probe comes\n"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("cpython 3 10 000 1", "Python 3.10"),
        ("pypy 3 11 000 1", "pypy 3.11"),
        ("cpython 2 7 000 0", "Python 2.7"),
        ("cpython 3 14 000 1", "Python 3.14"),
    ],
)
def test_another_python_is_refused(answer, said, tmp_path):
    """It is asked, whatever its name is."""
    wrapper = tmp_path / "python3.11"
    wrapper.write_text(f"#!/bin/sh\necho {answer}\n")
    wrapper.chmod(0o755)
    recorded = tracer("record", "--python", wrapper, "python3.11", cwd=tmp_path)
    assert recorded.returncode == 2
    assert recorded.stderr == f"tracer: --python {wrapper}: that is {said}; CPython 3.11, 3.12 and 3.13 can be traced\n"


def test_a_named_interpreter_runs_the_program(tmp_path):
    """Under the name that was given, so that it finds its own environment; a bare name is looked up as a shell does."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "snake").symlink_to(sys.executable)
    (tmp_path / "plain.py").write_text("import socketserver, sys; print(sys.executable)")
    expected = f"{tmp_path}/bin/snake\n"
    assert tracer("record", "--python", "bin/snake", "plain.py", cwd=tmp_path).stdout == expected
    path = f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}"
    assert tracer("record", "--python", "snake", "plain.py", cwd=tmp_path, PATH=path).stdout == expected


HOSTILE = """
import os, socket, threading
from socketserver import BaseRequestHandler, UnixDatagramServer

class Evil(BaseRequestHandler):
    def handle(self):
        raise ValueError("\\x1b[31mred\\x1b]0;title\\x07 [bold]markup[/bold] \\u202egnp.exe\\nsecond line\\r\\x9b2J")

class Server(UnixDatagramServer):
    def handle_error(self, request, client_address):
        pass

with Server("se\\x1b[2Jrver", Evil) as server, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
    client.bind("cli\\x1b[5m\\nent")
    client.sendto(b"x", "se\\x1b[2Jrver")
    server.handle_request()
"""


@pytest.mark.parametrize("form", [[], ["--follow"], ["--events"], ["--stats"]])
def test_text_from_a_peer_cannot_reach_the_terminal(form, tmp_path):
    """Exception messages and addresses are shown with their control characters spelled out, one line a call."""
    (tmp_path / "evil.py").write_text(HOSTILE)
    recorded = tracer("record", "-o", "evil.tracer", "evil.py", cwd=tmp_path)
    assert recorded.returncode == 0, recorded.stderr
    shown = tracer("show", "evil.tracer", *form, cwd=tmp_path).stdout
    assert ("\\x1b[5m" if form == ["--events"] else "\\x1b[2Jrver") in shown
    assert ("\\x1b[31mred" in shown) == (form != ["--stats"])
    assert not [char for char in shown if char != "\n" and (ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or char in "\u202e\u2028")]


def test_a_reader_that_leaves_early_is_no_error(recording):
    """`tracer show FILE | head -1`."""
    shell = f"{sys.executable} -m tracer show --events {recording} | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", shell],
        capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1


def test_a_demo_without_a_screen_prints_calls_until_it_is_interrupted(tmp_path):
    """Clients come by themselves; Ctrl-C ends the server, its children and the recording, and nothing is left."""
    demo = subprocess.Popen(
        [sys.executable, "-m", "tracer", "demo", "forking"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(tmp_path)},
    )  # fmt: skip
    assert demo.stdout is not None
    for line in demo.stdout:
        if "_exit" in line:
            break
    demo.send_signal(signal.SIGINT)
    _, errors = demo.communicate(timeout=40)
    assert demo.returncode == 0, errors
    path = Path(errors.splitlines()[-1].removeprefix("tracer: recorded; to see it: tracer show "))
    assert path.parent == tmp_path / "tracer" / "recordings"
    found = json.loads(tracer("show", path, "--stats", "--json").stdout)
    assert {context["end"] for context in found["contexts"] if context["kind"] != "client"} == {"exited"}
    assert found["servers"][0]["class"] == "EchoServer"
