"""The keys that can be offered now, in words for the footer, the hint and the help: no key is offered that does nothing."""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from .panels.entry import Purpose

Key: TypeAlias = tuple[str, str, str]
"""Key, word, action."""

MOST = 8  # in the footer
_FIRST_TO_GO = ("b", "v", "p", "z", "k", "?", "/", "i", "G")  # where they are too many; help is a key that people try anyway
_FIRST_TO_GO_WHILE_HELD = ("b", "v", "p", "?", "z", "/", "←", "k", "i", "space", "c", "h", "G", "]", "e", "Esc")


class GateKey(NamedTuple):
    """A key of the gate: what it does there, and how that is called."""

    key: str
    does: str
    word: str  # in the footer
    title: str  # in the palette
    means: str


GATE_KEYS = (
    GateKey("s", "in", "into", "Step in", "lets a held context go on to its next hook"),
    GateKey("n", "over", "over", "Step over", "lets it go on to its next hook that is not inside the call it is held before"),
    GateKey("u", "out", "out", "Step out", "lets it go on to its first hook behind the call around that one"),
    GateKey("g", "run", "go", "Release", "lets it run on"),
    GateKey("t", "to", "run to", "Run to here", "lets it run on to a place: a line opens with the hook at the cursor"),
    GateKey("a", "all", "all go", "Release all", "lets everybody run on: every hold is removed, and slow motion ends"),
    GateKey(
        "f", "follow", "follow", "What steps follow", "chooses whom steps follow across fork and Thread.start: both, parent, child"
    ),
    GateKey("h", "hold", "hold", "Hold", "sets a hold: a line opens for where"),
    GateKey("d", "unhold", "remove", "Remove the hold", "removes the hold that is chosen in Held"),
    GateKey("o", "next", "next request", "Hold the next request", "holds whoever takes the next request, before get_request"),
    GateKey("m", "pace", "slow", "Slow motion", "makes each hook of a connection wait: 1 s, 0.5 s, 0.2 s, not at all"),
)


class TimeKey(NamedTuple):
    """A key that moves in time, or from call to call: what it does there, and how that is called."""

    key: str  # as it is shown
    binding: str  # as Textual calls it
    does: str
    title: str


