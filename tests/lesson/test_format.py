"""A lesson's folder: what is read from it, and what is said of everything that can be wrong in it.

The example of lessons/README.md is the lesson that is broken here, again and again.
"""

import re
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracer.lab.clients import KINDS as CLIENTS
from tracer.lesson.actions import ACTIONS, Dismiss, Pause, Send, Wait
from tracer.lesson.facts import Fact, NextHook, parse_ask, parse_check, parse_fact
from tracer.lesson.format import LOOKS, Broken, Experiment, Lesson, Problem, Question, Step, load
from tracer.lesson.kinds import KINDS as FACTS
from tracer.lesson.syllabus import lessons_folder, names
from tracer.lesson.table import EXAMPLES
from tracer.probe.hooks import HOOKS
from tracer.recording.text import harmless
from tracer.timeline.filter import KEYS, parse

README = (lessons_folder() / "README.md").read_text()
FILES = dict(re.findall(r"^`([\w.]+)`\n\n```\w+\n(.*?)^```$", README, re.MULTILINE | re.DOTALL))

Said = Callable[[], list[str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example, as `my-lesson` in the working directory."""
    monkeypatch.chdir(tmp_path)
    folder = Path("my-lesson")
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def said(folder: Path) -> Said:
    """What is said of it, without the folder's name."""

    def problems() -> list[str]:
        with pytest.raises(Broken) as caught:
            load(folder)
        lines = str(caught.value).splitlines()
        assert lines == [str(problem) for problem in caught.value.problems]
        return [line.removeprefix("my-lesson/") for line in lines]

    return problems


def change(file: Path, old: str, new: str, line: int | None = None) -> None:
    """Put a text in place of another, in that line or where it stands alone."""
    lines = file.read_text().splitlines(keepends=True)
    place = next(place for place, text in enumerate(lines, 1) if old in text and line in (None, place))
    lines[place - 1] = lines[place - 1].replace(old, new)
    file.write_text("".join(lines))


def line_of(name: str, text: str) -> int:
    """The line of a file of the example that has that text in it."""
    return next(number for number, line in enumerate(FILES[name].splitlines(), 1) if text in line)


# -- what is read


def test_the_example(folder: Path) -> None:
    lesson = load(folder)
    assert (lesson.name, lesson.folder, lesson.server) == ("my-lesson", folder, folder / "server.py")
    assert (lesson.minutes, lesson.builds_on) == (5, ("01-one-request",))
    assert lesson.titles == {"en": "One silent client", "zh": "一个沉默的客户端"}
    assert lesson.goals["en"] == ("say who waits for a silent client, and where",)
    assert lesson.steps == (
        Step(
            "silent",
            (Send("silent"), Wait(parse_check("open(before handle) = 1"))),
            parse("before handle"),
            "calls",
            (parse_check("connections = 1"), parse_check("owner(before handle) = EchoHandler")),
            (
                Question("who-serves", parse_ask("where(before handle)"), (), (), 15),
                Question("who-waits", Fact("queue"), (Send("one", 3), Wait(parse_check("queue = 3"))), (), 19),
            ),
            8,
        ),
        Step(
            "leaves",
            (Dismiss(), Wait(parse_check("calls(after handle) >= 1"))),
            parse("after handle"),
            "source",
            (parse_check("outcome(after handle) = returned"),),
            (Question("what-next", NextHook(here=True), (), ("shutdown_request", "get_request"), 31),),
            24,
        ),
    )
    do = Send("silent"), Wait(parse_check("open(before handle) = 1")), Send("one", 10), Pause(1)
    assert lesson.experiments == (
        Experiment("queue-size", "request_queue_size", "5", ("1", "16"), do, parse_fact("queue"), (), "queue", 36),
    )
    assert list(lesson.pages) == ["en", "zh"]
    assert list(lesson.pages["zh"].sections) == ["silent", "leaves", "queue-size"]


def test_what_may_be_left_out(folder: Path) -> None:
    toml = 'minutes = 1\ntitle = { en = "A", zh = "B" }\n[goals]\nen = ["a"]\nzh = ["b"]\n[[step]]\nid = "one"\n'
    (folder / "lesson.toml").write_text(toml)
    for language in ("en", "zh"):
        (folder / f"lesson.{language}.md").write_text(f"# {'A' if language == 'en' else 'B'}\n\n## One {{#one}}\n")
    lesson = load(folder)
    assert (lesson.builds_on, lesson.experiments) == ((), ())
    assert lesson.steps == (Step("one", (), None, "calls", (), (), 6),)


def test_a_lesson_is_named_by_its_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert load(Path()).name == "my-lesson"


def test_files_of_other_editors(folder: Path) -> None:
    for file in folder.iterdir():
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert load(folder).titles["zh"] == "一个沉默的客户端"


@pytest.mark.parametrize("name", names())
def test_ours(name: str) -> None:
    assert isinstance(load(lessons_folder() / name), Lesson)


# -- lesson.toml


@pytest.mark.parametrize(
    ("line", "old", "new", "words"),
    [
        # keys
        (1, "minutes", "minuten", [
            "1: a lesson needs minutes: write minutes = 10",
            "1: a lesson has no key 'minuten': did you mean minutes?",
        ]),
        (3, 'title.en = "One silent client"', "", ['4: a lesson needs title.en: write title.en = "One request, hook by hook"']),
        (3, "title.en", "title.eng", [
            '3: a lesson needs title.en: write title.en = "One request, hook by hook"',
            "3: a lesson has no key 'title.eng': did you mean title.en?",
        ]),
        (9, "id =", "# id =", ['8: a step needs id: write id = "accept"']),
        (13, "check", "chek", ["13: a step has no key 'chek': did you mean check?"]),
        (17, "ask", "asks", ['15: a question needs ask: write ask = "queue"', "17: a question has no key 'asks': did you mean ask?"]),
        (39, "to =", "# to =", ['36: an experiment needs to: write to = ["1", "16"]']),
        (38, "change", "xyz", [
            '36: an experiment needs change: write change = "request_queue_size"',
            "38: an experiment has no key 'xyz': choose one of id, change, to, do, ask, choices, look",
        ]),
        # kinds of values
        (1, "5", '"5"', ["1: minutes is a whole number from 1 to 240: write minutes = 10"]),
        (1, "5", "true", ["1: minutes is a whole number from 1 to 240: write minutes = 10"]),
        (1, "5", "0", ["1: minutes is a whole number from 1 to 240: write minutes = 10"]),
        (2, '["01-one-request"]', '"01-one-request"', ['2: builds_on is a list of texts: write builds_on = ["01-one-request"]']),
        (3, '"One silent client"', '" "', ['3: title.en is one text: write title.en = "One request, hook by hook"']),
        (5, '["say who waits for a silent client, and where"]', "[]", [
            '5: goals.en is a list of texts: write goals.en = ["Say which hook comes next"]',
        ]),
        (6, "]", ', "b"]', ["6: goals.zh: there are 1 and 2 goals: as many in each language"]),
        (12, '"calls"', "2", ['12: look is one text: write look = "queue"']),
        (10, "client silent", " ", ["10: do: there is an empty text"]),
        (34, "shutdown_request", "xyz", [
            "34: choices: there is no hook 'xyz': the nearest are " + ", ".join(get_close_matches("xyz", HOOKS, 5, 0)),
        ]),
        (13, "[", "[1, ", ['13: check is a list of texts: write check = ["queue = 0"]']),
        # ids
        (9, "silent", "Silent!", ["9: id: 'Silent!' is no id: it has small letters (a to z), digits and hyphens only, 40 at most"]),
        (25, "leaves", "silent", ["25: id: 'silent' is taken already: each has its own"]),
        (37, "queue-size", "leaves", ["37: id: 'leaves' is taken already: each has its own"]),
        (20, "who-waits", "who-serves", ["20: id: 'who-serves' is taken already: each has its own"]),
        # what stands in texts
        (12, "calls", "foo", [f"12: look: there is no panel 'foo': choose one of {', '.join(LOOKS)}"]),
        (41, "queue", "queu", ["41: ask: there is no fact 'queu': did you mean queue?"]),
        (10, "client silent", "clent silent", ["10: do: there is no action 'clent': did you mean client?"]),
        (10, "client silent", "client silnt", ["10: do: there is no client 'silnt': did you mean silent?"]),
        (10, '"client silent", ', '\n"client silent",\n"hold befor handle", ', [
            "12: do: in the filter 'befor handle': there is no hook 'befor'; did you mean before?",
        ]),
        (11, "handle", "handel", ["11: stop: there is no hook 'handel'; did you mean handle?"]),
        (11, "before handle", "before & raised", ["11: stop: no call can ever be that (how one ends is known only after it)"]),
        (13, "connections = 1", "connections", [
            "13: check: 'connections' is no check: it needs a sign and a value, as in zombies = 1",
        ]),
        (17, "where(before handle)", "where", ["17: ask: where needs a filter: where(before handle)"]),
        (34, "get_request", "get_requst", ["34: choices: there is no hook 'get_requst': did you mean get_request?"]),
        (41, "queue", "next", [f"41: ask: there is no fact 'next': choose one of {', '.join(FACTS)}"]),
        (3, "silent", r"\u001b silent", [
            r"3: title.en: 'One \x1b silent client' has more than letters in it: no line breaks, no control characters",
        ]),
        (5, "say", r"\nsay", [
            r"5: goals.en: '\nsay who waits for a silent client, and where' has more than letters in it: "
            "no line breaks, no control characters",
        ]),
        (34, '"get_request"', '"shutdown_request"', ["34: choices: 'shutdown_request' stands there twice"]),
        (39, '"16"', '" 1 "', ["39: to: ' 1 ' stands there twice"]),
        (10, "client silent", "client silent to EchoServr", ["10: do: server.py has no EchoServr: did you mean EchoServer?"]),
        (13, "connections = 1", "queue(EchoServr) = 1", ["13: check: server.py has no EchoServr: did you mean EchoServer?"]),
        (22, "wait queue", "wait queue(Shop)", ["22: do: server.py has no Shop: choose one of TCPServer, EchoServer"]),
        (41, "queue", "queue_limit(EchServer)", ["41: ask: server.py has no EchServer: did you mean EchoServer?"]),
        # what does not go together
        (17, "ask", 'choices = ["thread"]\nask', ["17: choices: all that where can be is offered: take this away"]),
        (21, "ask", 'choices = ["3"]\nask', ["21: choices: queue is a number, which is typed: take this away"]),
        (33, '"next here"', '"first(before setup; after setup)"', ["34: choices: its two calls are offered: take this away"]),
        (41, "ask", 'choices = ["3"]\nask', ["41: choices: queue is a number, which is typed: take this away"]),
        (21, "queue", "next", ["22: do: next is about the run as it goes on by itself: take this away, or ask a fact"]),
        (21, "queue", "first(before setup; after setup)", [
            "22: do: first(before setup; after setup) is about the run as it goes on by itself: take this away, or ask a fact",
        ]),
        (27, 'stop = "after handle"', "", [
            "33: ask: next here is about the call where the step stops: give the step a stop, or ask next",
        ]),
        (27, "handle", "handel", ["27: stop: there is no hook 'handel'; did you mean handle?"]),
        # experiments
        (38, "request_queue_size", "max_children", ["38: change: nothing in server.py gives max_children a value"]),
        (38, "request_queue_size", "class Shop", ["38: change: server.py has no class Shop"]),
        (38, "request_queue_size", "server.py", [
            "39: to: the student edits server.py, so there is nothing to choose from: take this away",
        ]),
        (39, '["1", "16"]', "5", ['39: to is a list of texts: write to = ["1", "16"]']),
        (39, "16", "16 +", ["39: to: `16 +` is no Python expression: line 1: invalid syntax: `16 +`"]),
        (39, "16", "5", ["39: to: '5' is what server.py has already: nothing would change"]),
    ],
)  # fmt: skip
def test_what_is_wrong_in_lesson_toml(folder: Path, said: Said, line: int, old: str, new: str, words: list[str]) -> None:
    change(folder / "lesson.toml", old, new, line)
    assert said() == [f"lesson.toml:{one}" for one in words]


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("", [
            "1: a lesson needs minutes: write minutes = 10",
            '1: a lesson needs title.en: write title.en = "One request, hook by hook"',
            '1: a lesson needs title.zh: write title.zh = "一次请求，逐个钩子"',
            '1: a lesson needs goals.en: write goals.en = ["Say which hook comes next"]',
            '1: a lesson needs goals.zh: write goals.zh = ["说出接下来是哪个钩子"]',
            "1: a lesson has a step at least: write [[step]], and its keys below",
        ]),
        ("minutes = 5\n\nstop here\n", ["3: this is not TOML: Expected '=' after a key in a key/value pair, at column 6"]),
        ("minutes = 5\ngoals.en = [\n'a',\n", ["3: this is not TOML: "]),
        (f"minutes = {'9' * 5000}", ["1: this is not TOML: a number in it has too many digits"]),
        ("minutes = 5\rbuilds_on = []\r", [
            "1: this is not TOML: its lines end in CR alone: have your editor save the file with LF",
        ]),
        ("[[step]]\nid = accept\n", [
            '2: this is not TOML: Invalid value, at column 6: texts stand in quotation marks, as in id = "accept"',
        ]),
        ("minutes = 5\ntitle.en = 'a'\ntitle.en = 'b'\n", ["3: this is not TOML: title.en stands there twice"]),
        ("minutes = 5\nminutes = [\n6,\n]\n", ["4: this is not TOML: minutes stands there twice"]),
        ("[step]\nid = 'a'\n[step]\nid = 'b'\n", [
            "3: this is not TOML: step stands there twice: each begins with [[step]], before all that is in it",
        ]),
        ("[[step]]\n[step.question]\n[step.question]\n", [
            "3: this is not TOML: step.question stands there twice: each begins with [[step.question]], before all that is in it",
        ]),
        (f"minutes = {'[' * 9000}", ["1: this is nested too deeply"]),
    ],
)  # fmt: skip
def test_what_is_hardly_toml(folder: Path, said: Said, toml: str, words: list[str]) -> None:
    (folder / "lesson.toml").write_text(toml)
    found = [one for one in said() if one.startswith("lesson.toml:")]
    assert len(found) == len(words)
    for one, expected in zip(found, words, strict=True):
        assert one.startswith(f"lesson.toml:{expected}")


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("title = 'One'", "title is given in each language: write title = { en = "),
        ("step = 5", "a step is a table of its own: write [[step]], and its keys below"),
        ("step = []", "a lesson has a step at least: write [[step]], and its keys below"),
        ("[step]\nid = 'a'", "a step is a table of its own: write [[step]], and its keys below"),
        ("[[step]]\nquestion = [{}, 1]", "a question is a table of its own: write [[step.question]], and its keys below"),
        ("experiment = {}", "an experiment is a table of its own: write [[experiment]], and its keys below"),
        ("[[step]]\nid = [2020-01-01]", 'id is one text: write id = "accept"'),
        ("[[step]]\nid = {a = 1}", 'id is one text: write id = "accept"'),
    ],
)
def test_values_of_the_wrong_kind(folder: Path, said: Said, toml: str, words: str) -> None:
    (folder / "lesson.toml").write_text(toml)
    assert [one for one in said() if words in one]


