"""The gate's keys: what they ask of the supervisor, for whom, and what is said."""

from types import SimpleNamespace

import pytest

from tests.tui.kit import Still, filled, film, press, shoot, tick, typed
from tests.tui.scenes import (
    MAIN,
    MS,
    NOW,
    T3,
    WORKER,
    Hold,
    S,
    changed,
    ended,
    forking,
    held,
    holding,
    replayed,
    row,
    running,
    threading,
    with_held,
)
from tests.tui.test_held import focus_held
from tracer.tui.app import Watch
from tracer.tui.controls import Controls
from tracer.tui.gate import GateActions
from tracer.tui.offers import GATE_KEYS, Offer, footer, keys_help
from tracer.tui.panels.keys import Said

ONE = held(WORKER, "T2", "handle", 300 * MS, owner="EchoHandler", connection=4, why="before handle")
TWO = held(T3, "T3", "setup", 100 * MS, when="after")
THREE = held(MAIN, "main", "get_request", 50 * MS)


def one_held():
    return with_held(threading(), ONE)


def holding_one():
    """The cursor is on a row of the loop's."""
    return with_held(holding(), ONE)


def asked(*steps, shown=None, feed=None, size=(120, 36), **more):
    """What was asked of the supervisor, and the screen."""
    commands = []

    def gate(do, **fields):
        commands.append({"do": do, **fields})

    return commands, shoot(shown or one_held(), feed=feed, size=size, steps=steps, controls=Controls(gate=gate, **more))


def unseen(shown, *keys, target=None):
    """The same of these keys of the gate, by what they do, without a screen: what was asked, what is said, what was opened.

    The cursor is on the newest row; `target`: who is chosen in Held.
    """
    commands, words, opened = [], [], []
    panel = SimpleNamespace(follow="", chosen=target, has_focus=target is not None, stay=lambda held: None)
    calls = SimpleNamespace(cursor=shown.rows[-1] if shown.rows else None)
    picture = SimpleNamespace(calls=calls, held=panel, go_to=opened.append, open_entry=lambda *about: opened.append(about))
    actions = GateActions(Controls(gate=lambda do, **fields: commands.append({"do": do, **fields})), picture, words.append)
    actions.show(shown)
    for does in keys:
        actions.press(does)
    return commands, words, opened


def released(mode, follow="both", to="", context=WORKER):
    return {"do": "release", "context": context, "mode": mode, "follow": follow, "to": to}


# ---- holds


def test_h_holds_before_the_hook_at_the_cursor():
    commands, found = asked(press("up", "h", "enter"), shown=forking())
    assert commands == [{"do": "hold", "filter": "before waitpid", "once": False}]
    assert found[-2] == " ☞ asked for a hold: before waitpid"


@pytest.mark.parametrize("hook", ["select", "service_actions", "serve_forever", "fileno"])
def test_where_the_loop_only_waits_it_is_handle(hook):
    assert unseen(changed(forking(), rows=(row(hook, took=None),)), "hold")[2] == [("hold", "before handle")]


def test_the_text_can_be_another():
    commands, _ = asked(press(*["up"] * 5, "h"), typed(" & #7"), press("enter"), shown=forking())
    assert commands == [{"do": "hold", "filter": "before handle & #7", "once": False}]


def test_the_line_while_a_filter_is_typed():
    _, found = asked(press("h"), shown=forking())
    assert found[-3:] == [
        " hold: before handle",
        "  handle · after get_request · before handle & peer:53122 · #7 · context:T2 · raised",
        " Enter set the hold   Esc close",
    ]


NEAR = "there is no hook 'hanle'; did you mean handle?"


@pytest.mark.parametrize(
    ("text", "size", "remark"),
    [
        ("handle & hanle", (120, 36), f"^ {NEAR}"),
        ("handle & (", (120, 36), "^ a hook or a key should stand here, such as handle or peer:53122"),
        ("before select & peer:53122 & context:main & hanle", (80, 24), f"{NEAR} ^"),
        ("before select & hanle", (60, 24), NEAR),
        ("before handle & raised", (120, 36), "^ no call can ever be that (how one ends is known only after it)"),
    ],
    ids=["under its character", "at the end", "to the left of it", "no room to point", "of no call"],
)
def test_what_is_wrong_is_said_at_its_character(text, size, remark):
    _, found = asked(press("h"), filled(text), shown=forking(), size=size)
    assert found[-2].strip() == remark
    if "^" in remark:
        last = text.split()["no call" not in remark and -1]
        assert found[-2].index("^") == found[-3].index(last) + (last == "(")


