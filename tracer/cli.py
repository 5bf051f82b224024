"""The command line: `tracer demo`, `run`, `record`, `show`, `open`. Each command imports what it needs, and no more, when it runs."""

import argparse
import io
import os
import sys
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tracer import __version__
from tracer.supervisor import LIMIT

if TYPE_CHECKING:
    from tracer.supervisor.ending import Ending
    from tracer.supervisor.start import Program

_MEGABYTE = 1_000_000
_DESCRIPTION = "See how a socketserver server works: every hook, in every thread and forked child, live."
_EPILOG = """\
examples:
  tracer demo                         a forking server, and clients on keys
  tracer demo --list                  the demo servers, a sentence each
  tracer run server.py --port 0       run server.py unchanged and watch it live
  tracer run -m http.server 8000      the same for a module
  tracer record server.py --port 0    run it without a screen: it keeps the terminal
  tracer record -m http.server 8000   the same for a module
  tracer show FILE                    the call trees of a recording, as text
  tracer open FILE                    the same on the screen
"""

_PROGRAM_USAGE = (
    "tracer {name} [-o FILE] [--python PATH] [--hook MODULE:CLASS.METHOD] [--hold EXPR] [--limit MB] SCRIPT ARGS… | -m MODULE ARGS…"
)
_PROGRAM_EPILOG = """\
The options of tracer stand before the program's name; what follows it is the program's own.

examples:
  tracer {name} server.py --port 0
  tracer {name} -m http.server 8000
  tracer {name} --python .venv/bin/python -m flask --app shop run    the Python of another environment
  tracer {name} --hook shop.web:Handler.reply server.py              a method of your own, beside the framework's
  tracer {name} --hold 'before handle' server.py                     each connection waits there, until you release it
  tracer {name} --hold 'after get_request & nth:3' server.py         only the third is held, and its server with it
"""


class Refused(Exception):  # noqa: N818 - what a person asked for cannot be done
    """One line that names the cure; the command ends with status 2."""


