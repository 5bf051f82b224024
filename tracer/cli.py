"""The command line: `tracer demo`, `record`, `show`, `open`. Each command imports what it needs, and no more, when it runs."""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tracer import __version__
from tracer.supervisor import LIMIT

if TYPE_CHECKING:
    from tracer.supervisor.supervise import Ending

_MEGABYTE = 1_000_000
_DESCRIPTION = "See how a socketserver server works: every hook, in every thread and forked child, live."
_EPILOG = """\
examples:
  tracer demo                         a forking server, and clients on keys
  tracer demo --list                  the demo servers, a sentence each
  tracer record server.py --port 0    run server.py unchanged and record it
  tracer record -m http.server 8000   the same for a module
  tracer show FILE                    the call trees of a recording, as text
  tracer open FILE                    the same on the screen
"""


class Refused(Exception):  # noqa: N818 - what a person asked for cannot be done
    """One line that names the cure; the command ends with status 2."""


class _Parser(argparse.ArgumentParser):
    """One line for a mistake, as everywhere in this program."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words:
        _parser().print_help()
        return 0
    words, program = _split_program(words)
    options = _parser().parse_args(words)
    options.program = program
    try:
        if not sys.platform.startswith(("linux", "darwin")):
            raise Refused("tracer needs fork and Unix sockets: Linux (or, in part, macOS)")
        status: int = options.run(options)
    except Refused as refusal:
        print(f"tracer: {refusal}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        return 130
    return status


_TAKES_A_PROGRAM = ("record",)
_TAKES_A_VALUE = ("-o", "--output", "--limit")


def _split_program(words: list[str]) -> tuple[list[str], list[str]]:
    """The words for us, and the traced program's: SCRIPT ARGS… or -m MODULE ARGS…, whose options are none of ours."""
    if not words or words[0] not in _TAKES_A_PROGRAM:
        return words, []
    at = 1
    while at < len(words):
        word = words[at]
        if word == "--":
            return words[:at], words[at + 1 :]
        if word == "-m" or not word.startswith("-"):
            break
        at += 2 if word in _TAKES_A_VALUE else 1
    return words[:at], words[at:]


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = _Parser(prog="tracer", description=_DESCRIPTION, epilog=_EPILOG, formatter_class=raw)
    parser.add_argument("--version", action="version", version=f"tracer {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    demo = commands.add_parser("demo", help="watch a built-in server live, with clients on keys")
    demo.add_argument("name", metavar="NAME", nargs="?", help="which server (forking); see --list")
    demo.add_argument("--list", action="store_true", help="name the demo servers, a sentence each")
    demo.set_defaults(run=_demo)

    record = commands.add_parser(
        "record",
        help="run a program unchanged and record it",
        usage="tracer record [-o FILE] [--limit MB] SCRIPT ARGS… | -m MODULE ARGS…",
        description="Run a Python program and record every hook of its socketserver servers. The program keeps the terminal, "
        "its signals and its exit status.",
    )
    record.add_argument(
        "-o", "--output", metavar="FILE",
        help="where to record; a recording that is there is replaced (without -o: your state directory, where the newest 20 stay)",
    )  # fmt: skip
    record.add_argument("--limit", metavar="MB", type=_megabytes, default=LIMIT, help=f"largest size ({LIMIT // _MEGABYTE})")
    record.set_defaults(run=_record)

    show = commands.add_parser("show", help="print a recording as text: call trees, events or counts")
    show.add_argument("file", metavar="FILE")
    show.add_argument("--follow", action="store_true", help="print calls as they happen, until the recording ends")
    what = show.add_mutually_exclusive_group()
    what.add_argument("--events", action="store_true", help="one event a line")
    what.add_argument("--stats", action="store_true", help="counts: hooks, contexts, servers, connections")
    show.add_argument("--json", action="store_true", help="with --events or --stats: for programs")
    show.set_defaults(run=_show)

    opened = commands.add_parser("open", help="open a recording on the screen")
    opened.add_argument("file", metavar="FILE")
    opened.add_argument("--follow", action="store_true", help="follow a run that another terminal started")
    opened.set_defaults(run=_open)
    return parser


def _megabytes(text: str) -> int:
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number < 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no size: a number of megabytes above 0")
    return int(number * _MEGABYTE)


# ---- record


def _record(options: argparse.Namespace) -> int:
    from tracer.supervisor.journal import CannotRecord, new_path, program_name
    from tracer.supervisor.start import Program, end_as
    from tracer.supervisor.supervise import supervise

    program = options.program
    _check_program(program)
    path = Path(options.output) if options.output else new_path(program_name(program))
    try:
        ending = supervise(Program(program), path, options.limit)
    except CannotRecord as error:
        raise Refused(str(error)) from None
    for line in _said_at_the_end(ending, path):
        print(f"tracer: {line}", file=sys.stderr)
    if not ending.contexts and not options.output:
        path.unlink(missing_ok=True)
    sys.stderr.flush()
    return end_as(ending.status)


def _check_program(program: list[str]) -> None:
    if not program or program == ["-m"]:
        raise Refused("name a program to record: tracer record SCRIPT, or tracer record -m MODULE")
    if program[0] != "-m" and not Path(program[0]).exists():
        raise Refused(f"{program[0]}: no such file; a module is named with -m")


def _said_at_the_end(ending: "Ending", path: Path) -> list[str]:
    if not ending.contexts:
        lines = ["nothing recorded"] if ending.untraced else ["nothing recorded: this program never imported socketserver"]
    else:
        lines = [f"recorded; to see it: tracer open {path}"]
    if ending.limited:
        lines.append("the recording reached its limit (--limit): what came later is missing")
    if ending.lost:
        lines.append(f"{ending.lost} records could not be written")
    if ending.untraced:
        lines.append(f"in {ending.untraced} process(es) the tracer failed; they went on untraced")
    if ending.outliving:
        pids = ", ".join(map(str, ending.outliving))
        lines.append(f"still running, and recorded no further: process {pids}")
    return lines


# ---- show, open


def _show(options: argparse.Namespace) -> int:
    from tracer.recording.follow import NotARecording

    if options.json and not (options.events or options.stats):
        raise Refused("--json goes with --events or --stats")
    if options.follow and (options.events or options.stats):
        raise Refused("--follow prints the call trees: leave out --events and --stats")
    try:
        return _follow(options.file) if options.follow else _show_whole(options)
    except NotARecording as error:
        raise Refused(str(error)) from None


def _show_whole(options: argparse.Namespace) -> int:
    from tracer.text.counts import event_json, event_line, stats_json, stats_lines
    from tracer.timeline.load import load

    timeline, damaged = load(options.file)
    if options.stats:
        from tracer.timeline.stats import stats

        found = stats(timeline, damaged)
        lines: Iterable[str] = [stats_json(found)] if options.json else stats_lines(found)
    elif options.events:
        from tracer.timeline.events import events

        lines = map(event_json if options.json else event_line, events(timeline))
    else:
        from tracer.text.tree import tree
        from tracer.timeline.calls import rows

        lines = tree(rows(timeline), timeline.start)
        _warn_of_losses(timeline.lost, damaged)
        if timeline.ended is None:
            print("tracer: no end was recorded: it still goes on, or its supervisor was killed or had no room", file=sys.stderr)
    for line in lines:
        print(line)
    sys.stdout.flush()
    return 0


def _warn_of_losses(lost: int, damaged: int) -> None:
    if lost or damaged:
        print(f"tracer: {lost} records lost, {damaged} damaged places in the file: this is a partial view", file=sys.stderr)


def _follow(path: str | Path) -> int:
    """Print calls as they happen, until the recording ends."""
    from tracer.text.live import follow_lines

    for line in follow_lines(path):
        print(line, flush=True)
    return 0


def _open(options: argparse.Namespace) -> int:
    from tracer.recording.follow import Follower, NotARecording

    try:
        Follower(options.file).close()
    except NotARecording as error:
        raise Refused(str(error)) from None
    if not _has_screen():
        raise Refused(f"this needs a terminal; for text: tracer show {options.file}")
    from tracer.tui.app import watch

    try:
        return watch(options.file, title=options.file, follow=options.follow)
    except NotARecording as error:
        raise Refused(str(error)) from None


def _has_screen() -> bool:
    # Textual draws on standard error.
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return all(stream.isatty() for stream in streams) and os.environ.get("TERM", "dumb") != "dumb"


# ---- demo


def _demo(options: argparse.Namespace) -> int:
    from tracer.lab.servers import DEMOS

    if options.list:
        for demo in DEMOS.values():
            print(f"{demo.name:<15}{demo.sentence}")
        return 0
    name = options.name or "forking"
    if name not in DEMOS:
        raise Refused(f"there is no demo {name!r}: choose one of {', '.join(DEMOS)}")
    from tracer.demo import run_demo

    return run_demo(name, every=None if options.name else 2.0, screen=_has_screen())
