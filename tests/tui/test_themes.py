"""Themes, one's own keys, and going to panels by their keys."""

import pytest

from tests.tui.kit import Still, film, play, press
from tests.tui.made import ended, saved, three_clients
from tests.tui.scenes import forking, holding, running
from tracer.tui import keymap
from tracer.tui.app import NAMES, Watch
from tracer.tui.controls import Controls
from tracer.tui.marks import PALETTE
from tracer.tui.panels.keys import Bottom
from tracer.tui.panels.panel import Panel
from tracer.tui.themes import _GROUNDS, _INKS, THEMES


def styles(stage):
    """Every style that a panel or a line at the bottom is drawn in."""
    shown = [*stage.app.screen.query(Panel), *stage.app.screen.query(Bottom)]
    lines = [widget.render_line(y) for widget in shown for y in range(widget.size.height)]
    return [segment.style for line in lines for segment in line if segment.style]


def colours(stage):
    """Every colour on the screen, and those from which the dim ones are made."""
    seen = [segment.style for strip in stage.app.screen._compositor.render_strips() for segment in strip if segment.style]
    places = [place for style in (*seen, *styles(stage)) for place in (style.color, style.bgcolor)]
    return {place.triplet.hex for place in places if place is not None and place.triplet}


def own(theme):
    """The colours of a theme."""
    column = {"dark": None, "light": 0, "contrast": 1}[theme]
    return {*_GROUNDS[theme], *(ink if column is None else others[column] for ink, others in _INKS.items())}


@pytest.fixture
def finished(tmp_path, open_feed):
    return open_feed(saved(ended(three_clients(), 9), tmp_path), "made")


KEYS = ("E", "6", "7", "0", "5", "T", "M", "escape", "slash", "x", "escape", "question_mark", "escape")


def test_in_another_theme_nothing_is_left_of_the_dark_one(finished):
    """But for colours that both have. What a program writes in colours of its own keeps them."""

    async def scenario(stage):
        for theme in ("light", "contrast"):
            stage.app.theme = f"tracer-{theme}"
            await stage.press()
            found = colours(stage)
            for key in KEYS:
                await stage.press(key)
                found |= colours(stage)
            assert found & own("dark") - own(theme) == set()
            assert found & own(theme) - own("dark")

    async def others(stage):
        for theme in ("light", "contrast"):
            stage.app.theme = f"tracer-{theme}"
            await stage.press("9")
            assert colours(stage) & own("dark") - own(theme) == set()
            await stage.press("q")
            assert colours(stage) & own("dark") - own(theme) == set()
            await stage.press("n")
            await stage.tick()

    play(scenario, feed=finished)
    play(others, holding(), running(), controls=Controls(question="Quit?", gate=lambda do, **fields: None))


def test_every_theme_names_the_same_colours():
    assert [theme.name for theme in THEMES] == ["tracer-dark", "tracer-light", "tracer-contrast"]
    assert len({frozenset(theme.variables) for theme in THEMES}) == 1
    assert set(PALETTE) <= set(_INKS), "each context's colour has one in every theme"


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_panel_that_fills_the_screen_has_nothing_dim_and_two_digits(theme):
    """For the back of a room."""

    async def scenario(stage):
        stage.app.theme = f"tracer-{theme}"
        await stage.tick()
        panels = [stage.app.picture.calls, stage.app.picture.side.panel("children")]
        dim = [[segment.text for segment in panels[0].render_line(y) if segment.style.dim] for y in range(20)]
        assert any(dim)
        for panel in panels:
            panel.focus()
            await stage.press("z")
            assert panel.has_class("-large")
            assert not any(segment.style.dim for y in range(panel.size.height) for segment in panel.render_line(y))
            if panel is panels[0]:
                assert any(" 1.9 ms" in line and "_handle_request_noblock" in line for line in stage.lines)
            await stage.press("z")

    play(scenario, forking())


def test_in_high_contrast_nothing_is_dim():
    async def scenario(stage):
        stage.app.theme = "tracer-contrast"
        await stage.tick()
        assert not any(style.dim for style in styles(stage))
        stage.app.theme = "tracer-dark"
        assert any(style.dim for style in styles(stage))

    play(scenario, forking())