# -- files


def test_there_is_no_folder(folder: Path) -> None:
    for path in (folder / "nowhere", folder / "server.py"):
        with pytest.raises(Broken) as caught:
            load(path)
        assert caught.value.problems == (Problem(path, 1, "there is no such folder: a lesson is a folder with lesson.toml in it"),)


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(Broken) as caught:
        load(tmp_path)
    assert [(problem.file.name, problem.line, problem.words) for problem in caught.value.problems] == [
        ("lesson.en.md", 1, "lesson.en.md is missing: every lesson is in en and zh"),
        ("lesson.toml", 1, "lesson.toml is missing: it says what the steps are (lessons/README.md describes it)"),
        ("lesson.zh.md", 1, "lesson.zh.md is missing: every lesson is in en and zh"),
        ("server.py", 1, "server.py is missing: it is the program that the lesson runs"),
    ]


def test_a_folder_in_place_of_a_file(folder: Path, said: Said) -> None:
    (folder / "lesson.zh.md").unlink()
    (folder / "lesson.zh.md").mkdir()
    assert said() == ["lesson.zh.md:1: lesson.zh.md is no file: every lesson is in en and zh"]


def test_a_link_to_itself(folder: Path, said: Said) -> None:
    (folder / "lesson.toml").unlink()
    (folder / "lesson.toml").symlink_to("lesson.toml")
    assert said() == ["lesson.toml:1: lesson.toml cannot be read: Too many levels of symbolic links"]


