"""The themes: dark, light and high-contrast. Everything is drawn in the colours of the dark one; another replaces them, one by one."""

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.theme import Theme

#: Of the ground and of the frames, in the order of the columns below: the names that watch.tcss knows.
_NAMES = ("ground", "bar", "raised", "sunk", "words", "typed", "thumb", "live", "ended", "replay", "frozen", "held")
_GROUNDS = {
    "dark": ("#121212", "#262626", "#303030", "#1c1c1c", "#e0e0e0", "#ffffff", "#606060",
             "#2fc293", "#c8c8c8", "#93a8ff", "#e69f00", "#e879f9"),
    "light": ("#fbfbf8", "#e4e4de", "#d8d8d0", "#ffffff", "#1c1c1c", "#000000", "#a0a0a0",
              "#00734f", "#505050", "#2f45b8", "#8a4b00", "#a3119f"),
    "contrast": ("#000000", "#000000", "#303030", "#000000", "#ffffff", "#ffffff", "#ffffff",
                 "#5fffc8", "#ffffff", "#b8c6ff", "#ffc04d", "#ff9dff"),
}  # fmt: skip

#: Of what is drawn: colour of the dark theme -> of the others.
_INKS = {
    "#56b4e9": ("#005f95", "#8fd6ff"),
    "#e69f00": ("#8a4b00", "#ffc04d"),
    "#2fc293": ("#00734f", "#5fffc8"),
    "#f0e442": ("#6b5f00", "#ffff66"),
    "#cc79a7": ("#9c2f6d", "#ffb0da"),
    "#f27a3d": ("#a83a00", "#ffa873"),
    "#93a8ff": ("#2f45b8", "#b8c6ff"),
    "#c8c8c8": ("#505050", "#ffffff"),
    "#ff6b5e": ("#b3140a", "#ff9c94"),
    "#e879f9": ("#a3119f", "#ff9dff"),
    "#5fd7d7": ("#006b6b", "#8cffff"),
}

THEMES = tuple(
    Theme(
        f"tracer-{name}",
        primary=colours[_NAMES.index("live")],
        background=colours[0],
        surface=colours[3],
        foreground=colours[4],
        dark=name != "light",
        variables=dict(zip(_NAMES, colours, strict=True)),
    )
    for name, colours in _GROUNDS.items()
)
"""What Textual is given; the first is the one that is seen first."""


DARK = THEMES[0].name


def inked(strip: Strip, theme: str, loud: bool = False) -> Strip:
    """A strip that is drawn in the dark theme's colours, in another theme. `loud`: nothing is dim, for the back of a room."""
    if theme == DARK and not loud:
        return strip
    return Strip([Segment(one.text, _ink(one.style, theme, loud) if one.style else None) for one in strip], strip.cell_length)


@lru_cache(maxsize=4096)
def _ink(style: Style, theme: str, loud: bool) -> Style:
    place = ("tracer-light", "tracer-contrast").index(theme) if theme in ("tracer-light", "tracer-contrast") else -1
    ink = _INKS.get(style.color.name) if style.color is not None else None
    if ink is not None and place >= 0:
        style = style + Style(color=ink[place])
    return style + Style(dim=False) if style.dim and (loud or place == 1) else style