class _Parser(argparse.ArgumentParser):
    """One line for a mistake, as everywhere in this program, and every option by its whole name: `_split_program` knows no others."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):  # our arrows must not end us where there are no letters but ASCII
        sys.stdout.reconfigure(errors="backslashreplace")
    if not words:
        _parser().print_help()
        return 0
    try:
        words, program = _split_program(words)
        options, unknown = _parser().parse_known_args(words)
        if unknown:
            raise Refused(f"{unknown[0]} is not understood (see tracer {options.command} --help)")
        options.program = program
        if not sys.platform.startswith(("linux", "darwin")):
            raise Refused("tracer needs fork and Unix sockets: Linux (or, in part, macOS)")
        status: int = options.run(options)
    except Refused as refusal:
        _say(str(refusal))
        return 2
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        return 130
    return status


_TAKES_A_PROGRAM = ("run", "record")
_TAKES_A_VALUE = ("-o", "--output", "--python", "--hook", "--hold", "--limit")  # in the word that follows, unless it stands in the same


def _split_program(words: list[str]) -> tuple[list[str], list[str]]:
    """The words for us, and the traced program's: SCRIPT ARGS… or -m MODULE ARGS…, whose options are none of ours.

    Raises Refused where an option of the interpreter's stands among ours.
    """
    if not words or words[0] not in _TAKES_A_PROGRAM:
        return words, []
    at = 1
    while at < len(words) and _is_option(words[at]):
        if words[at] in _TAKES_A_VALUE:
            at += 2
        else:
            _check_option(words[at])
            at += 1
    ours, program = words[:at], words[at:]
    if program[:1] == ["--"]:
        del program[0]
    if program and program[0].startswith("-m") and program[0] != "-m":
        program[:1] = ["-m", program[0].removeprefix("-m")]
    return ours, program


def _is_option(word: str) -> bool:
    """Whether it may be one of ours: neither a script, nor -m with or without its module, nor the end of ours."""
    return word.startswith("-") and word not in ("-", "--") and not word.startswith("-m")


def _check_option(word: str) -> None:
    from tracer.supervisor.interpreter import CannotTrace, check_option

    try:
        check_option(word)
    except CannotTrace as error:
        raise Refused(str(error)) from None


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = _Parser(prog="tracer", description=_DESCRIPTION, epilog=_EPILOG, formatter_class=raw)
    parser.add_argument("--version", action="version", version=f"tracer {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    demo = commands.add_parser("demo", help="watch a built-in server live, with clients on keys")
    demo.add_argument("name", metavar="NAME", nargs="?", help="which server (forking); see --list")
    demo.add_argument("--list", action="store_true", help="name the demo servers, a sentence each")
    _add_hold(demo)
    demo.set_defaults(run=_demo)

    programs = [
        (
            "run", _run, "run a program unchanged and watch it live",
            "Run a Python program and watch every hook of its socketserver servers. It has a terminal of its own, whose\n"
            "output is a panel of the screen; quitting ends it.",
        ),
        (
            "record", _record, "run a program unchanged and record it",
            "Run a Python program and record every hook of its socketserver servers. The program keeps the terminal,\n"
            "its signals and its exit status.",
        ),
    ]  # fmt: skip
    for name, run, sentence, description in programs:
        usage, epilog = _PROGRAM_USAGE.format(name=name), _PROGRAM_EPILOG.format(name=name)
        command = commands.add_parser(name, help=sentence, description=description, usage=usage, epilog=epilog, formatter_class=raw)
        _add_program_options(command)
        command.set_defaults(run=run)

    show = commands.add_parser("show", help="print a recording as text: call trees, events or counts")
    show.add_argument("file", metavar="FILE", help="a recording, such as `tracer record` names at its end")
    show.add_argument("--follow", action="store_true", help="print calls as they happen, until the recording ends")
    what = show.add_mutually_exclusive_group()
    what.add_argument("--events", action="store_true", help="one event a line")
    what.add_argument("--stats", action="store_true", help="counts: hooks, contexts, servers, connections")
    show.add_argument("--json", action="store_true", help="with --events or --stats: for programs")
    show.set_defaults(run=_show)

    opened = commands.add_parser("open", help="open a recording on the screen")
    opened.add_argument("file", metavar="FILE", help="a recording, such as `tracer record` names at its end")
    opened.add_argument("--follow", action="store_true", help="follow a run that another terminal started")
    opened.set_defaults(run=_open)
    return parser


def _add_program_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o", "--output", metavar="FILE",
        help="where to record; a recording that is there is replaced (without -o: your state directory, where the newest 20 stay)",
    )  # fmt: skip
    parser.add_argument(
        "--python", metavar="PATH", help="the interpreter, of any environment; nothing is installed there (default: this one)"
    )
    parser.add_argument(
        "--hook",
        metavar="MODULE:CLASS.METHOD",
        action="append",
        default=[],
        help="a method of the program's own to show, too; repeatable",
    )
    _add_hold(parser)
    parser.add_argument(
        "--limit", metavar="MB", type=_megabytes, default=LIMIT, help=f"largest size of the recording ({LIMIT // _MEGABYTE})"
    )


def _add_hold(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--hold", metavar="EXPR", action="append", default=[],
        help="hold whoever comes there, until released: a hook and conditions, such as 'before handle & peer:53122'; repeatable",
    )  # fmt: skip


def _megabytes(text: str) -> int:
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 1 / _MEGABYTE <= number < 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no size: a number of megabytes above 0")
    return int(number * _MEGABYTE)


# ---- run, record


def _run(options: argparse.Namespace) -> int:
    import shlex

    from tracer.recording.follow import NotARecording
    from tracer.run import name_of, run
    from tracer.supervisor.journal import CannotRecord
    from tracer.text.ending import how_it_ended

    _check_words("run", options.program)
    if not _has_screen():
        raise Refused(f"this needs a terminal; without one: tracer record {shlex.join(options.program)}")
    program, path = _program(options), _path(options)
    try:
        ending, status = run(program, path, options.limit)
    except (CannotRecord, NotARecording) as error:
        raise Refused(str(error)) from None
    _say(how_it_ended(name_of(program), ending))
    _conclude(options, ending, path)
    if ending is None:
        return 1
    return status if ending.asked else ending.exit_status


def _record(options: argparse.Namespace) -> int:
    from tracer.supervisor.journal import CannotRecord
    from tracer.supervisor.notices import Notices
    from tracer.supervisor.supervise import supervise

    _check_words("record", options.program)
    program, path = _program(options), _path(options)
    try:
        ending = supervise(program, path, options.limit, notices=Notices(_say_at_once, path, bool(program.holds)))
    except CannotRecord as error:
        raise Refused(str(error)) from None
    _conclude(options, ending, path)
    return ending.exit_status


def _check_words(command: str, words: list[str]) -> None:
    if not words or words == ["-m"]:
        raise Refused(f"name a program to {command}: tracer {command} SCRIPT, or tracer {command} -m MODULE")
    if words[0] != "-m" and not Path(words[0]).exists():
        raise Refused(f"{words[0]}: no such file; a module is named with -m")


def _program(options: argparse.Namespace) -> "Program":
    """What is to be run; the interpreter is asked only if somebody named one, as that costs the time of its start."""
    from tracer.supervisor.start import Program

    if options.python is None and not options.hook:
        return Program(options.program, holds=_holds(options.hold))
    from tracer.supervisor.interpreter import CannotTrace, check_hook, find

    try:
        for hook in options.hook:
            check_hook(hook)
        holds = _holds(options.hold, [hook.partition(":")[2] for hook in options.hook])
        python = sys.executable if options.python is None else find(options.python)
        return Program(options.program, python, tuple(options.hook), holds)
    except CannotTrace as error:
        raise Refused(str(error)) from None


def _holds(filters: list[str], own: Collection[str] = ()) -> tuple[str, ...]:
    """Those that --hold names, each of which can come true; `own` are the program's own hooks."""
    if not filters:
        return ()
    from tracer.timeline.filter import FilterError, parse_hold

    for text in filters:
        try:
            parse_hold(text, own)
        except FilterError as error:
            raise Refused(f"--hold: {error}\n{error.pointed()}") from None
    return tuple(filters)