@pytest.mark.parametrize("name", FILES)
def test_what_is_not_utf_8(folder: Path, said: Said, name: str) -> None:
    text = (folder / name).read_bytes()
    (folder / name).write_bytes(text + b"\n# caf\xe9\n")
    (problem,) = said()
    line = text.count(b"\n") + 2
    assert re.match(rf"{re.escape(name)}:{line}: (this is not UTF-8|.*utf-8)", problem)


@pytest.mark.parametrize("name", FILES)
@given(content=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_in_a_file(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    for problem in problems_of(folder):
        assert problem.line >= 1
        assert harmless(str(problem)) == str(problem)


def problems_of(folder: Path) -> tuple[Problem, ...]:
    """What is wrong with it; nothing else comes of it."""
    try:
        load(folder)
    except Broken as broken:
        return broken.problems
    return ()


# -- the program


IMPORT = "from tracer.socketserver import StreamRequestHandler, TCPServer"
READABLE = "lessons show the framework that is written to be read"
OURS = "tracer.socketserver"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("def handle(self) -> None:", "def handle(self)", "11: expected ':': `def handle(self)`"),
        ("request_queue_size = 5", "return", "7: 'return' outside function"),
        (
            IMPORT,
            "from socketserver import TCPServer as T, UDPServer",
            f"3: {READABLE}: write `from {OURS} import TCPServer as T, UDPServer`",
        ),
        (IMPORT, "import os, socketserver", f"3: {READABLE}: write `import {OURS} as socketserver`"),
        (IMPORT, "import socketserver as s", f"3: {READABLE}: write `import {OURS} as s`"),
    ],
)
def test_what_is_wrong_in_the_program(folder: Path, said: Said, old: str, new: str, words: str) -> None:
    change(folder / "server.py", old, new)
    (problem,) = said()
    assert problem.startswith(f"server.py:{words}")


