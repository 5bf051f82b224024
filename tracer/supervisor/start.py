"""Starting a program so that every interpreter it brings up is traced, and changing nothing else about it."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from tracer import probe
from tracer.probe.page import SIZE, Page, create

BOOT = Path(probe.__file__).parent / "boot"

#: Signals that somebody sends to us and means for the program. A terminal's Ctrl-C reaches both by itself.
FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
OWN_CONCERN = (signal.SIGINT, signal.SIGQUIT)


@dataclass(frozen=True)
class Program:
    """What is to be run."""

    words: list[str]  # SCRIPT ARGS… or -m MODULE ARGS…
    python: str = sys.executable  # the interpreter
    hooks: tuple[str, ...] = ()  # methods of the program's own to be watched: MODULE:CLASS.METHOD


class PrivateFolder:
    """A folder of this run that only its owner can enter: the page lies in it."""

    def __init__(self) -> None:
        _remove_abandoned()
        self.path = Path(tempfile.mkdtemp(prefix=f"tracer-{os.getpid()}-"))
        self.page_path = self.path / "page"
        self.page: Page = create(str(self.page_path))

    def remove(self) -> None:
        """Take it away; processes that outlive the run keep the page they have mapped."""
        self.page_path.unlink(missing_ok=True)
        self.path.rmdir()


def _remove_abandoned() -> None:
    """Take away the folders of supervisors that were killed: ours beyond doubt, and of processes that are no more."""
    for folder in Path(tempfile.gettempdir()).glob("tracer-*-????????"):
        pid = folder.name.split("-")[1]
        with suppress(OSError):  # another user's, or gone this moment
            known = folder.lstat()
            ours = stat.S_ISDIR(known.st_mode) and stat.S_IMODE(known.st_mode) == 0o700 and known.st_uid == os.geteuid()
            contents = [(path.name, path.stat().st_size) for path in folder.iterdir()] if ours else None
            if contents == [("page", SIZE)] and pid.isdigit() and not is_anybody(int(pid)):
                (folder / "page").unlink()
                folder.rmdir()


def is_anybody(pid: int) -> bool:
    """Whether there is a process of that number; True where that cannot be told."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def environment(program: Program, recording: Path, page: Path) -> dict[str, str]:
    """The environment in which each interpreter finds the probe."""
    paths = [str(BOOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    hooks = {"TRACER_HOOKS": " ".join(program.hooks)} if program.hooks else {}
    return {
        **os.environ,
        **hooks,
        "PYTHONPATH": os.pathsep.join(paths),
        "TRACER_RECORDING": str(recording.absolute()),
        "TRACER_PAGE": str(page),
    }


def start(program: Program, recording: Path, page: Path) -> subprocess.Popen[bytes]:
    """Start `program` as its interpreter would, with our terminal and descriptors."""
    return subprocess.Popen([program.python, *program.words], env=environment(program, recording, page), close_fds=False)


class Signals:
    """While entered: signals meant for the program are passed on to it, and a Ctrl-C, which it gets itself, does not end us.

    Handlers, not SIG_IGN: an ignored signal would be ignored by the program too. What was ignored already stays so.
    """

    def __init__(self, send: Callable[[int], None]) -> None:
        self._send = send
        self._before: dict[int, signal.Handlers | Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> None:
        for number in (*FORWARDED, *OWN_CONCERN):
            if signal.getsignal(number) != signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._pass_on if number in FORWARDED else _nothing)

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        self._send(number)


def _nothing(number: int, frame: FrameType | None) -> None:
    return


def end_as(status: int) -> int:
    """End this process as another one ended: the exit status for `sys.exit`, or not at all if a signal ended the other.

    `status` is as subprocess has it: minus the number of the signal.
    """
    if status >= 0:
        return status
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # one core file, the program's, is enough
    signal.signal(-status, signal.SIG_DFL) if -status not in (signal.SIGKILL, signal.SIGSTOP) else None
    os.kill(os.getpid(), -status)
    return 128 - status