def _path(options: argparse.Namespace) -> Path:
    """Where to record; a place in the state directory makes room for the new one."""
    from tracer.supervisor.journal import new_path, program_name

    return new_path(program_name(options.program)) if options.output is None else Path(options.output)


def _conclude(options: argparse.Namespace, ending: "Ending | None", path: Path) -> None:
    """Say what is to be said at the end; a recording that nobody named and that shows nothing goes."""
    from tracer.text.ending import last_words

    for line in last_words(ending, path):
        _say(line)
    if ending is not None and not ending.contexts and options.output is None:
        path.unlink(missing_ok=True)


def _say_at_once(line: str) -> None:
    """The same while the program runs: nobody waits for its terminal, which may stand still."""
    import select

    if sys.stderr is not None and select.select((), (sys.stderr,), (), 0)[1]:
        _say(line)


def _say(line: str) -> None:
    if sys.stderr is None:  # it was closed when we began; print would take standard output for it
        return
    try:
        print(f"tracer: {line}", file=sys.stderr, flush=True)
    except OSError:  # the terminal has hung up: the exit status is the program's all the same
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


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
    from tracer.timeline.units import limit_words

    timeline, damaged = load(options.file)
    if timeline.limited is not None:
        _say(limit_words(timeline.limited - timeline.start))
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
            _say("no end was recorded: it still goes on, or its supervisor was killed or had no room")
    for line in lines:
        print(line)
    sys.stdout.flush()
    return 0


def _warn_of_losses(lost: int, damaged: int) -> None:
    if lost or damaged:
        _say(f"{lost} records lost, {damaged} damaged places in the file: this is a partial view")


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
    from tracer.open import open_recording

    try:
        return open_recording(options.file, options.follow)
    except NotARecording as error:
        raise Refused(str(error)) from None


def _has_screen() -> bool:
    # Textual draws on standard error.
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return all(stream is not None and stream.isatty() for stream in streams) and os.environ.get("TERM", "dumb") != "dumb"


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
    holds = _holds(options.hold)
    if holds and not _has_screen():
        raise Refused("--hold needs a terminal that can draw, where what is held can be released")
    from tracer.demo import run_demo

    return run_demo(name, every=None if options.name else 2.0, screen=_has_screen(), holds=holds)
