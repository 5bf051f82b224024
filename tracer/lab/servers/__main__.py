"""Serve one demo: `python -m tracer.lab.servers NAME`."""

import sys

from tracer.lab.ending import end_on_signals
from tracer.lab.servers import DEMOS


def main(arguments: list[str]) -> None:
    """Serve the demo until a signal ends it with status 0; a name that is no demo's: one line, status 2."""
    match arguments:
        case [name] if name in DEMOS:
            end_on_signals(0)
            DEMOS[name].main()
        case _:
            print(f"name one demo server: {', '.join(DEMOS)}", file=sys.stderr)
            sys.exit(2)


if __name__ == "__main__":
    main(sys.argv[1:])
