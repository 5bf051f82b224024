"""Text from a recording, made harmless.

A peer's address, an exception's message, a thread's name: whoever talks to the traced server may have chosen them. What shows
them must not obey them. Markup (`[bold]`) is not control: a screen that reads markup escapes it itself.
"""

import re

# C0, DEL and C1; marks and overrides of writing direction; line and paragraph separators; lone surrogates, and the
# code points that no font shows and no encoder takes.
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\uffff\U000e0000-\U000e0fff]"
)
_COLOURS = re.compile("\x1b\\[[0-9;]*m")


def _visible(match: re.Match[str]) -> str:
    point = ord(match[0])
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def harmless(text: str) -> str:
    r"""`text` on one line, with everything that would act on a terminal shown as its escape: `\x1b`, `\u202e`.

    What comes back can be encoded in UTF-8. It is for the eye: two different texts may look the same.
    """
    return _HARMFUL.sub(_visible, text)


def uncoloured(text: str) -> str:
    """The text without the sequences that give it colours on a terminal, as those of a traceback."""
    return _COLOURS.sub("", text)
