"""The lessons there are: where they lie, what they may be called, and what is said of a name that none of them has."""

from pathlib import Path

import pytest

from tracer.lesson import syllabus
from tracer.lesson.syllabus import NoLesson, find, following, lessons_folder, names


@pytest.fixture
def lessons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of lessons, in place of ours."""
    folder = tmp_path / "lessons"
    for name in ("07-accept-queue", "10-shutdown", "01-one-request", "mix-in-order", "08-draft"):
        (folder / name).mkdir(parents=True)
        (folder / name / "lesson.toml").touch()
    (folder / "08-draft" / "lesson.toml").unlink()
    (folder / "README.md").touch()
    monkeypatch.setattr(syllabus, "lessons_folder", lambda: folder)
    monkeypatch.chdir(tmp_path)
    return folder


def test_the_listing_is_the_syllabus(lessons: Path) -> None:
    assert names() == ["01-one-request", "07-accept-queue", "10-shutdown", "mix-in-order"]


def test_what_follows(lessons: Path) -> None:
    assert following(lessons / "01-one-request") == "07-accept-queue"
    assert [following(folder) for folder in (lessons / "mix-in-order", lessons / "08-draft", lessons.parent)] == ["", "", ""]


@pytest.mark.parametrize(
    "name", ["07-accept-queue", "07", "7", "accept-queue", "lessons/07-accept-queue", "lessons/07-accept-queue/lesson.toml"]
)
def test_what_a_lesson_may_be_called(lessons: Path, name: str) -> None:
    assert find(name).resolve() == lessons / "07-accept-queue"


def test_a_name_without_a_number_is_one_name(lessons: Path) -> None:
    assert find("mix-in-order") == lessons / "mix-in-order"
    with pytest.raises(NoLesson, match="did you mean mix-in-order"):
        find("in-order")


def test_a_path_stays_as_it_was_given(lessons: Path) -> None:
    assert find("lessons/08-draft") == Path("lessons/08-draft")
    assert find(".") == Path()


LIST = "(tracer learn --list names them all)"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("acept-queue", f"there is no lesson 'acept-queue': did you mean 07-accept-queue? {LIST}"),
        ("10-shutdwon", f"there is no lesson '10-shutdwon': did you mean 10-shutdown? {LIST}"),
        ("08", f"there is no lesson '08': its name, its number or the path of its folder is needed {LIST}"),
        (
            "lessons/README.md",
            f"there is no lesson 'lessons/README.md': its name, its number or the path of its folder is needed {LIST}",
        ),
        ("", f"there is no lesson '': its name, its number or the path of its folder is needed {LIST}"),
        ("\0\x1b[2J", rf"there is no lesson '\x00\x1b[2J': its name, its number or the path of its folder is needed {LIST}"),
    ],
)
def test_a_name_that_no_lesson_has(lessons: Path, name: str, said: str) -> None:
    with pytest.raises(NoLesson) as caught:
        find(name)
    assert str(caught.value) == said


def test_a_name_that_no_file_can_have(lessons: Path) -> None:
    with pytest.raises(NoLesson):
        find("x" * 5000)


def test_without_lessons_there_are_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(syllabus, "lessons_folder", lambda: tmp_path / "nowhere")
    assert names() == []


def test_ours_lie_beside_the_package_or_in_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert lessons_folder() == Path(__file__).parents[2] / "lessons"
    monkeypatch.setattr(syllabus, "__file__", str(tmp_path / "tracer" / "lesson" / "syllabus.py"))
    assert lessons_folder() == tmp_path / "lessons"
    (tmp_path / "tracer" / "lessons").mkdir(parents=True)
    assert lessons_folder() == tmp_path / "tracer" / "lessons"


def test_each_of_ours_has_a_number_of_its_own() -> None:
    numbers = [name.partition("-")[0] for name in names()]
    assert all(len(number) == 2 and number.isdecimal() for number in numbers)
    assert len(set(numbers)) == len(numbers)
