"""Lessons as plain text: a whole play with its answers on standard input, what a stop looks like, and who types nothing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.probe.kit import environment
from tracer.lesson.facts import Facts
from tracer.lesson.prose import read
from tracer.lesson.truths import Stop
from tracer.lesson.wrap import cells
from tracer.text.prose import lines, prose
from tracer.text.stop import MOST, Shown
from tracer.timeline.filter import parse
from tracer.timeline.load import load

WAITING = Path(__file__).parents[1] / "lesson" / "waiting"
RECORDINGS = Path(__file__).parents[1] / "recordings"


def learn(folder, *words, typed=None, **more):
    """Play a lesson as text, with that on standard input: its status, what it printed, and its complaints."""
    done = subprocess.run(
        [sys.executable, "-m", "tracer", "learn", str(WAITING), "--text", *words],
        input=typed, stdin=subprocess.DEVNULL if typed is None else None, capture_output=True, text=True, timeout=100, check=False,
        env=environment(**{"XDG_STATE_HOME": str(folder), "COLUMNS": "80", "EDITOR": "true", **more}),
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


_MASKS = (
    (r"\d\d:\d\d\.\d{3}", "TIME"),
    (r"127\.0\.0\.1:\d+", "ADDRESS"),
    (r"\d[\d.]* (ns|µs|ms|s)\b", "A-WHILE"),
    (r"\.py:\d+", ".py:LINE"),
    (r"-\d{8}-\d{6}-\d+\.tracer", ".tracer"),
)
_RACES = re.compile(r"  TIME  (C\d|main +select)| {10}.*socket$")  # how far clients are, and how often the loop has turned


def masked(text, folder):
    """A play without what is another each time."""
    text = text.replace(str(folder), "STATE")
    for pattern, name in _MASKS:
        text = re.sub(pattern, name, text)
    return "\n".join(line for line in text.split("\n") if not _RACES.match(line))


WHOLE = """\
Three steps (5 min)

After this lesson you can:
- say who waits for a server of one thread

A server of one thread, and clients that wait for it.

Step 1 of 3: A client is held

The first client has come. `get_request` has returned, and:

- the connection has the number 1;
- nobody has read a line from it.

Calls (> is where the step stops):
  TIME  main    __init__  A-WHILE  TCPServer
  TIME  main      __init__  A-WHILE  ↑ BaseServer
  TIME  main      server_bind  A-WHILE  TCPServer
  TIME  main      server_activate  A-WHILE  TCPServer
  TIME  main    serve_forever  ADDRESS  ▸  BaseServer
  TIME  main      fileno  A-WHILE  TCPServer
  TIME  main      _handle_request_noblock  #1  ▶  BaseServer
> TIME  main        get_request  ADDRESS  #1  A-WHILE  TCPServer

Connections:
  #1 ADDRESS open, in _handle_request_noblock (main)

Question: Which hook is entered next?
  1  get_request
  2  verify_request
  3  process_request
  4  handle
Your answer, 1 to 4 (or s, b, q, ?): 2
Right.
What decides: TIME main enters verify_request
  socketserver/base.py:LINE  if not self.verify_request(request, client_address):

Each request is verified before anything is done with it.

Question: Which class supplies server_bind?
  1  BaseServer
  2  Echo
  3  Server
  4  TCPServer
Your answer, 1 to 4 (or s, b, q, ?): Echo
Not so: TCPServer.
What decides: TIME main enters server_bind
  socketserver/stream.py:LINE  self.server_bind()

    class Server(TCPServer):
        request_queue_size = 2

The class of the program does not say, so its base does.

Step 2 of 3: Two clients wait

The only thread is held before `handle`. Two more clients have come.

Calls:
  TIME  main    verify_request  True  #1  A-WHILE  BaseServer
  TIME  main    process_request  held A-WHILE  #1  ▸  BaseServer
  TIME  main      finish_request  held A-WHILE  #1  ▸  BaseServer
  TIME  main        setup  #1  A-WHILE  StreamRequestHandler
  TIME  main        handle  held before it for A-WHILE  #1  ▶  Echo