# ---- keys of one's own


@pytest.fixture
def keys(monkeypatch, tmp_path):
    """keys(text): that text is the person's file; it is looked for where it should be."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    def write(text):
        (tmp_path / "tracer").mkdir()
        (tmp_path / "tracer" / "keys.toml").write_text(text)

    return write


def test_a_key_of_ones_own_works_and_the_footer_shows_it(keys):
    keys('[keys]\n"time.freeze" = "f8"\n"panel.queue" = "f2"\n')
    feed = Still(forking())
    before, *_, queue = film(feed=feed, steps=(press("f8"), press("space"), press("f2")))
    assert before[-1].startswith(" f8 freeze   ← back ")
    assert feed.freezes == 1, "the key that it had does it no more"
    assert any("╔═ Queue " in line for line in queue)
    assert before[-2] == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[keys]\n"time.freeze" = "f8"\n"time.freez" = "f9"\n',
            "keys.toml: nothing is called 'time.freez' here, or its key is no text",
        ),
        ('[keys]\n"time.freeze" = 8\n', "keys.toml: nothing is called 'time.freeze' here, or its key is no text"),
        ("keys = 3\n", "keys.toml: [keys] is to hold names and keys"),
        ('[keys\n"x" = "\x1b"', "keys.toml: Expected ']' at the end of a table declaration (at line 1, column 6)"),
    ],
)
def test_what_is_wrong_with_the_file_is_said_in_one_line(text, said, keys):
    keys(text)
    known, wrong = keymap.own_keys(NAMES)
    assert wrong.endswith(f"tracer/{said}")
    assert known == ({"time.freeze": "f8"} if "f8" in text else {})


def test_and_stands_above_the_footer(keys):
    keys('[keys]\n"time.freez" = "f9"\n')

    async def scenario(stage):
        assert stage.said.endswith("tracer/keys.toml: nothing is called 'time.freez' here, or its key is no text")

    play(scenario, forking())


def test_every_binding_can_be_given_another_key():
    """But for those that lead out from everywhere, and those of one panel alone."""
    bindings = [*Watch.BINDINGS, *Watch(Still()).picture.BINDINGS]
    assert [one.key for one in bindings if one.id is None] == ["ctrl+c", "ctrl+q", "escape"]
    names = [one.id for one in bindings if one.id is not None]
    assert (set(names), len(names)) == (NAMES, len(NAMES))


# ---- going to a panel


PANELS = {
    "1": "Calls", "2": "Queue", "3": "Children", "4": "Threads", "5": "Connections", "6": "Source", "7": "Inspector", "8": "Output",
    "9": "Held", "0": "Waiting", "T": "Timeline",
}  # fmt: skip


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (50, 16), (200, 60)], ids=str)
def test_a_key_goes_to_its_panel(size):
    """It is seen, and has the keys; where it is not there that is said."""
    found = {}

    async def scenario(stage):
        for key in PANELS:
            before = stage.app.screen.focused
            await stage.press(key)
            panel = stage.app.screen.focused
            assert panel.size.height > 0
            found[key] = stage.said if panel is before and stage.said else panel.NAME
            assert stage.said in ("", found[key])
            stage.app._say("")

    play(scenario, forking(), size=size)
    assert found == PANELS | {
        "8": "what the program writes is not recorded here: tracer run does that",
        "9": "nobody is held, and no hold is set",
    }


def test_and_those_that_are_there_only_then():
    async def scenario(stage):
        for key, name in (("8", "Output"), ("9", "Held")):
            await stage.press(key)
            assert name == stage.app.screen.focused.NAME

    play(scenario, held_and_written())


def held_and_written():
    shown = holding()
    return shown.__class__(**{name: getattr(shown, name) for name in shown.__slots__} | {"output": running().output})


def test_a_click_on_a_tab_goes_there():
    async def scenario(stage):
        place = next(number for number, line in enumerate(stage.lines) if "[Source] Inspector Waiting" in line)
        await stage.pilot.click(offset=(stage.lines[place].index("Waiting") + 2, place))
        await stage.press()
        assert any("Source Inspector [Waiting]" in line for line in stage.lines)

    play(scenario, forking())