TIME_KEYS = (
    TimeKey("←", "left", "previous", "Previous event"),
    TimeKey("→", "right", "next", "Next event"),
    TimeKey(",", "comma", "earlier", "A second back"),
    TimeKey(".", "full_stop", "later", "A second on"),
    TimeKey("<", "less_than_sign", "much earlier", "Ten seconds back"),
    TimeKey(">", "greater_than_sign", "much later", "Ten seconds on"),
    TimeKey("[", "left_square_bracket", "previous connection", "Previous connection"),
    TimeKey("]", "right_square_bracket", "next connection", "Next connection"),
    TimeKey("E", "E", "previous error", "Previous error"),
    TimeKey("e", "e", "next error", "Next error"),
    TimeKey("J", "J", "previous same", "Previous call of the same hook"),
    TimeKey("j", "j", "next same", "Next call of the same hook"),
    TimeKey("{", "left_curly_bracket", "previous own", "Previous event of the same context"),
    TimeKey("}", "right_curly_bracket", "next own", "Next event of the same context"),
    TimeKey("(", "left_parenthesis", "around", "The call around"),
    TimeKey(")", "right_parenthesis", "inside", "The first call inside"),
    TimeKey('"', "quotation_mark", "previous mark", "Previous mark"),
    TimeKey("'", "apostrophe", "next mark", "Next mark"),
)


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be done now."""

    sends: bool = False  # clients can be sent
    datagram: bool = False
    types: bool = False  # the program can be typed to
    interrupts: bool = False
    servers: bool = False  # there are several
    searches: bool = False  # the panel in focus can be searched
    one_panel: bool = False  # the small panels are shown one at a time
    enlarged: bool = False
    typing: Purpose | None = None  # the keys go to the line to type on
    holds: bool = False  # contexts can be held and released
    held: int = 0  # how many are, by a person
    steps: str = ""  # the label of the one that the step keys are about; "": of none that is chosen
    removes: bool = False  # a hold is chosen, which d removes
    asks: bool = False  # there is a question before the end
    past: bool = False  # what is shown is not the newest
    over: bool = False  # nothing more comes
    playing: bool = False
    filtered: bool = False  # only some calls are shown


def client_keys(datagram: bool) -> tuple[Key, ...]:
    """Key, word and kind of client; a datagram cannot come slowly, or not at all, nor can anything of it be closed."""
    if datagram:
        words = ("client", "burst", "three", "empty", "oversized", "gone at once")
    else:
        words = ("client", "burst", "slow", "silent", "half-close", "reset")
    return tuple(zip("cblxyr", words, ("one", "burst", "slow", "silent", "half-close", "reset"), strict=True))


def hint(datagram: bool) -> str:
    """What stands where clients are told of, until there is one."""
    keys = ", ".join(f"{key} {'ten' if kind == 'burst' else word}" for key, word, kind in client_keys(datagram)[1:])
    return f"press c to send a {'datagram' if datagram else 'client'} ({keys})"


_TYPING: dict[Purpose, tuple[Key, ...]] = {
    "type": (
        ("Enter", "send the line", "screen.press('enter')"),
        ("Ctrl-D", "end of input", "screen.press('ctrl+d')"),
        ("Esc", "close", "screen.back"),
    ),
    "search": (
        ("Enter Up", "earlier match", "screen.go_on(-1)"),
        ("Down", "later match", "screen.go_on(1)"),
        ("Esc", "close", "screen.back"),
    ),
    "hold": (("Enter", "set the hold", "screen.press('enter')"), ("Esc", "close", "screen.back")),
    "to": (("Enter", "run to there", "screen.press('enter')"), ("Esc", "close", "screen.back")),
    "filter": (("Enter", "keep it", "screen.press('enter')"), ("Esc", "show all", "screen.back")),
    "find": (
        ("Enter Down", "next match", "screen.press('enter')"),
        ("Up", "previous match", "app.find(-1)"),
        ("Esc", "close", "screen.back"),
    ),
    "go": (("Enter", "go there", "screen.press('enter')"), ("Esc", "close", "screen.back")),
    "mark": (("Enter", "set the mark", "screen.press('enter')"), ("Esc", "close", "screen.back")),
}


def footer(offer: Offer, before: tuple[Key, ...] = ()) -> tuple[Key, ...]:
    """The keys of the footer, at most MOST. `before`: others that come first."""
    if offer.typing is not None:
        return _TYPING[offer.typing]
    gate = _gate_keys(offer) if offer.holds else []
    keys = [*before, *gate * bool(offer.held)]
    if offer.over and not offer.past:
        keys.append(("space", "play", "app.freeze"))
    elif offer.past:
        keys.append(("space", ("stop" if offer.playing else "play") if offer.over else "live", "app.freeze"))
    else:
        keys.append(("space", "freeze", "app.freeze"))
    keys.append(("←", "→ time" if offer.past or offer.over else "back", "app.time('previous')"))
    if offer.past or offer.over:
        keys += [("s", "step", "app.gate('in')")] * (not offer.held or offer.over)
        keys += [("]", "connection", "app.time('next connection')"), ("e", "error", "app.time('next error')")]
        keys.append(("G", "go to", "app.go_to"))
    else:
        keys += [(key, word, f"app.client('{kind}')") for key, word, kind in client_keys(offer.datagram)[:2]] * offer.sends
        keys += [("i", "type", "app.type")] * offer.types
        keys += [("k", "Ctrl-C", "app.interrupt")] * offer.interrupts
        keys += gate * (not offer.held)
    keys.append(("/", "search", "screen.search") if offer.searches else ("/", "filter", "app.filter"))
    keys += [("Esc", "all calls", "screen.back")] * offer.filtered
    keys += [("p", "panel", "screen.next_panel")] * offer.one_panel
    keys += [("v", "server", "app.next_server")] * offer.servers
    keys += [("z", "back" if offer.enlarged else "enlarge", "screen.enlarge"), ("?", "help", "app.help"), ("q", "quit", "app.leave")]
    for least in _FIRST_TO_GO_WHILE_HELD if offer.holds and offer.held else _FIRST_TO_GO:
        if len(keys) > MOST:
            keys = [key for key in keys if key[0] != least]
    return tuple(keys)


def _gate_keys(offer: Offer) -> list[Key]:
    """The keys of the gate that matter most now."""
    wanted = ["unhold"] * offer.removes
    if offer.held:
        wanted += ["in", "over", "out", "run"] + ["all"] * (offer.held > 1)
    words = {"in": f"into {offer.steps or '(choose)'}"}  # the first step says whom all are about
    known = {one.does: one for one in GATE_KEYS}
    return [(known[does].key, words.get(does, known[does].word), f"app.gate('{does}')") for does in [*wanted, "hold"]]


def keys_help(offer: Offer) -> str:
    """All keys in sentences."""
    leave = (
        "q and Ctrl-C quit, after a question; Ctrl-C twice quits at once."
        if offer.asks
        else "q quits; Ctrl-C quits at once, without a question."
    )
    found = (
        "Keys: Tab moves to the next panel, 1 to 9, 0 and T go to one (1 Calls, 2 Queue, 3 Children, 4 Threads, 5 Connections, "
        "6 Source, 7 Inspector, 8 Output, 9 Held, 0 Waiting, T Timeline), z enlarges it and brings all back, p shows the next, "
        f"Ctrl-P finds every command, {leave}\n"
    )
    if offer.over:
        found += "Space plays the recording as it was, and stops it. "
    else:
        found += "Space freezes the picture (recording goes on), and brings it back to the newest. "
    found += (
        "Everything on the screen is of one moment: ← and → show the previous and the next event, , and . a second back and on, "
        "< and > ten; [ and ] the previous and the next connection, E and e error, J and j call of the same hook as the chosen one, "
        "{ and } event of its context. G goes to a time, a connection or a match. M marks the moment with a note, \" and ' go from "
        "mark to mark. In the past s, n and u step the chosen context in, over and out."
    )
    if offer.servers:
        found += (
            "\nv shows the next server; from then on that one stays, until v goes on behind the last: then the screen chooses again. "
            "Ctrl-P, Server details tells all of each."
        )
    if offer.types:
        found += (
            "\ni opens a line to type on: Enter sends it to the program, Ctrl-D on an empty line is the end of its input, Esc closes "
            "it. What is typed shows on the line, a password too; the program's terminal shows it in Output if the program lets it."
        )
    if offer.interrupts:
        found += "\nk sends Ctrl-C to the program; Ctrl-C itself never reaches it."
    if offer.sends:
        slow = (
            "l three in a row, x an empty one, y one that is too big, r one from a client that does not wait for the reply"
            if offer.datagram
            else "l one that sends byte by byte, x one that says nothing, y one that closes its sending half first, r one that resets"
        )
        found += f"\nc sends one {'datagram' if offer.datagram else 'client'}, b ten at once, {slow}."
    if offer.holds:
        found += "\n" + "\n".join(f"{one.key} {one.means}." for one in GATE_KEYS)
        found += "\nbefore handle holds everybody who comes there; one connection is before handle & #3, or o."
        found += "\nH goes to Held. w shows times with or without the time that was held."
    return found