Queue:
  TIME 2 waiting, limit 2 + 1

Question: How many wait in the accept queue?
Your answer, a number (or s, b, q, ?): two
That is no whole number.
Your answer, a number (or s, b, q, ?): 3
Not so: 2.
What decides: TIME C3 leaves connect

The kernel has connected them, and nobody has accepted them.

Question: Everybody is released now. How many connections will the server have
taken?
Your answer, a number (or s, b, q, ?): 3
Right.
What decides: TIME main leaves get_request
  socketserver/base.py:LINE  request, client_address = self.get_request()

Step 3 of 3: The first one was served

`handle` has returned.

Calls (> is where the step stops):
> TIME  main    handle  held A-WHILE  #1  A-WHILE  Echo

Source:
  called from handlers.py:LINE  self.handle()
  server.py:
     7      def handle(self) -> None:
     8          line = self.rfile.readline()
     9          self.wfile.write(line)

Question: Which of these came first?
  1  the beginning of close_request
  2  the end of finish
Your answer, 1 to 2 (or s, b, q, ?): s
Skipped. The answer: the end of finish.
What decides: TIME main leaves finish
  socketserver/handlers.py:LINE  self.finish()

A handler finishes before its connection is closed.

Question: Where does handle run?
  1  in the main thread
  2  in another thread
  3  in a child process
Your answer, 1 to 3 (or s, b, q, ?): 1
Right.
What decides: TIME main enters handle
  socketserver/handlers.py:LINE  self.handle()

This was the last step.

Experiments: change the server, predict what it will do, and see.
  1  A longer queue
  2  Your own server
Which one, 1 to 2 (Enter: none): 3
That is no answer here: a number from 1 to 2 is.
Which one, 1 to 2 (Enter: none): 1

A longer queue

Five clients come one after the other, and the first one is held. How many wait
in the queue?

In the lesson's server.py request_queue_size is 2.
  1  1
  2  5
Change it to, 1 to 2 (Enter: leave it): 1
Your prediction (or s): 1
The server runs as it was, and as you want it: a few seconds.
request_queue_size = 1
before: 3, after: 2
Not so. You predicted: 1.
Queue (before):
  TIME 3 waiting, limit 2 + 1
Queue (after):
  TIME 2 waiting, limit 1 + 1
To see both runs:
  tracer show STATE/tracer/recordings/learn-waiting-longer-before.tracer
  tracer show STATE/tracer/recordings/learn-waiting-longer-try1.tracer

Experiments: change the server, predict what it will do, and see.
  1  A longer queue
  2  Your own server
Which one, 1 to 2 (Enter: none): \n"""


def test_a_whole_lesson(tmp_path):
    """Every question is asked, answered by the run, and explained; an experiment is made; the recording stays."""
    status, printed, said = learn(tmp_path, "--lang", "en", typed="2\nEcho\ntwo\n3\n3\ns\n1\n3\n1\n1\n1\n")
    assert masked(printed, tmp_path) == WHOLE
    assert (status, masked(said, tmp_path)) == (
        0,
        "tracer: recorded; to see it: tracer show STATE/tracer/recordings/learn-waiting.tracer\n",
    )


ANSWERS = """\
问题：接下来进入哪个钩子？
  1  get_request
  2  verify_request
  3  process_request
  4  handle
请回答，1 到 4（或 s、b、q、?）：
已跳过。答案：verify_request。
依据：TIME main 进入 verify_request
  socketserver/base.py:LINE  if not self.verify_request(request, client_address):

每个请求都先经过检查，然后才处理。

