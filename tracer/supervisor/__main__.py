"""`python -m tracer.supervisor [options] RECORDING PROGRAM …`: a supervisor of its own process, for a viewer that starts a run.

See apart.py, which starts it, and commands.py for what they say to each other.
"""

import argparse
import sys
from pathlib import Path

from tracer.supervisor import LIMIT
from tracer.supervisor.commands import Viewer
from tracer.supervisor.journal import CannotRecord
from tracer.supervisor.start import Program
from tracer.supervisor.supervise import supervise


def main() -> int:
    """The program's exit status; 2 where no recording can be made."""
    options = _parser().parse_args()
    program = Program(options.program, options.python, tuple(options.hook), tuple(options.hold), tuple(options.imports))
    starter = Viewer.inherited(options.commands) if options.commands is not None else None
    try:
        if options.terminal is None:
            ending = supervise(program, options.recording, options.limit, starter)
        else:
            from tracer.supervisor.terminal import Terminal

            try:
                terminal = Terminal(*options.terminal)
            except OSError as error:
                raise CannotRecord(f"no terminal to be had for the program: {error.strerror}") from None
            ending = supervise(program, options.recording, options.limit, starter, terminal)
    except CannotRecord as error:
        print(f"tracer: {error}", file=sys.stderr)
        return 2
    return ending.exit_status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tracer.supervisor", allow_abbrev=False)
    parser.add_argument("--limit", metavar="BYTES", type=int, default=LIMIT)
    parser.add_argument("--python", metavar="PATH", default=sys.executable)
    parser.add_argument("--hook", metavar="MODULE:CLASS.METHOD", action="append", default=[])
    parser.add_argument("--hold", metavar="EXPR", action="append", default=[])
    parser.add_argument("--imports", metavar="FOLDER", action="append", default=[])
    parser.add_argument("--terminal", metavar="COLUMNSxROWS", type=_size, help="give the program a terminal of ours, of that size")
    parser.add_argument("--commands", metavar="FD", type=int, help="a socket to the viewer")
    parser.add_argument("recording", metavar="RECORDING", type=Path)
    parser.add_argument("program", metavar="PROGRAM", nargs=argparse.REMAINDER)
    return parser


def _size(text: str) -> tuple[int, int]:
    columns, _, rows = text.partition("x")
    return int(columns), int(rows)


if __name__ == "__main__":
    sys.exit(main())
