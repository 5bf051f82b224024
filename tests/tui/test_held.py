"""Who is held: the panel Held, and what the other panels, the header and the call tree say of it."""

import pytest

from tests.tui.kit import Still, film, press, screen_of, settle, shoot, tick
from tests.tui.scenes import (
    FORKING,
    LOOP,
    MAIN,
    MS,
    NOW,
    WORKER,
    Hold,
    S,
    changed,
    child,
    context,
    forking,
    held,
    holding,
    process,
    replayed,
    server,
    span,
    synchronous,
    threading,
    view,
    with_held,
)
from tests.tui.test_panels import drawn, rail
from tests.tui.test_screen import header
from tracer.tui.controls import Controls
from tracer.tui.panels.children import ChildrenPanel
from tracer.tui.panels.held import HeldPanel
from tracer.tui.panels.rail import next_hook
from tracer.tui.panels.threads import ThreadsPanel

HOLD = Hold(1, "before handle", False, NOW - 20 * S)
T2 = held(WORKER, "T2", "handle", 300 * MS, owner="EchoHandler", connection=4, why="before handle")


def gate():
    return Controls(gate=lambda command, **fields: None)


def panel(shown, width=43, height=20):
    """The lines of the panel."""
    return drawn(HeldPanel(), shown, width, height)[1:]


# ---- the panel


EVERYTHING = {
    (78, 6): [
        "‖ T2     #4    before handle  EchoHandler · hold: before handle         12.4 s",
        "  → main has waited 3.2 s in server_close for this thread to end",
        "  → #4 127.0.0.1:53122 has no reply yet",
        "‖ T3     #5    after setup  StreamRequestHandler · by a step             5.9 s",
        "  → #5 127.0.0.1:53130 has no reply yet",
        "… 2 more lines: z enlarges",
    ],
    (43, 20): [
        "‖ T2     #4    before handle         12.4 s",
        "  EchoHandler · hold: before handle",
        "  → main has waited 3.2 s in server_close",
        "    for this thread to end",
        "  → #4 127.0.0.1:53122 has no reply yet",
        "‖ T3     #5    after setup            5.9 s",
        "  StreamRequestHandler · by a step",
        "  → #5 127.0.0.1:53130 has no reply yet",
        "hold 1  before handle",
        "hold 2  before get_request &…  for one stop",
    ],
    (62, 20): [
        "‖ T2     #4    before handle                            12.4 s",
        "  EchoHandler · hold: before handle",
        "  → main has waited 3.2 s in server_close for this thread to",
        "    end",
        "  → #4 127.0.0.1:53122 has no reply yet",
        "‖ T3     #5    after setup                               5.9 s",
        "  StreamRequestHandler · by a step",
        "  → #5 127.0.0.1:53130 has no reply yet",
        "hold 1  before handle",
        "hold 2  before get_request & peer:53140           for one stop",
    ],
}


@pytest.mark.parametrize("size", list(EVERYTHING), ids=str)
def test_who_is_held_where_and_what_waits(size):
    assert panel(holding(), *size) == EVERYTHING[size]


def test_in_ascii():
    found = shoot(holding(), controls=gate(), ascii_marks=True)
    assert "\n".join(found).isascii()
    assert any("|| T2     #4    before handle         12.4 s|" in line for line in found)
    assert any(" :handle  | held before it  " in line for line in found)


def test_a_hold_that_holds_nobody():
    assert panel(with_held(forking(), holds=(HOLD,))) == ["nobody is held now", "hold 1  before handle"]


def test_slow_motion_is_no_time_of_the_programs():
    slow = held(WORKER, "T2", "handle", 300 * MS, owner="EchoHandler", connection=4, why="slow motion")
    lines = panel(with_held(threading(), slow, pace=S // 2))
    assert lines == [
        "‖ T2     #4    before handle          0.3 s",
        "  EchoHandler · by slow motion",
        "slow motion: each hook waits 0.5 s; times",
        "are not the program's",
    ]


def test_those_of_slow_motion_come_behind_those_that_wait_for_a_person():
    slow = held(MAIN, "main", "get_request", S, why="slow motion")
    lines = panel(with_held(threading(), slow, T2, pace=S))
    assert [line.split()[1] for line in lines if line.startswith("‖")] == ["T2", "main"]


def test_what_is_not_known_is_not_said():
    unknown = held(WORKER, "T2", "handle", S, owner="?", why="?")
    assert panel(with_held(threading(), unknown)) == [
        "‖ T2           before handle          1.0 s",
        "  hold: n/a (not recorded)",
    ]


def test_held_time_ticks():
    lines = panel(with_held(threading(), T2, now=NOW + 2 * S))
    assert lines[0].endswith(" 2.3 s")


@pytest.mark.parametrize(
    ("stops", "words"),
    [
        (1, ["1 stop could not be held (its process may", "not, or cannot, ask)"]),
        (3, ["3 stops could not be held (their process", "may not, or cannot, ask)"]),
    ],
)
def test_stops_that_could_not_be_held(stops, words):
    assert panel(with_held(threading(), holds=(HOLD,), unasked=stops))[-2:] == words


# ---- when it is there


def has_panel(found):
    return any("Held" in line for line in found[3:])


def test_without_a_hold_there_is_no_such_panel():
    assert not has_panel(shoot(forking(), controls=gate()))
    assert not any(map(has_panel, film(forking(), size=(80, 24), steps=(press("p"),) * 7, controls=gate())))


@pytest.mark.parametrize("moment", [{"holds": (HOLD,)}, {"pace": S}], ids=["hold", "slow motion"])
@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)], ids=str)
def test_it_comes_to_where_it_is_seen(moment, size):
    feed = Still(forking(), with_held(forking(), **moment))
    assert has_panel(shoot(feed=feed, size=size, steps=(tick,), controls=gate()))


