"""Marks beside a recording: kept, and nobody's else; whatever lies there."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from tracer.recording.marks import LONGEST_NOTE, MOST, Bookmark, Marks, forget, marks_path
from tracer.supervisor import journal
from tracer.supervisor.journal import Journal


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return tmp_path / "run.tracer"


def test_marks_are_found_again(recording: Path) -> None:
    marks = Marks(recording)
    assert (marks.all, marks.why) == ((), "")
    assert [marks.add(t, note) for t, note in ((30, "c"), (10, "a\u202e"), (20, "é\ud800"))] == [True, True, True]
    expected = (Bookmark(10, "a\u202e"), Bookmark(20, "é\ud800"), Bookmark(30, "c"))
    assert marks.all == Marks(recording).all == expected
    assert marks.add(20, "b")
    assert (marks.remove(10), marks.remove(10)) == (True, False)
    assert Marks(recording).all == (Bookmark(20, "b"), Bookmark(30, "c"))


def test_the_file_is_its_owners_alone_and_gone_with_the_last_mark(recording: Path) -> None:
    marks = Marks(recording)
    marks.add(1, "x")
    assert stat.S_IMODE(marks_path(recording).stat().st_mode) == 0o600
    assert [path.name for path in recording.parent.iterdir()] == ["run.tracer.marks"]
    marks.remove(1)
    assert list(recording.parent.iterdir()) == []


def test_next_and_previous(recording: Path) -> None:
    marks = Marks(recording)
    ten, twenty = Bookmark(10, "a"), Bookmark(20, "b")
    for one in (ten, twenty):
        marks.add(*one)
    assert [marks.next(t) for t in (9, 10, 19, 20)] == [ten, twenty, twenty, None]
    assert [marks.previous(t) for t in (10, 11, 20, 21)] == [None, ten, ten, twenty]


def test_two_viewers_do_not_lose_each_others_marks(recording: Path) -> None:
    one, other = Marks(recording), Marks(recording)
    one.add(1, "one")
    other.add(2, "other")
    assert other.all == Marks(recording).all == (Bookmark(1, "one"), Bookmark(2, "other"))
    one.remove(1)
    assert Marks(recording).all == one.all == (Bookmark(2, "other"),)


def test_a_link_to_a_recording_has_its_marks(recording: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to(recording)
    Marks(tmp_path / "folder" / "link").add(1, "x")
    assert Marks(recording).all == (Bookmark(1, "x"),)


def test_there_may_not_be_any_number_of_them(recording: Path) -> None:
    known = [[t, ""] for t in range(MOST)]
    marks_path(recording).write_text(json.dumps({"tracer": "marks", "version": 1, "marks": known}))
    marks = Marks(recording)
    assert (marks.add(MOST, ""), marks.add(5, "n" * 1000)) == (False, True)
    assert marks.all[5] == Bookmark(5, "n" * LONGEST_NOTE)


BEGIN = '{"tracer": "marks", "version": 1, "marks": '


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("my own notes", "it is something else"),
        (BEGIN, "it is damaged"),
        (BEGIN + "[" * 100_000, "it is damaged"),
        (BEGIN + '[[1, "x"], [2]]}', "it is damaged"),
        (BEGIN + '[[-1, "x"]]}', "it is damaged"),
        (BEGIN + '[[true, "x"]]}', "it is damaged"),
        (BEGIN + '[[1.5, "x"]]}', "it is damaged"),
        (BEGIN + f'[[{1 << 63}, "x"]]}}', "it is damaged"),
        (BEGIN + f'[[1, "{"x" * 201}"]]}}', "it is damaged"),
        (BEGIN + "{}}", "it is damaged"),
        (BEGIN + f"{[[t, 'x'] for t in range(MOST + 1)]}}}".replace("'", '"'), "it has too many marks"),
        (BEGIN.replace("1", "2") + "[]}", "it is of another version"),
        (BEGIN + '[[1, "x"]]}' + " " * (1 << 20), "it is something else"),
    ],
)
def test_what_is_no_file_of_marks_is_left_alone(content: str, why: str, recording: Path) -> None:
    path = marks_path(recording)
    path.write_text(content)
    marks = Marks(recording)
    assert marks.why == f"marks are not kept: run.tracer.marks: {why}"
    assert marks.add(1, "x")
    assert marks.all == (Bookmark(1, "x"),)  # as long as the viewer looks on
    forget(recording)
    assert path.read_text() == content


def test_nobody_waits_for_a_pipe(recording: Path) -> None:
    os.mkfifo(marks_path(recording))
    assert Marks(recording).why == "marks are not kept: run.tracer.marks: it is no file"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    marks = Marks(tmp_path / "no" / "run.tracer")
    assert marks.add(1, "x")
    assert marks.all == (Bookmark(1, "x"),)
    assert marks.why == "marks are not kept: run.tracer.marks: No such file or directory"
    assert (marks.remove(1), marks.all) == (True, ())


def test_marks_go_with_their_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = journal.recordings_folder()
    folder.mkdir(parents=True)
    for number in range(journal.KEPT):
        path = folder / f"x-{number}-.tracer"
        path.touch()
        os.utime(path, (number, number))
        if number < 2:
            Marks(path).add(1, "x")
    journal.new_path("x")
    assert sorted(path.name for path in folder.iterdir() if number_of(path) < 2) == ["x-1-.tracer", "x-1-.tracer.marks"]


def number_of(path: Path) -> int:
    return int(path.name.split("-")[1])


def test_a_recording_that_takes_the_place_of_another_has_none_of_its_marks(recording: Path) -> None:
    Journal(recording, ["x"]).close()
    Marks(recording).add(1, "x")
    Journal(recording, ["x"]).close()
    assert Marks(recording).all == ()
    marks_path(recording).write_text("my own notes")
    Journal(recording, ["x"]).close()
    assert marks_path(recording).read_text() == "my own notes"