def test_what_is_wrong_is_not_sent():
    commands, found = asked(press("h", "x", "enter"), shown=forking())
    assert commands == []
    assert found[-3] == " hold: before handlex", "the line stays, to be mended"


def test_the_programs_own_hooks_are_known():
    shown = changed(forking(), own=frozenset({"Router.dispatch"}))
    steps = (press("h"), filled("after Router.dispatch"), press("enter"), press("h"), filled("after Router.dispach"), press("enter"))
    commands, found = asked(*steps, shown=shown)
    assert [command["filter"] for command in commands] == ["after Router.dispatch"]
    assert "did you mean Router.dispatch?" in found[-2]


def test_escape_sends_nothing():
    commands = []
    controls = Controls(gate=lambda do, **fields: commands.append(do))
    before, after = film(forking(), steps=(press("h", "escape"),), controls=controls)
    assert commands == []
    assert before == after


def test_where_no_hook_was_called_yet_it_is_handle():
    assert unseen(threading(), "hold")[2] == [("hold", "before handle")]


def test_o_holds_the_next_request_and_a_lets_everybody_run_on():
    commands, found = asked(press("o"), tick, press("a"), feed=Still(forking(), one_held()))
    assert commands == [{"do": "hold", "filter": "before get_request", "once": True}, {"do": "release_all"}]
    assert found[-2] == f" ☞ {RELEASED}"
    assert unseen(forking(), "next")[1] == ["whoever comes next before get_request is held there, once"]


RELEASED = "every hold is removed, and everybody runs on"


@pytest.mark.parametrize(
    ("shown", "before", "words"),
    [
        (threading(), (), "nobody is held, and no hold is set"),
        (one_held(), (), RELEASED),
        (with_held(threading(), holds=(Hold(1, "handle", False, NOW),)), (), RELEASED),
        (with_held(threading(), pace=S), (), RELEASED),
        (threading(), ("next",), RELEASED),
        (threading(), ("pace",), RELEASED),
        (one_held(), ("in",), RELEASED),
    ],
    ids=["nothing", "held", "hold", "slow motion", "hold asked for", "slow motion asked for", "steps"],
)
def test_what_a_says(shown, before, words):
    assert unseen(shown, *before, "all")[1][-1] == words


def test_d_says_why_it_does_nothing():
    assert unseen(holding(), "unhold")[1] == ["d removes a hold: choose one in Held (H goes there)"]
    assert unseen(one_held(), "unhold")[1] == ["no hold is set"]


@pytest.mark.parametrize("key", ["d", "delete"])
def test_d_removes_the_hold_that_is_chosen(key):
    commands, found = asked(*focus_held("down", "down", "down"), press(key), shown=holding())
    assert commands == [{"do": "unhold", "id": 2}]
    assert found[-2] == " ☞ asked to remove hold 2"
    assert "d remove" in found[-1]
    assert asked(*focus_held(key), shown=holding())[0] == [], "a held context is no hold"


def answer(*, wait, **moment):
    return with_held(forking(), **moment, now=NOW + wait)


ASKED = "asked for a hold: before  select"
NO_ANSWER = "no answer from the supervisor: no hold 'before select' is set"


@pytest.mark.parametrize(
    ("later", "said"),
    [
        ({}, NO_ANSWER),
        ({"holds": (Hold(1, "before select", False, NOW),)}, ASKED),
        ({"holds": (Hold(1, "after select", False, NOW),)}, NO_ANSWER),
    ],
    ids=["none", "the hold is set", "another is set"],
)
def test_a_hold_that_is_not_set_within_two_seconds(later, said):
    found = []

    async def note(pilot):
        found.append(pilot.app.picture.query_one(Said).message)

    feed = Still(forking(), answer(wait=1900 * MS, **later), answer(wait=2 * S, **later))
    asked(press("h"), filled("before  select"), press("enter"), tick, note, tick, note, feed=feed)
    assert found == [ASKED, said]


def test_a_hold_for_one_stop_may_be_used_up_at_once():
    used = held(MAIN, "main", "get_request", 0, why="before get_request")
    feed = Still(forking(), with_held(forking(), used, now=NOW + 3 * S))
    assert "no answer" not in asked(press("o"), tick, feed=feed)[1][-2]


# ---- steps