问题：server_bind 由哪个类提供？"""


def test_who_types_nothing_is_told_everything(tmp_path):
    """Each question is skipped and answered, no experiment is made, and the lesson is done: here by the locale in Chinese."""
    status, printed, _ = learn(tmp_path, LC_ALL="zh_CN.UTF-8")
    found = masked(printed, tmp_path)
    assert status == 0
    assert ANSWERS in found
    assert found.count("已跳过。答案：") == 6
    assert found.endswith("\n  1  更长的队列\n  2  你自己的服务器\n做哪一个，1 到 2（按回车：不做）：\n")
    assert max(map(cells, printed.splitlines())) <= 80
    assert "\x1b" not in printed


def test_back_help_and_leaving(tmp_path):
    """The step before is read again, with what was answered there. Whoever leaves comes back to that step, or begins anew."""
    status, printed, said = learn(tmp_path, "--lang", "en", typed="b\n1\n4\nb\n?\nq\n")
    found = masked(printed, tmp_path)
    assert status == 0
    assert [line for line in found.splitlines() if line.startswith(("Step", "Your answer:"))] == [
        "Step 1 of 3: A client is held",
        "Step 1 of 3: A client is held",
        "Step 2 of 3: Two clients wait",
        "Step 1 of 3: A client is held",
        "Your answer: get_request.",
        "Your answer: TCPServer.",
        "Step 2 of 3: Two clients wait",
    ]
    assert "(or s, b, q, ?): ?\ns: skip the question and be told the answer." in found
    assert said.endswith(f"tracer: to go on with this lesson: tracer learn {WAITING}\n")
    _, printed, said = learn(tmp_path, "--lang", "en", typed="q\n")
    assert printed.startswith("You were at step 2: coming there.\n\nStep 2 of 3: Two clients wait\n")
    _, printed, said = learn(tmp_path, "--lang", "en", "--restart", typed="q\n")
    assert printed.startswith("Three steps (5 min)\n")


def stop(recording, filter_="", place=-1):
    """The timeline of a recording, and the call in it that matches, the last if there are more; without a filter, its end."""
    timeline, _ = load(RECORDINGS / f"{recording}.tracer")
    if not filter_:
        return timeline, Stop(timeline.newest)
    found = Facts(timeline).found(parse(filter_))[place]
    return timeline, Stop(found.t, found.place)


def test_calls_up_to_a_stop():
    """What began or ended since the stop before; who is inside of whom shows, and where the step stands."""
    timeline, here = stop("forking", "after process_request", 0)
    found = Shown(timeline, here, "en").calls(stop("forking", "before get_request", 0)[1].t, 70)
    assert found == [
        "  00:00.161  main    get_request  127.0.0.1:44768  #1  73.5 µs  TCPServer",
        "  00:00.161  main    verify_request  True  #1  1.93 µs  BaseServer",
        "> 00:00.161  main    process_request  believes 1 child  #1  1.25 ms  ForkingMixIn",
        "  00:00.161  main      fork  → P10171  #1  1.04 ms  os",
        "  00:00.162  main      close_request  #1  61.0 µs  TCPServer",
    ]
    wide = Shown(timeline, here, "en").calls(stop("forking", "before get_request", 0)[1].t, 130)
    assert wide[2].split() == found[2].split()
    assert (
        len(
            {
                line.index(words)
                for line, words in zip(wide, ("TCPServer", "BaseServer", "ForkingMixIn", "os", "TCPServer"), strict=True)
            }
        )
        == 1
    )


@pytest.mark.parametrize(
    ("recording", "filter_", "place", "above", "below", "line"),
    [
        ("forking", "before get_request", 0, 0, 104, "> 00:00.161  main        get_request  127.0.0.1:44768  #1  73.5 µs  TCPServer"),
        ("forking", "after get_request", 3, 61, 43, "> 00:00.282  main      get_request  127.0.0.1:44794  #4  130 µs  TCPServer"),
        ("refusing", "before server_close", -1, 37, 0, "> 00:00.686  main    server_close  87.0 µs  TCPServer"),
    ],
)
def test_of_many_calls_those_around_the_stop(recording, filter_, place, above, below, line):
    """As many as can be read at once; it is said how many are left out before and behind them."""
    timeline, here = stop(recording, filter_, place)
    found = Shown(timeline, Stop(timeline.newest, here.place), "en").calls(-1, 80)
    left_out = [(f"  ({count} lines left out)", count) for count in (above, below)]
    assert found[0] == left_out[0][0] or not above
    assert found[-1] == left_out[1][0] or not below
    assert len(found) == MOST + bool(above) + bool(below)
    assert [one for one in found if one.startswith(">")] == [line]


WAITS = (
    "main is in recv on connection #2 (127.0.0.1:49038), in EchoHandler.handle, 4 s, 0 bytes waiting; "
    "6 clients wait in the accept queue; only that client can end it"
)


@pytest.mark.parametrize(
    ("recording", "filter_", "look", "shown"),
    [
        ("forking", "", "calls", []),
        ("forking", "", "timeline", []),
        ("forking", "before serve_forever", "held", ["none"]),
        ("stuck", "", "queue", ["00:04.802 6 waiting, limit 5 + 1"]),
        (
            "several", "before handle", "queue",
            [f"{name}Server: 00:00.197 0 waiting, limit 5 + 1" for name in ("Echo", "Page", "Spare")],
        ),
        ("udp", "before handle", "queue", ["00:00.113 0 bytes wait to be received"]),
        (
            "unix-datagram", "before handle", "queue",
            ["00:00.239 n/a (of a Unix datagram socket only the next datagram's size is shown)"],
        ),
        ("stuck", "", "waiting", [WAITS]),
        ("held", "before handle", "held", ["T1 #1 held before handle", "#1 127.0.0.1:55030 has no reply yet"]),
        ("held", "before handle", "threads", ["main #2 in Thread.start", "T1 #1 held before handle", "T2 #2 in handle"]),
        (
            "forking-zombies", "before get_request", "children",
            ["00:00.200 the server believes 1, the kernel says 1", "P10171 #1 zombie", "P10176 #2 in handle", "P10177 #3 running"],
        ),
        (
            "failing", "before get_request", "connections",
            ["#1 127.0.0.1:41508 closed", "#2 127.0.0.1:41512 closed", "#3 127.0.0.1:41516 failed ZeroDivisionError"],
        ),
        (
            "threading", "before handle", "connections",
            ["#1 127.0.0.1:56798 open, in handle (T1)", "#2 127.0.0.1:56812 closed", "#3 127.0.0.1:56818 open, in handle (T3)"],
        ),
        ("forking", "before handle", "output", ["forking: listening on 127.0.0.1:60167"]),
    ],
)  # fmt: skip
def test_what_a_panel_shows(recording, filter_, look, shown):
    timeline, here = stop(recording, filter_)
    assert Shown(timeline, here, "en").panel(look) == shown


def test_the_call_itself():
    """Its source, and what is known of it. Who calls it this recording does not tell."""
    timeline, here = stop("failing", "before handle")
    assert Shown(timeline, here, "en").panel("source") == [
        "failing.py:",
        "  16      def handle(self) -> None:",
        "  17          self.server.clients += 1",
        "  18          while line := self.rfile.readline():",
        "  19              1 / (self.server.clients % 3)",
        "  20              self.wfile.write(line)",
    ]
    assert Shown(timeline, here, "en").panel("inspector")[:2] == [
        "handle FailingHandler",
        "called when: the handler is set up: it serves the whole connection. Its return ends the connection",
    ]


PAGE = """\
# Title

First `code`, then **strong** words, which
go on.

- an item that is so long that it needs another line
- another

```
a = 1

b = 2
```
"""


def test_prose():
    """Broken at the width, code as it is; code in a line keeps its marks, as it has no look of its own."""
    assert list(prose(read(PAGE).intro, 40)) == [
        "",
        "First `code`, then strong words, which",
        "go on.",
        "",
        "- an item that is so long that it needs",
        "  another line",
        "- another",
        "",
        "    a = 1",
        "",
        "    b = 2",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [""]),
        ("  one two", ["  one two"]),
        ("  one two three four", ["  one two", "    three", "    four"]),
        ("一二三四五六七八", ["一二三四五", "  六七八"]),
    ],
)
def test_lines(text, found):
    """As far from the left as the text is, and the others a little further."""
    assert lines(text, 11, 2) == found
