"""The supervisor's side of a recording: the file is made here, and what the supervisor knows is appended as facts."""

import fcntl
import os
import stat
import sys
import time
from contextlib import suppress
from pathlib import Path

from tracer import __version__
from tracer.kernel.answer import NotAvailable
from tracer.kernel.processes import born
from tracer.probe.frames import HEADER, MARK, VERSION, fact
from tracer.recording import marks
from tracer.recording.private import make_folder
from tracer.supervisor import LIMIT
from tracer.supervisor.start import is_anybody


class CannotRecord(Exception):  # noqa: N818 - it says what cannot be done
    """Why no recording can be made there; the message is one line for the person who asked for it."""


class Journal:
    """An open recording to append to."""

    def __init__(self, path: Path, program: list[str], limit: int = LIMIT) -> None:
        """Make the recording at `path`, of at most `limit` bytes or a little more; an older one is replaced. Raises CannotRecord."""
        try:
            if path.parent == recordings_folder():  # any other is the person's
                make_folder(path.parent)
            self._descriptor = _take(path)
            self.path = path.resolve()  # where it is, should the program change its directory, or somebody a link on the way
        except OSError as error:
            raise CannotRecord(f"cannot record to {path}: {error.strerror}") from None
        system = os.uname()
        begun = self.tell(
            type="header",
            version=VERSION,
            tracer=__version__,
            python="{}.{}.{}".format(*sys.version_info),
            platform=f"{system.sysname} {system.release} {system.machine}",
            program=program,
            supervisor=_identity(),
            limit=limit,
            monotonic_ns=time.monotonic_ns(),
            time=time.time(),
        )
        if not begun:
            self.close()
            raise CannotRecord(f"nothing can be written to {path}")

    def tell(self, **fields: object) -> int:
        """Append one fact: its bytes; 0 when the disk does not take it (the reader sees a torn frame, or nothing)."""
        data = fact(0, **fields)
        try:
            return len(data) if os.write(self._descriptor, data) == len(data) else 0
        except OSError:
            return 0

    @property
    def size(self) -> int:
        """Bytes in the recording."""
        return os.fstat(self._descriptor).st_size

    @property
    def opened(self) -> Path:
        """The file to read, also when something else, or nothing, is at its path by now."""
        opened = Path(f"/proc/self/fd/{self._descriptor}")
        return opened if opened.exists() else self.path

    def close(self) -> None:
        """Nothing more is to be told."""
        os.close(self._descriptor)


def _identity() -> dict[str, int]:
    """Who ends the recording: a follower that waits for that can see whether anybody is left to do it."""
    began = born(os.getpid())
    return {"pid": os.getpid(), "born": 0 if isinstance(began, NotAvailable) else began}


def _take(path: Path) -> int:
    """A descriptor of the empty file at `path`, which is nobody else's recording and nothing that would be missed.

    Only a recording, or an empty file, may be overwritten: `-o server.py server.py` must not cost anybody a program. From now on it
    is its owner's alone, whatever it was and whatever the umask says: it tells who connected, and what went wrong in a program.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_NONBLOCK, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise CannotRecord(f"cannot record to {path}: it is no file")
        begin = os.pread(descriptor, HEADER.size, 0)
        if begin and not begin.startswith(MARK):
            raise CannotRecord(f"{path} exists and is not a recording: choose another name for -o")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotRecord(f"another run is being recorded to {path}: choose another name for -o") from None
        _keep_private(descriptor, path)
        os.ftruncate(descriptor, 0)
        marks.forget(path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _keep_private(descriptor: int, path: Path) -> None:
    try:
        os.fchmod(descriptor, 0o600)
    except PermissionError:
        if os.fstat(descriptor).st_uid != os.geteuid():
            raise CannotRecord(f"{path} belongs to another user: choose another name for -o") from None
        # else a file system that has no modes, and a rule of its own who may read


def recordings_folder() -> Path:
    """Where recordings go that nobody named: the user's state directory."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "tracer" / "recordings"


KEPT = 20  # finished recordings; the oldest make room. Demos and lessons are counted apart: they must not cost anybody a recording.
_APART = ("demo-", "learn-")


def new_path(name: str) -> Path:
    """A path for a recording of `name`, started now. Of the older ones of its kind (demo, lesson or program) the newest KEPT stay."""
    folder = recordings_folder()
    _forget_oldest(folder, KEPT - 1, _kind(name))
    stamp = time.strftime("%Y%m%d-%H%M%S")
    return folder / f"{name or 'program'}-{stamp}-{os.getpid()}.tracer"


def _kind(name: str) -> str:
    """What the names of recordings begin with that are counted together; "": those of programs."""
    return next((begin for begin in _APART if name.startswith(begin)), "")


def _forget_oldest(folder: Path, keep: int, kind: str) -> None:
    ours = [path for path in folder.glob("*.tracer") if _kind(path.name) == kind]
    finished = [path for path in ours if not _is_running(path)]
    with suppress(FileNotFoundError):  # another command makes room at the same time
        finished.sort(key=lambda path: path.stat().st_mtime)
        for path in finished[: max(0, len(finished) - keep)]:
            path.unlink()
            marks.forget(path)


def _is_running(path: Path) -> bool:
    """Whether the supervisor that the file's name ends with still runs."""
    pid = path.stem.rpartition("-")[2]
    return pid.isdigit() and is_anybody(int(pid))


def program_name(command: list[str]) -> str:
    """A short name for a command line, for files: `server` for `server.py --port 0`, `http.server` for `-m http.server`."""
    name = command[1] if command[0] == "-m" and len(command) > 1 else Path(command[0]).stem
    return "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in name)[:40]
