"""A supervisor in a process of its own, for a viewer: neither waits for the other, and what ends the one does not harm the other."""

import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import tracer
from tracer.supervisor import LIMIT
from tracer.supervisor.commands import Lines, line
from tracer.supervisor.ending import Ending
from tracer.supervisor.journal import CannotRecord
from tracer.supervisor.start import Program

PATIENCE = 15.0  # seconds for the recording to begin, and for it to be complete when the program is to end
_AT_ONCE = 1.0  # seconds for a command to be taken: nobody waits longer, unless the supervisor is stopped

# Not `-m`: no module of the folder we are in may stand before the standard library's, and `tracer` must be the one that runs here.
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); import tracer; del sys.path[0]; "
    "from tracer.supervisor.__main__ import main; sys.exit(main())"
)


class Apart:
    """A run that has begun. It ends when this is left, or this process is gone; a Ctrl-C here is none of its program's."""

    def __init__(
        self, program: Program, path: Path, limit: int = LIMIT, size: tuple[int, int] | None = None, output: int = subprocess.DEVNULL
    ) -> None:
        """Start it. With a `size` (columns, rows) the program has a terminal of that size, else its output goes to `output`.

        Raises CannotRecord, with what the supervisor said, if it does not begin.
        """
        self.ending: Ending | None = None
        """How the run ended; known when this has been left, unless the supervisor was killed."""
        self._said: dict[str, dict[str, Any]] = {}
        self._lines = Lines()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed at the end; without a terminal the program's go here, too
        self._line, theirs = socket.socketpair()
        with theirs:
            theirs.set_inheritable(True)
            self._process = subprocess.Popen(
                _command(program, path, limit, size, theirs.fileno()),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=self._errors,
                start_new_session=True,
                close_fds=False,  # what we were given for the program, it gets
            )
        self.output = self._process.stdout
        try:
            if self._hear("started") is None:
                self.end()
                raise CannotRecord(self.last_words() or "the supervisor did not start")
        except BaseException:
            self.__exit__()
            raise

    def do(self, do: str, **fields: object) -> bool:
        """Have the supervisor do something, see commands.py; False if it is not there any more, or stands still."""
        self._line.settimeout(_AT_ONCE)
        try:
            self._line.sendall(line(do=do, **fields))
        except OSError:
            return False
        return True

    def end(self) -> None:
        """End the program, if it has not ended, and wait until its recording is complete."""
        with suppress(OSError):  # nobody is there
            self._line.shutdown(socket.SHUT_WR)
        ended = self._hear("ended")
        if ended is not None:
            self.ending = Ending(**{name: value for name, value in ended.items() if name != "said"})
        try:
            self._process.wait(_AT_ONCE if ended is None else PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def last_words(self) -> str:
        """The last line that the supervisor (and, without a terminal, its program) wrote to standard error."""
        self._errors.seek(0)
        said = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return said[-1].removeprefix("tracer: ") if said else ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.end()
        self._line.close()
        self._errors.close()
        if self.output is not None:
            self.output.close()

    def _hear(self, said: str) -> dict[str, Any] | None:
        """Wait until the supervisor says this; None if it does not."""
        deadline = time.monotonic() + PATIENCE
        while said not in self._said:
            self._line.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                data = self._line.recv(1 << 16)
            except OSError:  # TimeoutError is one
                return None
            if not data:
                return None
            self._said |= {str(message.get("said")): message for message in self._lines.feed(data)}
        return self._said[said]


def _command(program: Program, path: Path, limit: int, size: tuple[int, int] | None, line: int) -> list[str]:
    """The command line of the supervisor."""
    terminal = [] if size is None else ["--terminal", f"{size[0]}x{size[1]}"]
    hooks = [word for hook in program.hooks for word in ("--hook", hook)]
    holds = [word for hold in program.holds for word in ("--hold", hold)]
    imports = [word for folder in program.imports for word in ("--imports", folder)]
    options = ["--commands", str(line), "--limit", str(limit), "--python", program.python, *hooks, *holds, *imports, *terminal]
    here = str(Path(tracer.__file__).parents[1])
    return [sys.executable, "-P", "-c", _BOOT, here, *options, str(path.absolute()), *program.words]
