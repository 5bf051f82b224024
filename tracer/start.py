"""`tracer` alone: what there is to choose from. What is chosen is a command line, as a person might have typed it."""

import fcntl
import os
import time
from pathlib import Path

from tracer.lab.servers import DEMOS
from tracer.lesson.overview import entries
from tracer.lesson.words import say
from tracer.lesson.wrap import cells
from tracer.recording.text import harmless
from tracer.supervisor.journal import recordings_folder
from tracer.tui.controls import Controls
from tracer.tui.leaving import leave_on_sigterm
from tracer.tui.screens.start import Choice, Section

MOST = 20  # recordings


def choose(said: str, language: str, learn: tuple[str, ...] = ()) -> list[str] | int:
    """Let the person choose: a command line, or the exit status to end with. `said`: what came of the last choice.

    `learn`: words that a lesson is to be begun with, the command's name the first of them; then lessons stand on top.
    """
    from tracer.tui.start import start

    controls = Controls()
    leave_on_sigterm(controls)
    sections = [demos(), lessons(language, learn or ("learn",)), recordings(recordings_folder(), time.time())]
    if learn:
        sections.insert(0, sections.pop(1))
    return start(tuple(sections), controls, said)


def demos() -> Section:
    """The built-in servers."""
    choices = [Choice(("demo", demo.name), demo.name, demo.sentence) for demo in DEMOS.values()]
    beside = ("tcp", "threading", "forking")
    sentence = "One at a time, a thread each, a child each: hit by the same clients, request beside request."
    choices.append(Choice(("demo", *beside), "side by side", sentence))
    return Section("Demos: servers to watch, with clients on keys", tuple(choices))


def lessons(language: str, words: tuple[str, ...]) -> Section:
    """The lessons, each begun with those words and its name."""
    found = [*entries(language)]
    wide = max((cells(one.minutes) for one in found), default=0)
    choices = (
        Choice((*words, one.name), one.name, f"{' ' * (wide - cells(one.minutes))}{one.minutes}  {one.sentence}") for one in found
    )
    return Section(say(language, "lessons"), tuple(choices), say(language, "no lessons"))


def recordings(folder: Path, now: float) -> Section:
    """The newest recordings that nobody named, the newest first."""
    found = []
    for path in folder.glob("*.tracer"):
        try:
            known = path.stat()
        except OSError:
            continue  # another command has made room
        if known.st_size:
            found.append((known.st_mtime, path, known.st_size))
    found.sort(reverse=True)
    return Section("Recordings", tuple(_recording(path, size, written, now) for written, path, size in found[:MOST]), "none yet")


def _recording(path: Path, size: int, written: float, now: float) -> Choice:
    name = path.stem.rsplit("-", 3)[0]  # as supervisor/journal.py names it: name, date, time, pid
    today = time.localtime(written)[:3] == time.localtime(now)[:3]
    when = time.strftime("today %H:%M" if today else "%Y-%m-%d %H:%M", time.localtime(written))
    follow = is_recorded(path)
    words = f"{when:>16} {_size(size):>10}{'  still running: is followed' if follow else ''}"
    return Choice(("open", *(["--follow"] if follow else []), str(path)), harmless(name), words)


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1_000_000 else f"{max(1, size // 1000)} kB"


def is_recorded(path: Path) -> bool:
    """Whether somebody records to that file: whoever does keeps it locked."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False
