"""The lessons themselves: each is played with its real server, and all together they visit the whole framework."""

import fcntl
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tracer import socketserver
from tracer.lesson.check import check
from tracer.lesson.format import LANGUAGES, load
from tracer.lesson.syllabus import lessons_folder, names
from tracer.probe.hooks import HOOKS
from tracer.timeline.load import load as load_recording

NAMES = names()
CLASSES = [name for name in socketserver.__all__ if isinstance(getattr(socketserver, name), type)]


def _play(name: str, place: Path) -> dict[str, Any]:
    """What playing a lesson, with all its experiments, says and visits."""
    place.mkdir()
    said: list[str] = []
    whole = check(lessons_folder() / name, said.append, place)
    hooks, classes = set(), set()
    timeline, _ = load_recording(place / "lesson.tracer")  # what an experiment alone visits many will not see
    for context in timeline.ordered.items:
        hooks |= {timeline.code(timeline.spans.code(context, span)).hook for span in range(context.spans)}
    for known in timeline.servers.values():
        for _, _, fact in known:
            classes |= {str(one).rpartition(".")[2] for one in fact["mro"]}
    classes |= {code.owner for code in timeline.codes.values()}
    return {"whole": whole, "said": said, "hooks": sorted(hooks), "classes": sorted(classes)}


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Callable[[str], dict[str, Any]]:
    """What playing a lesson says and visits: each is played once, whichever process of the tests asks first."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "lessons"
    folder.mkdir(exist_ok=True)

    def ask(name: str) -> dict[str, Any]:
        with open(folder / f"{name}.json", "a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            text = file.read()
            if not text:
                text = json.dumps(_play(name, folder / name))
                file.write(text)
                file.flush()
        return dict(json.loads(text))

    return ask


def test_there_are_sixteen() -> None:
    assert len(NAMES) == 16
    assert [name[:2] for name in NAMES] == [f"{number:02}" for number in range(1, 17)]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", NAMES)
def test_a_lesson_can_be_played(name: str, played: Callable[[str], dict[str, Any]]) -> None:
    found = played(name)
    assert found["whole"], "\n".join(found["said"])


@pytest.mark.parametrize("name", NAMES)
def test_a_lesson_says_the_same_in_each_language(name: str) -> None:
    lesson = load(lessons_folder() / name)
    steps = [(step.id, [question.id for question in step.questions]) for step in lesson.steps]
    ids = [*steps, *((experiment.id, []) for experiment in lesson.experiments)]
    for language in LANGUAGES:
        page = lesson.pages[language]
        assert [(section.id, list(section.questions)) for section in page.sections.values()] == ids
        assert all(section.blocks for section in page.sections.values())


@pytest.mark.parametrize("name", NAMES)
def test_a_lesson_asks_and_has_something_to_try(name: str) -> None:
    lesson = load(lessons_folder() / name)
    assert 4 <= len(lesson.steps) <= 10
    assert sum(len(step.questions) for step in lesson.steps) >= 3
    assert all(step.checks for step in lesson.steps)
    assert lesson.experiments


@pytest.mark.timeout(400)
def test_the_lessons_visit_every_hook_and_every_class(played: Callable[[str], dict[str, Any]]) -> None:
    """Where all of them are played by one process this is where; else most are played by now."""
    found = [played(name) for name in NAMES]
    assert set(HOOKS) - {hook for one in found for hook in one["hooks"]} == set()
    assert set(CLASSES) - {name for one in found for name in one["classes"]} == set()
