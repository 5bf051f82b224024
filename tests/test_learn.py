"""`tracer learn` as a person types it: lists, mistakes, coming back, experiments, and how it ends."""

import os
import re
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.probe.kit import environment, until
from tests.terminal import AtTerminal, Tmux, has_ended
from tests.test_cli import tracer
from tracer.learn import key_of
from tracer.lesson.format import load
from tracer.lesson.overview import Entry
from tracer.lesson.progress import Given, Progress
from tracer.lesson.syllabus import find, lessons_folder, names
from tracer.text.lessons import lesson_lines

WAITING = Path(__file__).parent / "lesson" / "waiting"


@pytest.fixture
def copied(tmp_path):
    """A copy of a lesson, to be broken."""
    return shutil.copytree(WAITING, tmp_path / "my lesson")


def change(file, old, new):
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


def typing(folder, *words, **more):
    """The command that plays a lesson as text, to type to."""
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-m", "tracer", "learn", *map(str, words), "--lang", "en", "--text"],
        stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment(XDG_STATE_HOME=str(folder), **more),
    )  # fmt: skip


def play(folder, *words, typed="", **more):
    """Play a lesson as text, and type that: its status, what it printed, and its complaints."""
    with typing(folder, *words, **more) as process:
        printed, said = process.communicate(typed, timeout=100)
    return process.returncode, printed, said


# ---- lists


