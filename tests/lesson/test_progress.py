"""Progress in a lesson: found again, never lost, and never in the way of the lesson."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.probe.kit import ROOT, environment
from tracer.lesson.progress import LONGEST, Given, Kept, Progress, file_name, kept, learn_folder
from tracer.lesson.syllabus import key_of, lessons_folder

LESSON = "01-one-request"


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def played(folder: Path) -> Progress:
    """Progress of somebody who came to the second step."""
    progress = Progress(LESSON, folder)
    progress.at("accept")
    progress.answer("accept", "next", Given("handle", True))
    progress.answer("accept", "queue", Given("5", False))
    progress.answer("accept", "why", Given("", None))
    progress.at("close")
    return progress


def test_a_lesson_is_taken_up_where_it_was_left(tmp_path: Path) -> None:
    fresh = Progress(LESSON, tmp_path)
    assert (fresh.step, fresh.done, fresh.reached, dict(fresh.answers), fresh.why) == ("", False, (), {}, "")
    played(tmp_path)
    progress = Progress(LESSON, tmp_path)
    assert (progress.step, progress.done, progress.reached, progress.why) == ("close", False, ("accept", "close"), "")
    assert progress.answers == {
        ("accept", "next"): Given("handle", True),
        ("accept", "queue"): Given("5", False),
        ("accept", "why"): Given("", None),
    }
    assert kept(LESSON, tmp_path) == Kept("close", False, ("accept", "close"), dict(progress.answers))


def test_going_back_forgets_nothing(tmp_path: Path) -> None:
    progress = played(tmp_path)
    for step in ("accept", ""):
        progress.at(step)
    progress.answer("accept", "queue", Given("1", True))
    progress.finish()
    again = Progress(LESSON, tmp_path)
    assert (again.step, again.done, again.reached) == ("", True, ("accept", "close"))
    assert again.answers["accept", "queue"] == Given("1", True)


def test_restart_forgets_this_lesson_and_no_other(tmp_path: Path) -> None:
    other = Progress("02-other", tmp_path)
    other.at("first")
    progress = played(tmp_path)
    progress.finish()
    progress.restart()
    for one in (progress, Progress(LESSON, tmp_path)):
        assert (one.step, one.done, one.reached, dict(one.answers)) == ("", False, (), {})
    assert Progress("02-other", tmp_path).step == "first"


def test_only_looking_leaves_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "learn"
    Progress(LESSON, folder)
    assert kept(LESSON, folder) == Kept()
    assert not folder.exists()


def test_the_files_are_their_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    Progress(LESSON).finish()
    folder = tmp_path / "tracer" / "learn"
    assert folder == learn_folder()
    assert listing(folder) == ["01-one-request.json"]
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "01-one-request.json")]
    assert modes == [0o700, 0o600]


def test_any_answer_is_found_again(tmp_path: Path) -> None:
    progress = Progress(LESSON, tmp_path)
    for answer in ("队列", "\ud800\x1b", "x" * 10_000):
        progress.answer("accept", "next", Given(answer, None))
        assert Progress(LESSON, tmp_path).answers["accept", "next"].answer == answer[:LONGEST]


def test_two_players_of_a_lesson_do_not_lose_each_others_answers(tmp_path: Path) -> None:
    one, other = Progress(LESSON, tmp_path), Progress(LESSON, tmp_path)
    one.answer("accept", "next", Given("handle", True))
    other.answer("accept", "queue", Given("5", False))
    assert set(Progress(LESSON, tmp_path).answers) == set(other.answers) == {("accept", "next"), ("accept", "queue")}


def test_a_reader_sees_all_or_nothing_whenever_a_player_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from tracer.lesson.progress import Given, Progress\n"
        "progress = Progress('x', Path(sys.argv[1])); progress.at('first'); print(flush=True)\n"
        "while True: progress.answer('first', 'a', Given('b' * 200, True)); progress.answer('first', 'a', Given('', None))\n"
    )
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE, env=environment(), cwd=ROOT) as player:
            assert player.stdout is not None
            assert player.stdout.readline() == b"\n"
            seen = [Progress("x", tmp_path) for _ in range(50)]
            player.kill()
        assert {(one.step, one.why) for one in [*seen, Progress("x", tmp_path)]} == {("first", "")}
    assert not list(tmp_path.glob("*.broken*"))


GOOD = {"tracer": "progress", "version": 1, "step": "a", "done": False, "reached": ["a"], "answers": [["a", "q", "5", True]]}


def test_the_format_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps(GOOD))
    progress = Progress("x", tmp_path)
    assert (progress.step, progress.answers) == ("a", {("a", "q"): Given("5", True)})
    progress.at("a")
    assert json.loads((tmp_path / "x.json").read_text()) == GOOD


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "it is damaged"),
        ("\0" * 100, "it is damaged"),
        (json.dumps(GOOD)[:-1], "it is damaged"),
        ("[" * 100_000, "it is damaged"),
        ("[]", "it is something else"),
        ('{"mine": 1}', "it is something else"),
        (json.dumps(GOOD | {"version": 2}), "it is of another version"),
        (json.dumps(GOOD | {"step": None}), "it is damaged"),
        (json.dumps(GOOD | {"done": 1}), "it is damaged"),
        (json.dumps(GOOD | {"reached": [1]}), "it is damaged"),
        (json.dumps(GOOD | {"answers": {}}), "it is damaged"),
        (json.dumps(GOOD | {"answers": [["a", "q", "5"]]}), "it is damaged"),
        (json.dumps(GOOD | {"answers": [["a", "q", "5", 1]]}), "it is damaged"),
        (json.dumps(GOOD) + " " * (1 << 20), "it is too large"),
    ],
)
def test_what_cannot_be_understood_is_put_aside(content: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / f"{LESSON}.json"
    path.write_text(content)
    assert kept(LESSON, tmp_path) == Kept()
    assert path.read_text() == content  # a list only looks
    progress = Progress(LESSON, tmp_path)
    assert progress.why == f"your progress in this lesson could not be read ({why}): the file is now {path}.broken"
    assert (tmp_path / f"{LESSON}.json.broken").read_text() == content
    progress.at("accept")
    again = Progress(LESSON, tmp_path)
    assert (again.step, again.why) == ("accept", "")


def test_each_file_that_is_put_aside_has_its_own_name(tmp_path: Path) -> None:
    for content in ("first", "second", "third"):
        (tmp_path / "x.json").write_text(content)
        Progress("x", tmp_path)
    names = ["x.json.broken", "x.json.broken-2", "x.json.broken-3"]
    assert listing(tmp_path) == names
    assert [(tmp_path / name).read_text() for name in names] == ["first", "second", "third"]


def test_a_file_that_breaks_during_the_lesson_costs_nothing(tmp_path: Path) -> None:
    progress = played(tmp_path)
    (tmp_path / f"{LESSON}.json").write_text("oops")
    progress.finish()
    again = Progress(LESSON, tmp_path)
    assert (again.step, again.done, len(again.answers), again.why) == ("close", True, 3, "")


def test_a_folder_that_goes_away_during_the_lesson_costs_nothing(tmp_path: Path) -> None:
    progress = played(tmp_path / "learn")
    (tmp_path / "learn" / f"{LESSON}.json").unlink()
    (tmp_path / "learn").rmdir()
    progress.finish()
    again = Progress(LESSON, tmp_path / "learn")
    assert (again.step, again.done, len(again.answers)) == ("close", True, 3)


def test_a_folder_that_cannot_be_made_stops_no_lesson(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    progress = played(tmp_path / "file" / "learn")
    assert progress.why == f"progress is not kept: {tmp_path}/file/learn/{LESSON}.json: Not a directory"
    assert (progress.step, progress.reached, len(progress.answers)) == ("close", ("accept", "close"), 3)
    progress.restart()
    assert (progress.step, dict(progress.answers)) == ("", {})


def test_a_disk_that_is_full_stops_no_lesson(tmp_path: Path) -> None:
    played(tmp_path)
    path = tmp_path / f"{LESSON}.json"
    before = path.read_bytes()
    script = (
        "import resource, sys; from pathlib import Path; from tracer.lesson.progress import Progress\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))\n"
        "progress = Progress(sys.argv[1], Path(sys.argv[2])); progress.finish(); print(progress.done, progress.step, progress.why)\n"
    )
    command = [sys.executable, "-c", script, LESSON, tmp_path]
    said = subprocess.run(command, capture_output=True, text=True, env=environment(), cwd=ROOT, timeout=20, check=True).stdout
    assert said == f"True close progress is not kept: {path}: File too large\n"
    assert (path.read_bytes(), listing(tmp_path)) == (before, [path.name])


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_is_left_alone(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"{LESSON}.json"
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    progress = played(tmp_path)
    assert (progress.step, progress.why) == ("close", f"progress is not kept: {path}: it is no file")
    assert listing(tmp_path) == [path.name]


def test_what_may_not_be_read_is_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played(tmp_path)
    path = tmp_path / f"{LESSON}.json"
    before = path.read_bytes()

    def refused(*_: object) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("tracer.lesson.progress.read", refused)
    progress = Progress(LESSON, tmp_path)
    progress.at("accept")
    assert (progress.step, progress.why) == ("accept", f"progress is not kept: {path}: Permission denied")
    assert path.read_bytes() == before


def test_why_is_one_harmless_line(tmp_path: Path) -> None:
    (tmp_path / "\x1b\n").touch()
    assert "\\x1b\\x0a/x.json: Not a directory" in Progress("x", tmp_path / "\x1b\n").why


def test_a_teachers_own_lesson_has_a_file_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one/01-one-request", "two/01-one-request", "My Lesson"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    one, two, mine = (file_name(str(tmp_path / name)) for name in ("one/01-one-request", "two/01-one-request", "My Lesson"))
    assert len({one, two, mine, LESSON}) == 4
    assert [name.split("@")[0] for name in (one, two, mine)] == ["01-one-request", "01-one-request", "my-lesson"]
    assert (key_of(Path("one/01-one-request/")), key_of(Path("./one/../My Lesson"))) == tuple(
        str(tmp_path / name) for name in ("one/01-one-request", "My Lesson")
    )


def test_a_lesson_of_the_syllabus_is_known_by_its_name() -> None:
    assert file_name(key_of(lessons_folder() / LESSON)) == file_name(LESSON) == LESSON


@pytest.mark.parametrize("name", ["..", ".", "/", "../../x", "a/b\n", "x" * 200, "课", "X", "-", ".hidden", "x.json"])
def test_no_name_leaves_the_folder(name: str, tmp_path: Path) -> None:
    Progress(name, tmp_path).finish()
    assert len(listing(tmp_path)) == 1
    assert Progress(name, tmp_path).done