def test_other_servers_of_the_standard_library(folder: Path) -> None:
    change(
        folder / "server.py", "from tracer.socketserver import", "from http.server import HTTPServer\nfrom tracer.socketserver import"
    )
    load(folder)


# -- the pages


def move(name: Path, first: str, second: str) -> None:
    """Put the sections with these ids into the other order."""
    head, *sections = re.split(r"(?m)^(?=## )", name.read_text())
    places = [place for place, text in enumerate(sections) if f"{{#{first}}}" in text or f"{{#{second}}}" in text]
    sections[places[0]], sections[places[1]] = sections[places[1]].rstrip() + "\n\n", sections[places[0]].rstrip() + "\n\n"
    name.write_text(head + "".join(sections))


def test_a_step_without_a_heading(folder: Path, said: Said) -> None:
    change(folder / "lesson.zh.md", "{#leaves}", "{#leafs}")
    assert said() == [
        "lesson.zh.md:17: lesson.toml has no step or experiment 'leafs': did you mean leaves?",
        "lesson.zh.md:25: the step or experiment 'leaves' has no heading: write `## … {#leaves}` before this one",
    ]


def test_the_heading_above_a_question_is_missing(folder: Path, said: Said) -> None:
    """It is told of the heading that is missing, and of no other."""
    page = folder / "lesson.zh.md"
    page.write_text(re.sub(r"(?m)^## .* \{#leaves\}$", "", page.read_text()))
    assert said() == ["lesson.zh.md:25: the step or experiment 'leaves' has no heading: write `## … {#leaves}` before this one"]