def test_in_a_replay_it_says_what_was_held_then():
    live, replay = film(holding(), replayed(holding()), steps=(tick,), controls=gate())
    for found in (live, replay):
        place = next(number for number, line in enumerate(found) if "[Held]" in line)
        assert found[place + 1].endswith("│‖ T2     #4    before handle         12.4 s│")
    assert any("Held ─ a step follows parent and child" in line for line in live)
    assert not any("a step follows" in line for line in replay), "nobody can step there"


def test_it_stays_while_somebody_steps_and_then_goes():
    """And the panel that was seen before is seen again."""
    seen = []

    async def look(pilot):
        await settle(pilot)
        seen.append([has_panel(screen_of(pilot.app)), any("Children" in line for line in screen_of(pilot.app))])

    later = [changed(forking(), now=NOW + wait) for wait in (100 * MS, 1900 * MS, 2 * S)]
    feed = Still(forking(), with_held(forking(), holds=(HOLD,)), *later)
    steps = (look, tick, look, tick, look, tick, look, tick, look)
    shoot(feed=feed, size=(80, 24), steps=steps, controls=gate())
    assert seen == [[False, True], [True, False], [True, False], [True, False], [False, True]]


def test_when_it_goes_the_calls_have_the_keys():
    feed = Still(with_held(forking(), holds=(HOLD,)), changed(forking(), now=NOW + 3 * S))

    async def focus(pilot):
        pilot.app.picture.held.focus()

    async def has_calls(pilot):
        assert pilot.app.picture.calls.has_focus
        assert not pilot.app.picture.enlarged

    shoot(feed=feed, steps=(focus, press("z"), tick, has_calls), controls=gate())


@pytest.mark.parametrize("size", [(50, 16), (80, 24), (120, 36)], ids=str)
def test_a_key_goes_to_it(size):
    async def is_seen(pilot):
        assert pilot.app.picture.held.has_focus
        assert pilot.app.picture.held.size.height > 0

    shoot(holding(), size=size, steps=(press("p"), press("H"), is_seen), controls=gate())


def test_where_it_is_not_the_key_says_why():
    assert shoot(forking(), steps=(press("H"),), controls=gate())[-2] == " ☞ nobody is held, and no hold is set"


# ---- choosing


def focus_held(*keys):
    async def focus(pilot):
        pilot.app.picture.held.focus()

    return (focus, press(*keys))


async def chosen(pilot):
    """The choice as the panel shows it: the reversed words."""
    await settle(pilot)
    strips = pilot.app.picture.held._strips
    words = [segment.text for strip in strips for segment in strip if segment.style and segment.style.reverse]
    chosen.now = [word for word in words if word != "‖"]


def test_up_and_down_choose_and_so_does_a_click():
    marked = []

    async def note(pilot):
        await chosen(pilot)
        marked.append(chosen.now)

    async def click(pilot):
        await pilot.click("#held", offset=(4, 7))

    steps = [press("down")] * 4 + [press("up")] * 3 + [click]
    shoot(holding(), steps=(*focus_held(), note, *[each for step in steps for each in (step, note)]), controls=gate())
    assert marked == [[name] for name in ("T2", "T3", "hold 1", "hold 2", "hold 2", "hold 1", "T3", "T2", "T3")]


def test_the_choice_stays_with_its_context():
    """While it steps nobody is chosen in its place, and it is chosen again where it stops next."""
    before = holding()
    t2, t3 = before.moment.held
    gone = with_held(before, t2)
    back = with_held(before, t2, held(t3.context, "T3", "handle", 10 * MS))
    marked = []

    async def note(pilot):
        await chosen(pilot)
        marked.append(chosen.now)

    shoot(before, gone, back, steps=(*focus_held("down"), note, tick, note, tick, note), controls=gate())
    assert marked == [["T3"], [], ["T3"]]


def test_the_chosen_one_is_in_sight():
    many = [held(100 + number, f"T{number}", "handle", S) for number in range(16)]
    found = shoot(with_held(threading(), *many), steps=focus_held(*["down"] * 12), controls=gate())
    assert any("║‖ T12 " in line for line in found)
    assert any("more lines: z enlarges" in line for line in found)


