"""The command line: `tracer demo`, `learn`, `run`, `record`, `show`, `open`. Each command imports what it needs when it runs."""

import io
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tracer.words import Refused, parse, parser

if TYPE_CHECKING:
    from tracer.supervisor.ending import Ending
    from tracer.supervisor.start import Program


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):  # our arrows must not end us where there are no letters but ASCII
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return _run_command(words) if words else _start()
    except Refused as refusal:
        _say(str(refusal))
        return 2
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        return 130


def _run_command(words: list[str]) -> int:
    """Run the command of a command line; its exit status. Raises Refused."""
    options = parse(words)
    if not sys.platform.startswith(("linux", "darwin")):
        raise Refused("tracer needs fork and Unix sockets: Linux (or, in part, macOS)")
    return _COMMANDS[options.command](options)


def _start() -> int:
    """The start screen; without a terminal, the help. The exit status."""
    if not _has_screen():
        parser().print_help()
        return 0
    return _choose(_language(None))


def _language(wanted: str | None) -> str:
    """The language of lessons: the one that is wanted, else that of the locale; English where the output cannot say it."""
    from tracer.lesson.words import language_of, letters

    language = wanted or language_of(os.environ)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        letters(language).encode(encoding)
    except UnicodeEncodeError:
        _say(f"lessons are in English, as an output in {encoding} has no letters for {language}")
        return "en"
    return language


def _choose(language: str, learn: tuple[str, ...] = ()) -> int:
    """The start screen, again and again until the person leaves it; with words for `learn`, its lessons on top. The exit status."""
    from tracer.start import choose

    said = ""
    while True:
        words = choose(said, language, learn)
        if isinstance(words, int):
            return words
        try:
            said, status = "", _run_command(words)
        except Refused as refusal:
            said, status = str(refusal), 2
        if status > 128:  # a signal ended it, and means us
            return status


# ---- run, record


def _run(options: Namespace) -> int:
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


def _record(options: Namespace) -> int:
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


def _program(options: Namespace) -> "Program":
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


def _path(options: Namespace) -> Path:
    """Where to record; a place in the state directory makes room for the new one."""
    from tracer.supervisor.journal import new_path, program_name

    return new_path(program_name(options.program)) if options.output is None else Path(options.output)


def _conclude(options: Namespace, ending: "Ending | None", path: Path) -> None:
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


def _show(options: Namespace) -> int:
    from tracer.recording.follow import NotARecording

    if options.json and not (options.events or options.stats):
        raise Refused("--json goes with --events or --stats")
    if options.follow and (options.events or options.stats):
        raise Refused("--follow prints the call trees: leave out --events and --stats")
    try:
        return _follow(options.file) if options.follow else _show_whole(options)
    except NotARecording as error:
        raise Refused(str(error)) from None


def _show_whole(options: Namespace) -> int:
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


def _open(options: Namespace) -> int:
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


def _demo(options: Namespace) -> int:
    from tracer.lab.servers import DEMOS

    if options.list:
        for demo in DEMOS.values():
            print(f"{demo.name:<15}{demo.sentence}")
        return 0
    names = options.names or ["forking"]
    _check_demos(names)
    screen, holds = _has_screen(), _holds(options.hold)
    if holds and not screen:
        raise Refused("--hold needs a terminal that can draw, where what is held can be released")
    if len(names) > 1:
        _check_room(len(names), screen)
    from tracer.demo import run_demos
    from tracer.supervisor.journal import CannotRecord

    try:
        return run_demos(names, every=None if options.names else 2.0, screen=screen, holds=holds)
    except CannotRecord as error:
        raise Refused(str(error)) from None


def _check_demos(names: list[str]) -> None:
    """Raise Refused where there is no such demo, or these cannot stand side by side."""
    from tracer.lab.servers import DEMOS

    for name in names:
        if name not in DEMOS:
            raise Refused(f"there is no demo {name!r}: choose one of {', '.join(DEMOS)}")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Refused(f"{twice} is named twice: name each demo once")
    stream = DEMOS[names[0]].is_stream
    alike = [name for name, demo in DEMOS.items() if demo.is_stream == stream and name != names[0]]
    other = next((name for name in names[1:] if name not in alike), None)
    if other is not None:
        kinds = ("connections", "datagrams") if stream else ("datagrams", "connections")
        raise Refused(f"{names[0]} takes {kinds[0]} and {other} {kinds[1]}: beside {names[0]} choose {', '.join(alike)}")


def _check_room(servers: int, screen: bool) -> None:
    """Raise Refused where so many servers cannot be seen side by side."""
    if not screen:
        raise Refused("several demos side by side need a terminal; without one, name one demo")
    from shutil import get_terminal_size

    from tracer.tui.beside.column import MOST, needs

    if servers > MOST:
        raise Refused(f"{servers} demos are too many to see side by side: name at most {MOST}")
    width = get_terminal_size().columns
    if width < needs(servers):
        raise Refused(
            f"{servers} demos need a terminal of {needs(servers)} columns, this one has {width}: name fewer, or make it wider"
        )


# ---- learn


def _learn(options: Namespace) -> int:
    if options.check is not None:
        return _check_lesson(options.check)
    language = _language(options.lang)
    if options.list or options.lesson is None:
        if options.restart:
            raise Refused("--restart forgets what you did in one lesson: name it")
        if options.list or options.text or not _has_screen():
            return _list_lessons(language)
        return _choose(language, ("learn", *(("--lang", language) if options.lang else ())))
    from tracer.learn import learn
    from tracer.lesson.problems import Broken
    from tracer.lesson.run import NotReached
    from tracer.supervisor.journal import CannotRecord

    folder = _lesson_folder(options.lesson)
    try:
        return learn(folder, language, _has_screen() and not options.text, options.restart)
    except Broken as broken:
        raise Refused(f"{folder.resolve().name} cannot be played:\n{broken}") from None
    except (CannotRecord, NotReached) as error:
        raise Refused(str(error)) from None


def _lesson_folder(name: str) -> Path:
    from tracer.lesson.syllabus import NoLesson, find

    try:
        return find(name)
    except NoLesson as error:
        raise Refused(str(error)) from None


def _check_lesson(name: str) -> int:
    """Play a lesson by itself: 0 if it is whole, else 1."""
    from tracer.learn import ending_on_signals
    from tracer.lesson.check import check

    folder = _lesson_folder(name)
    with ending_on_signals():
        return 0 if check(folder, lambda line: print(line, flush=True)) else 1


def _list_lessons(language: str) -> int:
    from tracer.lesson.overview import entries
    from tracer.text.lessons import lesson_lines

    for line in lesson_lines([*entries(language)]):
        print(line)
    return 0


_COMMANDS: dict[str, Callable[[Namespace], int]] = {
    "demo": _demo, "learn": _learn, "run": _run, "record": _record, "show": _show, "open": _open,
}  # fmt: skip