@pytest.mark.parametrize(("old", "new"), [("[[step]]", "[[steps]]"), ("[[experiment]]", "[experiment]")])
def test_headings_of_tables_that_are_wrong(folder: Path, said: Said, old: str, new: str) -> None:
    """Nothing is said of them before these are mended."""
    toml = (folder / "lesson.toml").read_text()
    (folder / "lesson.toml").write_text(toml.replace(old, new).replace("[[step.", "[[steps." if "steps" in new else "[[step."))
    assert {one.partition(":")[0] for one in said()} == {"lesson.toml"}


def test_a_question_without_a_heading(folder: Path, said: Said) -> None:
    page = folder / "lesson.en.md"
    page.write_text(re.sub(r"(?ms)^### In which .*?(?=^###)", "", page.read_text()))
    change(page, "### Which", "##### Which")
    assert said() == [
        "lesson.en.md:17: There are three kinds of headings: # for the title, ## for a step or an experiment, ### for a question."
    ]
    page.write_text(re.sub(r"(?ms)^##### .*?(?=^##)", "", page.read_text()))
    assert said() == [
        "lesson.en.md:9: the question 'who-serves' of 'silent' has no heading: write `### … {#who-serves}` before this one",
        "lesson.en.md:13: the question 'what-next' of 'leaves' has no heading: write `### … {#what-next}` under this heading",
    ]


def test_an_experiment_without_a_heading(folder: Path, said: Said) -> None:
    page = folder / "lesson.en.md"
    page.write_text(page.read_text().partition("## A longer")[0])
    last = len(page.read_text().splitlines())
    assert said() == [
        f"lesson.en.md:{last}: the step or experiment 'queue-size' has no heading: write `## … {{#queue-size}}` at the end"
    ]


