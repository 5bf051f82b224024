"""Interpreters: which one can be traced, and what it may not be given.

The probe comes by the environment: PYTHONPATH leads to a `sitecustomize` of ours. An interpreter that is told to ignore either
starts untraced, and nobody would know why.
"""

import os
import shutil
import subprocess
from pathlib import Path

from tracer.supervisor.start import BOOT, Program, environment

OLDEST, NEWEST = (3, 11), (3, 13)
PATIENCE = 30.0  # seconds for an interpreter to start

# What it is, which of our conditions it breaks, and whether our sitecustomize has run: its finder is there.
_QUESTION = """\
import sys
ours = [finder for finder in sys.meta_path if getattr(type(finder), "find_spec", None) is not None
        and getattr(getattr(type(finder).find_spec, "__code__", None), "co_filename", "").startswith(sys.argv[1])]
flags = [getattr(sys.flags, name, 0) for name in ("isolated", "ignore_environment", "no_site")]
name = getattr(getattr(sys, "implementation", None), "name", "cpython")
print(" ".join([name, "%d %d" % sys.version_info[:2], "".join(str(int(flag)) for flag in flags), str(len(ours))]))
"""
_IGNORING = "makes Python ignore what the probe comes by (PYTHONPATH and sitecustomize)"

#: Options of Python that stand for a variable of the environment.
_VARIABLES = {
    "b": "",
    "B": "PYTHONDONTWRITEBYTECODE=1",
    "d": "PYTHONDEBUG=1",
    "i": "PYTHONINSPECT=1",
    "O": "PYTHONOPTIMIZE=1",
    "P": "PYTHONSAFEPATH=1",
    "q": "",
    "R": "PYTHONHASHSEED=random",
    "s": "PYTHONNOUSERSITE=1",
    "u": "PYTHONUNBUFFERED=1",
    "v": "PYTHONVERBOSE=1",
    "W": "PYTHONWARNINGS=…",
    "X": "its variable, such as PYTHONDEVMODE=1",
}


class CannotTrace(Exception):  # noqa: N818 - it says what cannot be done
    """Why no program can be traced like that; the message is one line that names the cure."""


def check_option(word: str) -> None:
    """Raise CannotTrace if `word` is an option of Python's own, where SCRIPT should be."""
    letters = word[1:]
    if not word.startswith("-") or word.startswith("--") or not letters:
        return
    for letter in "IES":
        if letter in letters and letters[0] in {"I", "E", "S", *_VARIABLES} - {"X", "W"}:
            raise CannotTrace(f"-{letter} {_IGNORING}: leave it out")
    if letters[0] == "c":
        raise CannotTrace("-c is not possible: put the text into a file, and name that")
    if letters[0] in _VARIABLES:
        variable = _VARIABLES[letters[0]]
        cure = f"set {variable} instead" if variable else "leave it out"
        raise CannotTrace(f"-{letters[0]} is an option of Python's own: {cure}, or name a wrapper that adds it with --python")


def find(python: str) -> str:
    """The path of the interpreter that `--python` names, after asking it once. Raises CannotTrace if its programs cannot be traced."""
    found = shutil.which(python)
    if found is None:
        there = os.sep in python and Path(python).exists()
        raise CannotTrace(f"--python {python}: {'not executable' if there else 'no such interpreter'}")
    path = os.path.abspath(found)  # noqa: PTH100 - links stay: an environment's interpreter is one
    implementation, major, minor, flags, ours = _ask(path, python)
    version = int(major), int(minor)
    if implementation != "cpython" or not OLDEST <= version <= NEWEST:
        name = "Python" if implementation == "cpython" else implementation
        raise CannotTrace(f"--python {python}: that is {name} {major}.{minor}; CPython 3.11, 3.12 and 3.13 can be traced")
    ignored = dict(zip("IES", flags, strict=True))
    for option, given in ignored.items():
        if given != "0":
            raise CannotTrace(f"--python {python}: it adds -{option}, which {_IGNORING}")
    if ours == "0":
        raise CannotTrace(f"--python {python}: it does not pass PYTHONPATH on, by which the probe comes")
    return path


def _ask(path: str, python: str) -> tuple[str, str, str, str, str]:
    """The five words that it answers."""
    nowhere = Path(os.devnull)
    try:
        done = subprocess.run(
            [path, "-c", _QUESTION, str(BOOT)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=False,
            env=environment(Program([], path), nowhere, nowhere),
        )
    except subprocess.TimeoutExpired:
        raise CannotTrace(f"--python {python}: it does not answer") from None
    except OSError as error:
        raise CannotTrace(f"--python {python}: it cannot be started: {error.strerror}") from None
    answer = (done.stdout.splitlines() or [""])[-1].split()
    if done.returncode != 0 or len(answer) != 5 or not (answer[1] + answer[2]).isdigit():
        said = (done.stderr.strip().splitlines() or ["it does not answer as Python does"])[-1]
        raise CannotTrace(f"--python {python}: {said}")
    implementation, major, minor, flags, ours = answer
    return implementation, major, minor, flags, ours


def check_hook(text: str) -> None:
    """Raise CannotTrace if `text` does not name a method as MODULE:CLASS.METHOD."""
    module, _, method = text.partition(":")
    names = [*module.split("."), *method.split(".")]
    if "." not in method or not all(name.isidentifier() for name in names):
        raise CannotTrace(f"--hook {text}: a method is named MODULE:CLASS.METHOD, such as shop.web:Handler.reply")