def test_step_keys():
    words = []

    async def note(pilot):
        words.append(pilot.app.picture.query_one(Said).message)

    keys = [step for key in "snug" for step in (press(key), note, tick)]
    commands, _ = asked(*keys, feed=Still(*(changed(one_held(), now=NOW + seconds * S) for seconds in range(5))))
    assert commands == [released(mode) for mode in ("in", "over", "out", "run")]
    assert words == ["T2 steps in", "T2 steps over", "T2 steps out", "T2 runs on"]


def test_in_a_frozen_picture_nothing_seems_to_come_of_it():
    commands, words, _ = unseen(changed(one_held(), mode="frozen"), "in")
    assert commands == [released("in")]
    assert words == ["T2 steps in (the picture is frozen: space shows what comes of it)"]


def test_f_chooses_whom_a_step_follows():
    titles = []

    async def title(pilot):
        titles.append(str(pilot.app.picture.held.border_subtitle))

    steps = (press("s"), title, press("f", "n"), title, press("f", "u"), title, press("f"), title)
    commands, _ = asked(*steps, size=(120, 48))
    assert commands == [released("in"), released("over", "parent"), released("out", "child")]
    assert titles == [
        "Held ─ a step follows parent and child",
        "Held ─ a step follows the parent",
        "Held ─ a step follows the child",
        "Held ─ a step follows parent and child",
    ]


def test_t_lets_it_run_to_the_hook_at_the_cursor():
    shown = with_held(forking(), held(MAIN, "main", "select", S))
    commands, found = asked(press("up", "up", "up", "t", "enter"), shown=shown)
    assert commands == [released("run", to="before service_actions", context=MAIN)]
    assert found[-2] == " ☞ main runs to: before service_actions"


def test_t_goes_on_along_the_rail_where_the_cursor_is_not_on_its_way():
    """The cursor is on the loop's row, or on the call it stands at."""
    assert asked(press("t", "enter"), shown=holding_one())[0] == [released("run", to="before finish")]
    here = changed(holding_one(), rows=(row("handle", took=None, label="T2", context=WORKER, stopped="before"),))
    at = changed(here, moment=changed(here.moment, held=(changed(ONE, span=here.rows[0].span),)))
    assert asked(press("t"), shown=at)[1][-3] == " T2 runs to: before finish"


def test_where_nothing_is_known_of_its_way_the_line_is_empty():
    """What is wrong with an empty one is said at Enter."""
    lost = with_held(threading(), held(WORKER, "T2", "close_request", S, connection=4))
    commands = []
    controls = Controls(gate=lambda do, **fields: commands.append(do))
    _, opened, found = film(lost, steps=(press("t"), press("enter")), controls=controls)
    assert opened[-3:-1] == [
        " T2 runs to: where to, such as before handle",
        "  handle · after get_request · before handle & peer:53122 · #7 · context:T2 · raised",
    ]
    assert commands == []
    assert "a hook or a key should stand here" in found[-2]


def test_who_runs_on_while_a_place_is_typed_is_not_released_again():
    feed = Still(holding_one(), threading())
    commands, found = asked(press("t"), tick, press("enter"), feed=feed)
    assert commands == []
    assert found[-2] == " ☞ T2 is held no more"


def test_when_nobody_is_held_they_say_so():
    words = ["nobody is held: h sets a hold, o holds the next request"]
    assert unseen(forking(), "in", "over", "out", "run", "to") == ([], words * 5, [])


# ---- for whom


def test_of_several_none_is_meant_until_one_is_chosen():
    """The panel gets the keys, so that the same key again steps the one that is marked there."""
    commands, found = asked(press("s"), shown=holding())
    assert commands == []
    assert found[-2] == " ☞ 2 are held: choose one in Held, or its row in Calls, and press the key again"
    assert any("╔═ Source Inspector Waiting [Held] " in line for line in found)
    assert asked(press("s", "down", "s"), shown=holding())[0] == [released("in", context=T3)]


def test_the_one_at_the_cursor_is_meant():
    rows = holding().rows
    place = max(number for number, row in enumerate(rows) if row.label == "T2")
    commands, found = asked(press(*["up"] * (len(rows) - 1 - place), "n"), shown=holding())
    assert commands == [released("over")]
    assert found[-1].startswith(" s into T2   n over")