def test_a_question_that_nobody_asks(folder: Path, said: Said) -> None:
    for language in ("en", "zh"):
        with (folder / f"lesson.{language}.md").open("a") as file:
            file.write("\n### More? {#more}\n")
    assert said() == [
        "lesson.en.md:29: lesson.toml has no question 'more' of 'queue-size': take its heading away",
        "lesson.zh.md:29: lesson.toml has no question 'more' of 'queue-size': take its heading away",
    ]


def test_another_order(folder: Path, said: Said) -> None:
    move(folder / "lesson.zh.md", "silent", "leaves")
    assert said() == [
        "lesson.zh.md:5: 'leaves' stands before 'silent' here, and after it in lesson.toml: the order is the same in both",
    ]


def test_prose_in_one_language_alone(folder: Path, said: Said) -> None:
    change(folder / "lesson.zh.md", "就在唯一的那个线程里", "")
    change(folder / "lesson.zh.md", "。`handle` 等待的时候，循环无法继续。", "")
    assert said() == ["lesson.zh.md:9: nothing stands under 'who-serves': in lesson.en.md something does"]
    change(folder / "lesson.en.md", "In the only one there is. While `handle` waits, the loop does not go on.", "")
    load(folder)


def test_another_title(folder: Path, said: Said) -> None:
    change(folder / "lesson.en.md", "# One silent client", "\n# A silent client")
    assert said() == ["lesson.en.md:2: the title is 'One silent client' in lesson.toml, and another one here: one title in both"]


def test_a_mistake_in_the_prose(folder: Path, said: Said) -> None:
    change(folder / "lesson.en.md", "**No line comes.**", "<b>No line comes.</b>")
    assert said() == ["lesson.en.md:7: Prose has no HTML: take it away, or write it as `code`."]


# -- the syllabus


def test_other_lessons(folder: Path, said: Said) -> None:
    change(folder / "lesson.toml", "01-one-request", "01-two-requests")
    load(folder)  # no lesson lies beside it, so nobody knows
    (Path("01-sockets")).mkdir()
    Path("01-sockets/lesson.toml").touch()
    assert said() == ["lesson.toml:2: builds_on: there is no other lesson '01-two-requests': choose one of 01-sockets"]
    change(folder / "lesson.toml", "01-two-requests", "01-socket")
    assert said() == ["lesson.toml:2: builds_on: there is no other lesson '01-socket': did you mean 01-sockets?"]
    change(folder / "lesson.toml", "01-socket", "01-sockets")
    load(folder)
    change(folder / "lesson.toml", "01-sockets", "my-lesson")
    assert said() == ["lesson.toml:2: builds_on: a lesson does not build on itself: take this away"]


# -- all of it


def test_everything_is_told_at_once(folder: Path, said: Said) -> None:
    change(folder / "lesson.toml", "minutes", "minuts")
    change(folder / "lesson.toml", 'before handle"', 'before handel"', 11)
    change(folder / "lesson.en.md", "{#silent}", "")
    (folder / "lesson.zh.md").unlink()
    change(folder / "server.py", "def handle", "deff handle")
    assert said() == [
        "lesson.en.md:5: The heading has no id: write {#its-id} at its end, as in lesson.toml.",
        "lesson.toml:1: a lesson needs minutes: write minutes = 10",
        "lesson.toml:1: a lesson has no key 'minuts': did you mean minutes?",
        "lesson.toml:11: stop: there is no hook 'handel'; did you mean handle?",
        "lesson.zh.md:1: lesson.zh.md is missing: every lesson is in en and zh",
        "server.py:11: invalid syntax: `deff handle(self) -> None:`",
    ]


def test_what_is_told_obeys_nobody() -> None:
    problem = Problem(Path("a\x1b[2J"), 3, "there is no panel '\u202e'")
    assert str(problem) == r"a\x1b[2J:3: there is no panel '\u202e'"
    assert len(str(problem._replace(words="x" * 100_000))) < 600


@pytest.mark.parametrize("word", sorted({*FACTS, *ACTIONS, *CLIENTS, *LOOKS, *EXAMPLES, *KEYS} - {"title", "goals"}))
def test_the_description_tells_everything(word: str) -> None:
    assert re.search(rf"`[^`\n]*(?<![\w.]){re.escape(word)}(?![\w-])[^`\n]*`", README)
