"""`tracer` alone: what there is to choose from, and where one comes back to."""

import asyncio
import fcntl
import os
import shutil
import signal
import time

import pytest

from tests.terminal import AtTerminal, Tmux
from tests.tui.kit import press, screen_of, settle
from tracer.lab.servers import DEMOS
from tracer.lesson.progress import Progress
from tracer.lesson.syllabus import names
from tracer.start import demos, is_recorded, lessons, recordings
from tracer.tui.controls import Controls
from tracer.tui.screens.start import Choice, Section
from tracer.tui.start import Start


def test_every_demo_and_three_of_them_side_by_side():
    found = demos().choices
    assert [one.words for one in found[:-1]] == [("demo", name) for name in DEMOS]
    assert found[-1].words == ("demo", "tcp", "threading", "forking")
    assert all(one.sentence.endswith(".") for one in found)


def test_every_lesson(tmp_path, monkeypatch):
    """In its language, begun with the words that are wanted; how far the student is stands behind its title."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    Progress(names()[0]).at("listening")
    found = lessons("zh", ("learn", "--lang", "zh"))
    assert found.title == "课程：真实的服务器，一步一步"
    assert [one.name for one in found.choices] == names()
    assert [one.words for one in found.choices] == [("learn", "--lang", "zh", name) for name in names()]
    assert found.choices[0].sentence.startswith("10 分钟  一次请求，逐个钩子 · 第 1 步，共 ")


@pytest.fixture
def folder(tmp_path):
    """Recordings of which one is still being made, and files that are none."""
    now = time.mktime((2026, 3, 4, 12, 30, 0, 0, 0, -1))
    for name, size, age in [
        ("demo-tcp-20260304-122900-17", 153_000, 60),
        ("http.server-20260303-100000-99", 2_340_000, 26 * 3600),
        ("a-b-20260304-122959-18", 10, 1),
        ("empty-20260304-122959-19", 0, 1),
    ]:
        (path := tmp_path / f"{name}.tracer").write_bytes(bytes(size))
        os.utime(path, (now - age, now - age))
    (tmp_path / "notes.txt").touch()
    return tmp_path, now


def test_recordings_the_newest_first(folder):
    """With their time and size; one that is still being made is followed."""
    path, now = folder
    running = path / "a-b-20260304-122959-18.tracer"
    with running.open() as file:
        assert not is_recorded(running)
        fcntl.flock(file, fcntl.LOCK_EX)
        found = recordings(path, now)
    assert [(one.name, " ".join(one.sentence.split())) for one in found.choices] == [
        ("a-b", "today 12:29 1 kB still running: is followed"),
        ("demo-tcp", "today 12:29 153 kB"),
        ("http.server", "2026-03-03 10:30 2.3 MB"),
    ]
    assert [one.words[:-1] for one in found.choices] == [("open", "--follow"), ("open",), ("open",)]
    assert recordings(path / "none", now).choices == ()


def test_of_many_only_the_newest(tmp_path):
    for number in range(30):
        (path := tmp_path / f"demo-tcp-20260101-000000-{number}.tracer").write_bytes(b"x")
        os.utime(path, (number, number))
    found = recordings(tmp_path, 0).choices
    assert [one.words[1].rpartition("-")[2] for one in found] == [f"{number}.tracer" for number in range(29, 9, -1)]


SECTIONS = (
    Section("Demos", tuple(Choice(("demo", name), name, f"About {name}.") for name in ("tcp", "udp"))),
    Section("Recordings", tuple(Choice(("open", f"{number}.tracer"), f"run {number}", "today") for number in range(40))),
)


def look_at(*steps, sections=SECTIONS, size=(80, 24), said="", ascii_marks=False):
    """The screen behind those steps, and what was chosen."""

    async def run():
        app = Start(sections, Controls(), said, ascii_marks)
        async with app.run_test(size=size) as pilot:
            for step in (settle, *steps):
                await step(pilot)
                await settle(pilot)
            return screen_of(app), app.return_value

    return asyncio.run(run())


def test_all_that_can_be_chosen():
    """The first is proposed, with the command line that it stands for; what was said of the last choice stands above the keys."""
    found, _ = look_at(said="there was no room")
    assert found[2:6] == [" Demos", "  tcp  About tcp.", "  udp  About udp.", ""]
    assert found[6:8] == [" Recordings", "  run 0   today"]
    assert found[-6:-4] == ["  tracer demo tcp", "  About tcp."]
    assert found[-2:] == [" ☞ there was no room", " Up Down choose  Enter open  q quit"]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (("enter",), ["demo", "tcp"]),
        (("down", "enter"), ["demo", "udp"]),
        (("down", "down", "up", "up", "up", "enter"), ["demo", "tcp"]),
        (("end", "enter"), ["open", "39.tracer"]),
        (("pagedown", "up", "enter"), ["open", "11.tracer"]),
        (("q",), 0),
    ],
)
def test_choosing(keys, words):
    assert look_at(press(*keys))[1] == words


def test_the_cursor_stays_in_sight():
    """And the title above the first of a section with it."""
    found, _ = look_at(press("end"))
    assert "  run 39  today" in found
    assert "  tracer open 39.tracer" in found
    assert look_at(press("end", "home"))[0] == look_at()[0]


def test_a_click_chooses():
    async def click(pilot):
        await pilot.click("#choices", offset=(4, 2))

    assert look_at(click)[1] == ["demo", "udp"]


@pytest.mark.parametrize("size", [(80, 24), (200, 60), (40, 12)], ids=str)
def test_it_fits(size):
    found, _ = look_at(size=size, sections=(demos(), Section("Recordings", (), "none yet")), ascii_marks=True)
    assert len(found) == size[1]
    assert max(map(len, found)) <= size[0]
    assert "\n".join(found).isascii()
    assert any("tcp" in line for line in found)
    assert any("none yet" in line for line in found) or size == (40, 12)


@pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux")
def test_coming_back(tmp_path):
    """What was chosen runs as if it had been typed; where it ends, the list is there again, with its recording."""
    with Tmux(tmp_path / "tmux", tmp_path, size=(100, 50)) as person:
        person.sees(r"^ Lessons: real servers, step by step\n +01-one-request +10 min  One request, hook by hook$")
        person.sees(r"^ Recordings\n +none yet")
        person.types("Enter")
        person.sees("demo tcp · TCPServer")
        person.types("q")
        person.sees(r"^ Recordings\n +demo-tcp +today")
        person.types("q")
        person.is_gone()


def test_sigterm_gives_the_terminal_back(tmp_path):
    with AtTerminal(tmp_path) as person:
        person.sees(b" quit")
        person.process.terminate()
        assert person.reads_all() == 128 + signal.SIGTERM
        assert person.has_its_terminal_back
