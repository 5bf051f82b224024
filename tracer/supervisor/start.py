"""Starting a program so that every interpreter it brings up is traced, and changing nothing else about it."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

from tracer import probe
from tracer.probe.page import SIZE, Page, create

if TYPE_CHECKING:
    from tracer.supervisor.terminal import Terminal

BOOT = Path(probe.__file__).parent / "boot"

#: Signals that somebody sends to us and means for the program.
FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
#: Those that a terminal sends to all who have it: then the program gets them by itself.
OF_A_TERMINAL = (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)
#: Those that ask the program to end.
ENDING = (*OF_A_TERMINAL, signal.SIGTERM)


class Program(NamedTuple):
    """What is to be run."""

    words: list[str]  # SCRIPT ARGS… or -m MODULE ARGS…
    python: str = sys.executable  # the interpreter
    hooks: tuple[str, ...] = ()  # methods of the program's own to be watched: MODULE:CLASS.METHOD
    holds: tuple[str, ...] = ()  # where contexts are to be held from the start: filters
    imports: tuple[str, ...] = ()  # folders in which it finds modules, behind its own


class PrivateFolder:
    """A folder of this run that only its owner can enter: the page lies in it. Raises OSError where there is no room for it."""

    #: Sockets that may lie in it, too: where contexts ask whether they are held, and where followers come.
    SOCKETS = ("gate", "control")

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=f"tracer-{os.getpid()}-"))
        self.page_path = self.path / "page"
        self.gate_path, self.control_path = (self.path / name for name in self.SOCKETS)
        self._file = -1
        try:
            self.path.chmod(0o700)  # whatever the umask has taken away
            self.page: Page = create(str(self.page_path))
            self._file = os.open(self.page_path, os.O_RDONLY | os.O_CLOEXEC)  # somebody may tidy up where it lies
        except OSError:
            self.remove()
            raise

    @property
    def interpreters(self) -> int:
        """How many interpreters came up under the probe: each has added a byte to the page's file."""
        return os.fstat(self._file).st_size - SIZE

    def remove(self) -> None:
        """Take it away; processes that outlive the run keep the page they have mapped."""
        if self._file >= 0:
            os.close(self._file)
        _empty(self.path)
        with suppress(FileNotFoundError):
            self.path.rmdir()


def _empty(folder: Path) -> None:
    """Take away whatever may lie in a private folder."""
    for name in ("page", *PrivateFolder.SOCKETS):
        (folder / name).unlink(missing_ok=True)


def _is_left_over(folder: Path) -> bool:
    """Whether a page lies in that folder, and nothing that does not belong beside one."""
    others = {path.name for path in folder.iterdir() if path.name not in PrivateFolder.SOCKETS or not path.is_socket()}
    return others == {"page"} and (folder / "page").stat().st_size >= SIZE


def remove_abandoned() -> None:
    """Take away the folders of supervisors that were killed: ours beyond doubt, and of processes that are no more."""
    temporary = Path(tempfile.gettempdir())
    names = [name for name in os.listdir(temporary) if name.startswith("tracer-") and name.count("-") >= 2]  # noqa: PTH208 - may be many
    for folder in map(temporary.joinpath, names):
        pid = folder.name.split("-")[1]
        with suppress(OSError):  # another user's, or gone this moment
            known = folder.lstat()
            ours = stat.S_ISDIR(known.st_mode) and stat.S_IMODE(known.st_mode) == 0o700 and known.st_uid == os.geteuid()
            if ours and pid.isdigit() and not is_anybody(int(pid)) and _is_left_over(folder):
                _empty(folder)
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
    paths = [str(BOOT), *program.imports, *filter(None, [os.environ.get("PYTHONPATH")])]
    hooks = {"TRACER_HOOKS": " ".join(program.hooks)} if program.hooks else {}
    return {
        **os.environ,
        **hooks,
        "PYTHONPATH": os.pathsep.join(paths),
        "TRACER_RECORDING": str(recording.absolute()),
        "TRACER_PAGE": str(page),
    }


def start(program: Program, recording: Path, page: Path, terminal: "Terminal | None" = None) -> subprocess.Popen[bytes]:
    """Start `program` as its interpreter would, with our terminal and descriptors.

    With `terminal`, in a session of its own whose terminal is that one: what happens there concerns the program alone.
    """
    its_end = None if terminal is None else terminal.program_end
    return subprocess.Popen(
        [program.python, *program.words],
        env=environment(program, recording, page),
        close_fds=False,
        stdin=its_end,
        stdout=its_end,
        stderr=its_end,
        start_new_session=terminal is not None,
        preexec_fn=None if terminal is None else terminal.take,
    )


class Signals:
    """While entered: signals meant for the program are passed on to it, and a Ctrl-C, which it gets itself, does not end us.

    Handlers, not SIG_IGN: an ignored signal would be ignored by the program too. What was ignored already stays so. Only siginfo
    tells a Ctrl-C from `kill -INT`, and no handler is told it: so from the program's start on these wait until they are asked for.
    """

    def __init__(self, send: Callable[[int], None]) -> None:
        self._send = send
        self._before: dict[int, signal.Handlers | Callable[[int, FrameType | None], object] | int | None] = {}
        self._waiting: set[int] = set()
        self.asked: float | None = None
        """When the program was last asked to end, by time.monotonic(), as far as we were told."""

    def __enter__(self) -> "Signals":
        for number in {*FORWARDED, *OF_A_TERMINAL}:
            if signal.getsignal(number) != signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._pass_on if number in FORWARDED else _nothing)
        return self

    def sort(self) -> None:
        """From now on pass on what is somebody's, and not what is a terminal's, each time that `look` is called."""
        if sys.platform == "linux":
            self._waiting = {number for number in OF_A_TERMINAL if number in self._before}
            signal.pthread_sigmask(signal.SIG_BLOCK, self._waiting)

    def look(self) -> None:
        """Pass on what has come since the last time, unless the kernel itself sent it, as it does for a terminal.

        Of a terminal that hangs up it tells the session's leader alone: the program would have been that without us.
        """
        while self._waiting and (came := signal.sigtimedwait(self._waiting, 0)) is not None:
            self._note(came.si_signo)
            by_somebody = came.si_code <= 0  # see sigaction(2): SI_USER, SI_QUEUE, SI_TKILL
            if by_somebody or (came.si_signo == signal.SIGHUP and os.getsid(0) == os.getpid()):
                self._send(came.si_signo)

    def __exit__(self, *error: object) -> None:
        self.look()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._waiting)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        self._note(number)
        self._send(number)

    def _note(self, number: int) -> None:
        if number in ENDING:
            self.asked = time.monotonic()


def _nothing(number: int, frame: FrameType | None) -> None:
    return
