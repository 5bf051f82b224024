"""The wheel: all of the package and of the lessons is in it, and lessons can be learned where nothing else of this project is."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.probe.kit import ROOT, Raw, environment
from tracer.lesson.syllabus import names


def pip(*words: str | Path) -> None:
    """Run pip, without a network and without anybody's settings."""
    command = [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", *map(str, words), "--no-index", "--no-deps"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, stdin=subprocess.DEVNULL, cwd=ROOT)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", ROOT, "--no-build-isolation", "--wheel-dir", folder)
    (path,) = folder.iterdir()
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which that wheel is installed, and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    pip("install", wheel, "--target", folder)
    return folder


def files(folder: str) -> set[str]:
    """What a wheel can have of that folder of the checkout."""
    found = (path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(ROOT)) for path in found}


def test_what_is_in_it(wheel: Path) -> None:
    """The package, with the lessons inside; beside it only what pip wants to know."""
    name, version = wheel.name.split("-")[:2]
    found = set(ZipFile(wheel).namelist())
    assert {path for path in found if not path.startswith(f"{name}-{version}.dist-info/")} == {
        *files("tracer"),
        *(f"tracer/{path}" for path in files("lessons")),
    }


def test_learning_where_nothing_else_is(installed: Path, tmp_path: Path) -> None:
    """In an empty folder: all lessons are listed, and one is played to its end, all with what is in the wheel."""
    empty, state = tmp_path / "empty", tmp_path / "state"
    empty.mkdir()

    def python(*words: str) -> str:
        """What the interpreter prints that finds `tracer` there."""
        done = subprocess.run(
            [sys.executable, *words],
            capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL, cwd=empty,
            env=environment(PYTHONPATH=str(installed), XDG_STATE_HOME=str(state)),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    package = installed / "tracer"
    assert python("-c", "import tracer; print(tracer.__file__)") == f"{package}/__init__.py\n"

    listed = [line.split()[0] for line in python("-m", "tracer", "learn", "--list").splitlines()]
    assert listed == names()
    assert len(listed) == 16

    assert "This was the last step.\n" in python("-m", "tracer", "learn", "one-request", "--text", "--lang", "en")
    (path,) = (state / "tracer" / "recordings").iterdir()
    facts = Raw(path).facts
    assert facts[0]["program"] == [f"{package}/lessons/01-one-request/server.py"]
    ours = [fact for fact in facts if fact["type"] == "code" and fact["module"].startswith("tracer.")]
    assert {Path(fact["file"]).parent for fact in ours} == {package / "socketserver"}
    assert list(empty.iterdir()) == []