def test_the_one_that_is_chosen_in_held_comes_first():
    """They stand there as they began: main, T2, T3."""
    commands, _ = asked(press("home"), *focus_held("down", "down", "s"), shown=with_held(holding(), ONE, TWO, THREE))
    assert commands == [released("in", context=T3)]


def test_the_next_key_is_for_the_same_one():
    """While it is on its way to its next hook, nobody else is stepped in its place; a second later the others have their turn."""
    both, other = with_held(holding(), ONE, TWO), with_held(holding(), TWO)
    steps = (*focus_held("s"), tick, tick, press("s"))
    both_still = changed(both, now=NOW + 10 * MS)  # the supervisor has not answered yet
    commands, found = asked(*steps, feed=Still(both, both_still, other))
    assert commands == [released("in")]
    assert found[-2] == " ☞ T2 is on its way to its next hook"
    assert asked(*steps, tick, press("s"), feed=Still(both, both_still, other, both))[0] == [released("in"), released("in")]
    late = changed(other, now=NOW + S)
    assert asked(*steps, tick, press("s"), feed=Still(both, both_still, other, late))[0] == [released("in"), released("in", context=T3)]


def test_a_step_that_a_child_took_over_has_come_to_its_end():
    """Where a step follows the child, its parent does not stop again."""
    child = held(4122, "P4122", "finish_request", -10 * MS)
    feed = Still(one_held(), with_held(threading(), child, now=NOW + 20 * MS))
    assert asked(press("n"), tick, press("s"), feed=feed)[0] == [released("over"), released("in", context=4122)]


def test_slow_motion_lets_its_own_go():
    """They are not counted as held; who wants one of them says so with the cursor."""
    slow = held(WORKER, "T2", "handle", 300 * MS, why="slow motion")
    assert unseen(with_held(threading(), slow, pace=S), "in")[0] == []
    assert asked(*focus_held("g"), shown=with_held(threading(), slow, pace=S))[0] == [released("run")]


# ---- slow motion


@pytest.mark.parametrize("does", ["in", "over", "out", "run", "to"])
def test_who_is_held_by_slow_motion_alone_is_not_nobody(does):
    slow = with_held(threading(), held(WORKER, "T2", "handle", 300 * MS, why="slow motion"), pace=S)
    assert unseen(slow, does)[:2] == ([], ["held by slow motion only: it goes on by itself; m changes that, a ends it"])


def paced(pace):
    return with_held(forking(), pace=pace)


