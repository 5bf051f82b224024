"""The lessons there are: the folders of `lessons/`, in the order of their names."""

from difflib import get_close_matches
from pathlib import Path

from tracer.recording.text import harmless

LESSON = "lesson.toml"
"""The file that makes a folder a lesson."""


class NoLesson(Exception):  # noqa: N818 - it says what there is not
    """That no lesson is called so, in one line with the nearest names."""


def lessons_folder() -> Path:
    """Where the lessons are: in the package, if it came as a wheel; in a checkout, beside it."""
    package = Path(__file__).parent.parent
    shipped = package / "lessons"
    return shipped if shipped.is_dir() else package.parent / "lessons"


def names() -> list[str]:
    """The names of the lessons, in their order."""
    return names_in(lessons_folder())


def names_in(folder: Path) -> list[str]:
    """The names of the folders in that folder that are lessons, in their order."""
    return sorted(path.parent.name for path in folder.glob(f"*/{LESSON}"))


def key_of(folder: Path) -> str:
    """What a lesson is known by among all that a student may play: its name in the syllabus, or else the path of its folder."""
    folder = folder.resolve()
    return folder.name if folder.parent == lessons_folder().resolve() else str(folder)


def following(folder: Path) -> str:
    """The name of the lesson behind that one in the syllabus; "": it is the last one, or not in it."""
    known, key = names(), key_of(folder)
    return next(iter(known[known.index(key) + 1 :]), "") if key in known else ""


def find(name: str) -> Path:
    """The folder of the lesson that a person calls `name`: by that, or by its number or its words alone, or by a path. Raises NoLesson.

    A path need not lead to a lesson: what is missing there `format.load` tells.
    """
    known = names()
    found = next((one for one in known if name in _short(one)), None)
    if found is not None:
        return lessons_folder() / found
    path = Path(name)
    try:
        if name and path.is_dir():
            return path
        if path.name == LESSON and path.is_file():
            return path.parent
    except (OSError, ValueError):
        pass  # what has no such name is no path either
    raise NoLesson(_unknown(name, known))


def _short(name: str) -> set[str]:
    """All that a lesson may be called: 07-accept-queue, 07, 7, accept-queue."""
    number, _, words = name.partition("-")
    return {name, number, number.lstrip("0"), words} - {""} if number.isdecimal() else {name}


def _unknown(name: str, known: list[str]) -> str:
    shorts = {short: one for one in known for short in _short(one) if not short.isdecimal()}
    near = dict.fromkeys(shorts[short] for short in get_close_matches(name[:100], shorts, 3))
    cure = f"did you mean {' or '.join(near)}?" if near else "its name, its number or the path of its folder is needed"
    return harmless(f"there is no lesson {name!r}: {cure} (tracer learn --list names them all)")
