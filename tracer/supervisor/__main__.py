"""`python -m tracer.supervisor OWNER RECORDING LIMIT PROGRAM …`: a supervisor of its own process, for a viewer that starts a run.

OWNER is the viewer's pid; when it is gone, the program is asked to end.
"""

import sys
from pathlib import Path

from tracer.supervisor.journal import CannotRecord
from tracer.supervisor.start import Program
from tracer.supervisor.supervise import supervise


def main() -> int:
    """The program's exit status; 2 where no recording can be made."""
    owner, path, limit, *program = sys.argv[1:]
    try:
        ending = supervise(Program(program), Path(path), int(limit), int(owner))
    except CannotRecord as error:
        print(f"tracer: {error}", file=sys.stderr)
        return 2
    return ending.status if ending.status >= 0 else 128 - ending.status


if __name__ == "__main__":
    sys.exit(main())