def test_m_goes_through_the_paces():
    feed = Still(forking(), paced(S), paced(S // 2), paced(S // 5), paced(0))
    commands, found = asked(*[press("m"), tick] * 5, feed=feed)
    assert commands == [{"do": "pace", "interval": interval} for interval in (S, S // 2, S // 5, 0, S)]
    assert found[-2] == " ☞ slow motion: each hook of a connection waits 1 s"


def test_m_need_not_wait_for_an_answer():
    commands, words, _ = unseen(forking(), *["pace"] * 4)
    assert [command["interval"] for command in commands] == [S, S // 2, S // 5, 0]
    assert words[-1] == "slow motion ends"


def test_another_pace_than_ours_ends_first():
    assert unseen(paced(3 * S), "pace")[0] == [{"do": "pace", "interval": 0}]


# ---- where nothing can be held


EVERY_KEY = [row.key for row in GATE_KEYS]
STEPS = ["s", "n", "u"]


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (ended(holding()), "this run has ended: nothing can be held"),
        (ended(holding(), mode="frozen", finished=False), "this run has ended: nothing can be held"),
        (
            replayed(holding(), complete=False),
            "in a replay nothing can be held; if the program still runs, open the file with --follow",
        ),
    ],
    ids=["ended", "frozen", "unfinished"],
)
def test_in_a_finished_recording_each_key_says_why(shown, said):
    """But for the steps: they move what is shown, in a recording in which there is something."""
    keys = [key for key in EVERY_KEY if key not in STEPS or shown.mode == "frozen"]
    found = []
    commands, _ = asked(*pressed_one_by_one(found, keys), shown=shown)
    assert (commands, found) == ([], [said] * len(keys))
    if shown.mode != "frozen":
        commands, _ = asked(*pressed_one_by_one(found, STEPS), shown=shown)
        assert (commands, found[len(keys) :]) == ([], ["its context does nothing more"] * 3)


def test_without_a_supervisor_each_key_says_so():
    found = []
    shoot(forking(), steps=pressed_one_by_one(found))
    assert found == ["nothing can be held here: no supervisor takes commands"] * len(EVERY_KEY)


def pressed_one_by_one(found, keys=EVERY_KEY):
    """Steps: each of these keys; what is said of it goes to `found`."""

    async def note(pilot):
        said = pilot.app.picture.query_one(Said)
        found.append(said.message)
        said.message = ""

    return [step for key in keys for step in (press(key), note)]


def test_the_line_closes_when_the_program_ends():
    found = asked(press("h"), tick, feed=Still(forking(), ended(forking())))[1]
    assert found[-2:] == [
        " ☞ this run has ended: nothing can be held",
        " space play   ← → time   s step   ] connection   e error   G go to   / filter   q quit",
    ]


def test_the_letters_of_a_filter_are_no_keys():
    sent = []
    commands, found = asked(press("h"), typed(" abcdfgkmnostuw"), shown=forking(), send=sent.append)
    assert (commands, sent) == ([], [])
    assert found[-3] == " hold: before handle abcdfgkmnostuw"


# ---- footer, help and palette


@pytest.mark.parametrize(
    ("offer", "keys"),
    [
        (Offer(holds=True), "space ← h / z ? q"),
        (Offer(holds=True, sends=True), "space ← c h / z ? q"),
        (Offer(holds=True, sends=True, one_panel=True), "space ← c h / z ? q"),
        (Offer(holds=True, held=1), "s n u g h space ← q"),
        (Offer(holds=True, held=1, sends=True), "s n u g h space c q"),
        (Offer(holds=True, held=2, sends=True, one_panel=True), "s n u g a h c q"),
        (Offer(holds=True, held=2, types=True, interrupts=True, one_panel=True), "s n u g a h space q"),
        (Offer(holds=True, held=2, sends=True, removes=True), "d s n u g a h q"),
        (Offer(holds=False, held=2), "space ← / z ? q"),
        (Offer(over=True, one_panel=True, servers=True), "space ← s ] e G / q"),
    ],
    ids=str,
)
def test_at_most_eight_keys_that_can_be_pressed_now(offer, keys):
    found = [key for key, _, _ in footer(offer)]
    assert len(found) <= 8
    assert " ".join(found) == keys


def test_the_footer_names_the_one_that_steps():
    one, two = film(one_held(), holding(), steps=(tick,), controls=Controls(gate=lambda do, **fields: None))
    assert one[-1].startswith(" s into T2   n over   u out   g go   h hold")
    assert two[-1].startswith(" s into (choose)   n over   u out   g go   a all go   h hold")


def test_no_two_keys_are_one():
    keys = [key for binding in Watch.BINDINGS for key in binding.key.split(",")]
    keys += [binding.key for binding in Watch(Still()).picture.BINDINGS]
    assert len(keys) == len(set(keys))


def test_the_help_tells_the_gates_keys_where_there_is_one():
    words = keys_help(Offer(holds=True))
    assert "\ns lets a held context go on to its next hook.\nn lets it go on" in words
    assert "slow motion" not in keys_help(Offer())


def test_the_palette():
    titles = []

    async def ask(pilot):
        titles[:] = [command.title for command in pilot.app.get_system_commands(pilot.app.screen)]

    asked(ask, feed=Still(forking()))
    first = titles.index("Step in")
    assert titles[first : first + 11] == [one.title for one in GATE_KEYS], "also while nobody is held: they say so"
    assert not any("held time" in title for title in titles)
    asked(ask, shown=holding())
    assert "Times without held time" in titles


# ---- beside the gate


def test_what_was_said_of_a_step_goes_when_the_run_ends():
    """What came of a client stays."""
    assert asked(press("g"), tick, feed=Still(one_held(), ended(one_held())))[1][-2] == ""
    controls = Controls()
    controls.say("client 1: reply in 1.2 ms")
    found = shoot(forking(), forking(), ended(forking()), steps=(tick, tick), controls=controls)
    assert found[-2] == " ☞ client 1: reply in 1.2 ms"


def test_the_first_client_key_ends_the_automatic_one_also_after_a_word():
    sent = []

    async def by_itself(pilot):
        pilot.app.send_by_itself()

    asked(press("m", "c"), by_itself, shown=forking(), send=sent.append, every=2.0)
    assert sent == ["one"]


def test_the_end_of_input_is_for_a_line_to_the_program_alone():
    sent = []
    asked(press("h"), filled(""), press("ctrl+d"), shown=running(), type=sent.append)
    assert sent == []