# ---- the others


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, " ‖ HELD 2 "),
        ({"newest": NOW - 9 * S}, "‖ HELD 2, no word for 9 s"),
        ({"mode": "frozen", "behind": 3 * S}, "■ FROZEN 3.0 s behind · ‖ 2 held"),
        ({"mode": "replay", "finished": True, "over": True}, "◀ REPLAY 00:31.000 · ‖ 2 held"),
        ({"mode": "replay", "behind": 4 * S}, "◀ REPLAY 00:31.000, 4.0 s behind · ‖ 2 held"),
    ],
)
def test_the_mode_says_that_somebody_is_held(fields, words):
    for width in (120, 80):
        assert words in header(changed(holding(), **fields), width)


@pytest.mark.parametrize("width", [80, 120])
def test_the_header_says_that_slow_motion_distorts_time(width):
    slow = held(WORKER, "T2", "handle", 300 * MS, why="slow motion")
    found = header(with_held(threading(), slow, pace=S // 5), width)
    assert " slow motion 0.2 s a hook: distorts time" in found
    assert "● LIVE" in found, "nobody is held whom a person would have to release"


def test_the_frame_is_magenta_while_somebody_is_held():
    """Live alone: a replay keeps its own colour."""
    looks = []

    async def look(pilot):
        looks.append(pilot.app.picture.calls.styles.border_top[1].hex.lower())

    shoot(holding(), replayed(holding()), threading(), steps=(look, tick, look, tick, look))
    assert looks == ["#e879f9", "#93a8ff", "#2fc293"]


def test_threads_that_are_held():
    lines = drawn(ThreadsPanel(), holding(), 62)
    assert lines[3].split() == ["T2", "#4", "‖", "before", "handle", "Thread-2", "(pro…", "sleeping", "12.4", "s"]
    assert lines[4].split()[:6] == ["T3", "#5", "‖", "after", "setup", "Thread-3"]
    assert drawn(ThreadsPanel(), holding())[3].split() == ["T2", "#4", "‖", "before", "handle", "12.4", "s"]


def test_children_that_are_held():
    inside = (context(MAIN, "main", LOOP), context(4122, "P4122", span("handle", S, 7), process=4122))
    shown = view(server(*FORKING), inside, (), (process(child(4122, 7)),))
    shown = with_held(shown, held(4122, "P4122", "handle", 2 * S))
    assert drawn(ChildrenPanel(), shown)[2].split() == ["P4122", "#7", "‖", "before", "handle", "2.0", "s"]


def test_the_rail_marks_where_it_is_held():
    loop, thread = rail(holding())
    assert "▶select" in loop
    assert "setup ▸ ‖handle ▸ finish" in thread
    everyone = with_held(synchronous(), held(MAIN, "main", "handle", S))
    assert "▸ ‖handle ▸" in rail(everyone, 200)[0]


@pytest.mark.parametrize(
    ("hook", "when", "number", "words"),
    [
        ("handle", "after", 3, "setup ▸ handle‖ ▸ finish"),
        ("setup", "after", None, "finish_request ▸ setup‖ ▸ handle ▸ finish"),
        ("recv", "before", 3, "setup ▸ ▶handle ▸ finish ▸ shutdown_request ▸ close_request ▸ service_actions  ‖ before recv"),
        ("get_request", "after", 4, "select ▸ get_request ▸ verify_request"),
        ("get_request", "after", 4, "  ‖ after get_request #4"),
    ],
    ids=["after it", "not known of whom", "beside the rail", "another's", "another's, behind it"],
)
def test_the_rail_says_the_same_as_held(hook, when, number, words):
    shown = with_held(synchronous(), held(MAIN, "main", hook, S, when=when, connection=number))
    (only,) = rail(shown, 200)
    assert words in only
    assert only.count("‖") == 1


def test_the_rail_of_a_parent_that_is_held_after_fork():
    inside = (LOOP, *(span(hook, S, 7) for hook in ("_handle_request_noblock", "process_request")))
    before = forking()
    shown = changed(before, moment=changed(before.moment, contexts=(context(MAIN, "main", *inside), before.moment.contexts[1])))
    parent, born = rail(with_held(shown, held(MAIN, "main", "fork", S, when="after", connection=7)))
    assert "process_request ▸ fork‖ ▸ close_request" in parent
    assert "▶handle" in born


@pytest.mark.parametrize(
    ("shown", "identity", "hook", "when", "after_it"),
    [
        (synchronous(), MAIN, "handle", "before", "finish"),
        (synchronous(), MAIN, "finish_request", "after", "shutdown_request"),
        (synchronous(), MAIN, "process_request", "after", "service_actions"),
        (synchronous(), MAIN, "recv", "after", "finish"),
        (synchronous(), MAIN, "service_actions", "after", ""),
        (threading(), WORKER, "process_request_thread", "after", ""),
        (threading(), WORKER, "shutdown_request", "before", "close_request"),
        (threading(), MAIN, "process_request", "before", "Thread.start"),
        (threading(), 99, "handle", "before", ""),
    ],
)
def test_the_next_hook_of_the_rail(shown, identity, hook, when, after_it):
    number = 4 if identity == WORKER else 3
    assert next_hook(shown, held(identity, "T", hook, S, when=when, connection=number)) == after_it