def test_the_list_of_lessons(tmp_path):
    """One a line, in order, with its length and title; in the language that is wanted, and what the student has done."""
    first, second, *_ = names()
    folder = tmp_path / "tracer" / "learn"
    Progress(first, folder).finish()
    lesson = load(find(first))
    one, other, *_ = ((step.id, question.id) for step in lesson.steps for question in step.questions)
    Progress(first, folder).answer(*one, Given("x", True))
    Progress(first, folder).answer(*other, Given("x", False))
    Progress(first, folder).answer("an older step", "of it", Given("x", True))
    for step in (load(find(second)).steps[0].id, "an older step"):
        Progress(second, folder).at(step)
    done = tracer("learn", "--list", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == names()
    assert re.fullmatch(rf"{first} +10 min  One request, hook by hook · done, 1 of 2 right", lines[0])
    assert re.fullmatch(rf"{second} +\d+ min  .* · step 1 of \d+ · after .*", lines[1])
    assert tracer("learn", cwd=tmp_path).stdout == done.stdout, "without a terminal there is nothing to choose on"
    chinese = tracer("learn", "--list", cwd=tmp_path, LC_ALL="zh_CN.UTF-8").stdout.splitlines()
    assert re.fullmatch(rf"{first} +10 分钟  一次请求，逐个钩子 · 已学完，2 题对 1 题", chinese[0])


def test_lines_of_a_list():
    """Titles stand below each other, whatever the letters before them; a lesson that cannot be played is named, too."""
    entries = [
        Entry("01-one", "5 min", "One", "done", ""),
        Entry("02-another", "15 min", "Another", "", "after 01-one"),
        Entry("03-x", "", "cannot be played", "", ""),
    ]
    assert list(lesson_lines(entries)) == [
        "01-one       5 min  One · done",
        "02-another  15 min  Another · after 01-one",
        "03-x                cannot be played",
    ]


def test_what_is_kept_under_which_name(tmp_path):
    """A lesson that is shipped is known by its name, also by its path; any other by its path."""
    assert key_of(lessons_folder() / "01-one-request") == "01-one-request"
    assert key_of(tmp_path / "x" / ".." / "01-one-request") == str(tmp_path / "01-one-request")


# ---- mistakes


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["one-reqest"], "there is no lesson 'one-reqest': did you mean 01-one-request"),
        (["--check", "no-such"], "there is no lesson 'no-such': "),
        (["--restart"], "--restart forgets what you did in one lesson: name it"),
        (["01", "--lang", "de"], "argument --lang: invalid choice: 'de'"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(words, said, tmp_path):
    done = tracer("learn", *words, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert said in done.stderr


def test_a_broken_lesson(copied, tmp_path):
    """All that is wrong with it is said, each with its file and line; nothing is begun."""
    change(copied / "lesson.toml", "minutes = 5", "minutes = 500")
    (copied / "lesson.zh.md").unlink()
    done = tracer("learn", copied, cwd=tmp_path)
    problems = [
        f"{copied}/lesson.toml:1: minutes is a whole number from 1 to 240: write minutes = 10",
        f"{copied}/lesson.zh.md:1: lesson.zh.md is missing: every lesson is in en and zh",
    ]
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == ["tracer: my lesson cannot be played:", *problems]
    checked = tracer("learn", "--check", copied, cwd=tmp_path)
    assert (checked.returncode, checked.stdout.splitlines(), checked.stderr) == (1, problems, "")
    assert not (tmp_path / "tracer").exists()


def test_a_check_that_fails(copied, tmp_path):
    """The lesson is played as far as it goes; the status says that it is not whole."""
    change(copied / "lesson.toml", 'check = ["connections = 1"]', 'check = ["connections = 2"]')
    checked = tracer("learn", "--check", copied, cwd=tmp_path)
    assert (checked.returncode, checked.stderr) == (1, "")
    assert re.sub(r"\d+\.\d s|(?<=queue is )\d", "…", checked.stdout).splitlines() == [
        "step held: …",
        f"{copied}/lesson.toml:13: step held: connections = 2 is not so: it is 1",
        "steps waiting, closed were not played",
        "experiment longer: unchanged: queue is …",
        "experiment longer was not played with 1, 5",
        "experiment own: unchanged: outcome(before handle) is returned",
        "my lesson: 1 problem",
    ]


def test_a_server_that_does_not_start(copied, tmp_path):
    """Its last line says why."""
    change(copied / "server.py", "    with Server(", "    import no_such_module\n    with Server(")
    done = tracer("learn", copied, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    why = "the server has ended with status 1: ModuleNotFoundError: No module named 'no_such_module'"
    assert done.stderr == f"tracer: the server does not start: {why}\n"


def test_where_nothing_can_be_recorded(tmp_path):
    (tmp_path / "tracer").touch()
    done = tracer("learn", WAITING, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    said = done.stderr.splitlines()
    assert re.fullmatch(rf"tracer: cannot record to {tmp_path}/tracer/recordings/learn-waiting-.*: Not a directory", said[-1])


def test_a_step_that_is_not_reached(copied, tmp_path):
    """It is said why, and what was done stays done."""
    change(copied / "lesson.toml", 'check = ["queue = 2", "held = 1"]', 'check = ["queue = 3"]')
    status, printed, said = play(tmp_path, copied)
    assert status == 1
    assert printed.endswith("\n\nThe lesson cannot go on: queue = 3 is not so: it is 2\n")
    assert said.splitlines()[1] == f"tracer: to go on with this lesson: tracer learn '{copied}'"


def is_context(kind, fact):
    return fact["type"] == "context" and fact["kind"] == kind


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_leaving_by_a_signal(number, status, tmp_path):
    """Where an answer is waited for: the server, its clients and the supervisor are gone, the recording is whole, progress is kept."""
    with typing(tmp_path, WAITING) as process:
        for line in process.stdout:
            if line.startswith("  4  "):
                break
        (path,) = (tmp_path / "tracer" / "recordings").iterdir()
        supervisor = until(path, lambda fact: fact["type"] == "header")["supervisor"]["pid"]
        server, client = (until(path, partial(is_context, kind))["pid"] for kind in ("process", "client"))
        pidfds = [os.pidfd_open(pid) for pid in (supervisor, server, client)]
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == status
    assert said.splitlines() == [
        f"tracer: recorded; to see it: tracer show {path}",
        f"tracer: to go on with this lesson: tracer learn {WAITING}",
    ]
    assert until(path, lambda fact: fact["type"] == "end")["alive"] == []
    for pidfd in pidfds:
        assert has_ended(pidfd)
        os.close(pidfd)


# ---- coming back, and experiments


def test_who_has_come_to_the_end_comes_back_there(tmp_path):
    """To its last step, from which the experiments are near; with --restart to the first one."""
    assert play(tmp_path, WAITING)[0] == 0
    _, printed, said = play(tmp_path, WAITING, typed="q\n")
    again = f"You have been through this lesson: coming to its last step. To begin anew: tracer learn {WAITING} --restart"
    assert " ".join(printed.split("\n\n")[0].split()) == again
    assert printed.split("\n\n")[1] == "Step 3 of 3: The first one was served"
    assert "to go on" not in said


SKIP_ALL = "s\n" * 6


def editor(folder, *programs):
    """An editor that writes these programs, one each time that it is opened."""
    for number, text in enumerate(programs):
        (folder / f"{number}.py").write_text(text)
    script = folder / "editor"
    script.write_text(f'#!/bin/sh\nset -- "$1" $(ls {folder}/[0-9].py | head -1)\nmv "$2" "$1"\n')
    script.chmod(0o755)
    return str(script)


def test_an_experiment_with_a_program_of_ones_own(tmp_path):
    """The copy is edited; a mistake in it is told in one line and loses nothing; when it is mended, the experiment is made with it."""
    given = (WAITING / "server.py").read_text()
    raising = given.replace("        self.wfile.write(line)\n", '        raise ValueError("no")\n')
    command = editor(tmp_path, "def\n", raising)
    typed = f"{SKIP_ALL}2\ne\n\ne\n\nraised\n"
    status, printed, _ = play(tmp_path, WAITING, typed=typed, EDITOR=command, COLUMNS="200")
    (copy,) = (tmp_path / "tracer" / "learn").glob("waiting@*/server.py")
    assert status == 0
    assert copy.read_text() == raising
    assert (WAITING / "server.py").read_text() == given
    found = printed[printed.index("Your own copy is") : printed.index("To see both runs")]
    asks, problem = "e opens it in your editor, Enter goes on with it as it is (or q): ", "line 1: invalid syntax: `def`"
    assert found.splitlines() == [
        f"Your own copy is {copy}",
        f"{asks}e",
        problem,
        asks,
        problem,
        f"{asks}e",
        asks,
        "  1  it has returned",
        "  2  an exception has left it",
        "  3  it has not ended",
        "Your prediction (or s): raised",
        "The server runs as it was, and as you want it: a few seconds.",
        "server.py",
        "before: it has returned, after: an exception has left it",
        "Right. You predicted: an exception has left it.",
    ]
    assert Progress(str(WAITING), tmp_path / "tracer" / "learn").answers["own", ""] == Given("raised", True)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("no-such-editor", "$EDITOR names 'no-such-editor' as your editor, and there is no such program"),
        ("false", "false ended with status 1"),
    ],
)
def test_an_editor_that_does_not_work(command, said, tmp_path):
    """It is said why, and the question is asked again."""
    status, printed, _ = play(tmp_path, WAITING, typed=f"{SKIP_ALL}2\ne\nq\n", EDITOR=command, COLUMNS="200")
    assert status == 0
    assert f"(or q): e\n{said}\ne opens it in your editor" in printed


def test_a_program_of_ones_own_that_ends_at_once(tmp_path):
    """What it said last is told; the lesson goes on."""
    command = editor(tmp_path, "raise SystemExit('not today')\n")
    status, printed, _ = play(tmp_path, WAITING, typed=f"{SKIP_ALL}2\ne\n\n\n", EDITOR=command, COLUMNS="200")
    assert status == 0
    assert "\nThe experiment could not be made: client one: the server has ended: not today\n" in printed


# ---- at a terminal


def test_text_at_a_terminal(copied, tmp_path):
    """What takes long is named; there is a stop behind each step; Ctrl-D leaves. No cursor is moved, and there is no colour."""
    change(copied / "lesson.toml", 'do = ["hold before handle", "client one", "wait held = 1"]', 'do = ["pause 1.2", "client one"]')
    change(copied / "lesson.toml", 'do = ["client one", "wait queue = 1", "client one", "wait queue = 2"]', "do = []")
    change(copied / "lesson.toml", 'check = ["queue = 2", "held = 1"]', "")
    with AtTerminal(tmp_path, "learn", copied, "--text", "--lang", "en") as person:
        person.sees(b"waiting for: pause 1.2\r\n")
        person.sees(b"(or s, b, q, ?): ")
        person.types(b"s\n")
        person.sees(b"(or s, b, q, ?): ", 2)
        person.types(b"s\n")
        person.sees(b"Enter goes on (or b, q, ?): ")
        assert b"Step 2" not in person.seen
        person.types(b"\n")
        person.sees(b"Step 2 of 3: Two clients wait")
        person.sees(b"(or s, b, q, ?): ", 3)
        person.types(b"\x04")
        assert person.reads_all() == 0
        assert b"to go on with this lesson: tracer learn" in person.seen
        assert b"\x1b" not in person.seen


def test_a_terminal_that_cannot_draw(tmp_path):
    """It gets the text mode unasked; Ctrl-C leaves."""
    with AtTerminal(tmp_path, "learn", WAITING, "--lang", "en", TERM="dumb") as person:
        person.sees(b"(or s, b, q, ?): ")
        person.types(b"\x03")
        assert person.reads_all() == 130
        assert b"\r\ntracer: recorded; to see it: tracer show " in person.seen
        assert b"\x1b" not in person.seen


def test_sigterm_gives_the_terminal_back(tmp_path):
    with AtTerminal(tmp_path, "learn", WAITING, "--lang", "en") as person:
        person.sees(b" quit")
        pidfds = person.processes(next(person.recordings.glob("learn-waiting-*")))
        person.process.terminate()
        assert person.reads_all() == 143
        assert person.has_its_terminal_back
        assert b"to go on with this lesson: tracer learn" in person.seen
        assert all(has_ended(pidfd) for pidfd in pidfds)


needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux")


@needs_tmux
def test_the_screen_comes_back(tmp_path, monkeypatch):
    """From an experiment's two runs side by side, and from the editor: to the experiment, with what came of it."""
    monkeypatch.setenv("EDITOR", editor(tmp_path, "def\n"))
    progress = Progress(str(WAITING), tmp_path / "state" / "tracer" / "learn")
    progress.at("longer")  # an experiment: it stands behind the last step
    with Tmux(tmp_path / "tmux", tmp_path, "learn", WAITING, "--lang", "en") as person:
        person.sees("Which of these came first(.|\n)* S skip")
        person.types("S")
        person.sees("Where does handle run(.|\n)* S skip")
        person.types("S")
        person.sees("Enter: the end of the lesson")
        person.types("Enter")
        person.sees("› A longer queue(.|\n)* Enter go on")
        person.types("Enter")
        person.sees("› 1 (.|\n)* Enter go on")
        person.types("Enter")
        person.sees("What do you predict(.|\n)* Enter answer")
        person.types("3", "Enter")
        screen = person.sees("before: 3, after: 2; q goes back to the lesson")
        assert screen.splitlines()[0].startswith(" tracer  experiment longer before after ")
        person.types("1")
        person.sees("^ tracer  longer: before · Server")
        person.types("q")
        person.sees("q goes back")
        person.types("q")
        person.sees("You predicted: 3")
        person.types("B")
        person.sees("› A longer queue(.|\n)* Enter go on")
        person.types("Down", "Enter")
        person.sees("› open my copy(.|\n)* Enter go on")
        person.types("Enter")
        person.sees("line 1: invalid syntax: `def`")
        person.types("q")
        person.is_gone()
    assert Progress(str(WAITING), tmp_path / "state" / "tracer" / "learn").answers["longer", ""] == Given("3", False)


@needs_tmux
def test_begin_anew(tmp_path):
    """With another run; what was done is forgotten."""
    progress = Progress(str(WAITING), tmp_path / "state" / "tracer" / "learn")
    progress.at("waiting")
    with Tmux(tmp_path / "tmux", tmp_path, "learn", WAITING, "--lang", "en") as person:
        person.sees("2/3 Three steps")
        person.types("R")
        person.sees("y ")
        person.types("y")
        person.sees("Enter: begin")
        person.types("q")
        person.is_gone()
    assert Progress(str(WAITING), tmp_path / "state" / "tracer" / "learn").step == "held"


@needs_tmux
def test_who_has_driven_the_server_elsewhere_comes_back_with_another(copied, tmp_path):
    """A student lets go whom the lesson holds, and sends a client: the next step cannot be reached, but nothing is lost."""
    change(copied / "lesson.toml", '"wait queue = 1"', '"wait connections = 1", "wait queue = 1"')
    with Tmux(tmp_path / "tmux", tmp_path, "learn", copied, "--lang", "en") as person:
        person.sees("Enter: begin")
        person.types("Enter")
        person.sees("Which hook(.|\n)* S skip")
        person.types("S")
        person.sees("Which class supplies(.|\n)* S skip")
        person.types("S")
        person.sees("Enter: the next step")
        person.types("a", "c")
        person.sees("client 2: sent")
        person.types("Enter")
        person.sees("true any more: connections is 3")
        person.types("R")
        person.sees("2/3 Three steps")
        person.sees("How many wait in the")
        person.types("q")
        person.is_gone()
    answers = Progress(str(copied), tmp_path / "state" / "tracer" / "learn").answers
    assert answers == {("held", "next"): Given("", None), ("held", "class"): Given("", None)}


@needs_tmux
def test_choosing_a_lesson(tmp_path):
    """`tracer learn` alone: lessons stand on top, in the language that is wanted; where one ends, the list is there again."""
    with Tmux(tmp_path / "tmux", tmp_path, "learn", "--lang", "zh") as person:
        person.sees(r"^ 课程：真实的服务器，一步一步\n +01-one-request +10 分钟  一次请求，逐个钩子")
        person.sees(r"^  tracer learn --lang zh 01-one-request$")
        person.types("Enter")
        person.sees("^╔═ 01-one-request ═")
        person.types("q")
        person.sees(r"^ +01-one-request +10 分钟  一次请求，逐个钩子 · 第 1 步")
        person.types("q")
        person.is_gone()
