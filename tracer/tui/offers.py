"""The keys that can be offered now, in words for the footer, the hint and the help: no key is offered that does nothing."""

from typing import TypeAlias

Key: TypeAlias = tuple[str, str, str]
"""Key, word, action."""

MOST = 8  # in the footer


def client_keys(datagram: bool) -> tuple[Key, ...]:
    """Key, word and kind of client; a datagram cannot come slowly, or not at all."""
    slow, silent = ("three", "empty") if datagram else ("slow", "silent")
    return (("c", "client", "one"), ("b", "burst", "burst"), ("l", slow, "slow"), ("x", silent, "silent"))


def hint(datagram: bool) -> str:
    """What stands where clients are told of, until there is one."""
    rest = "b ten, l three in a row, x an empty one" if datagram else "b ten, l a slow one, x a silent one"
    return f"press c to send a {'datagram' if datagram else 'client'} ({rest})"


def footer(*, sends: bool, datagram: bool, one_panel: bool, enlarged: bool) -> tuple[Key, ...]:
    """The keys of the footer. Where they are too many, help goes: it is a key that people try anyway."""
    keys: list[Key] = [(key, word, f"app.client('{kind}')") for key, word, kind in client_keys(datagram)] * sends
    keys.append(("space", "freeze", "app.freeze"))
    keys += [("p", "panel", "screen.next_panel")] * one_panel
    keys += [("z", "back" if enlarged else "enlarge", "screen.enlarge"), ("?", "help", "app.help"), ("q", "quit", "app.leave")]
    return tuple(key for key in keys if key[0] != "?" or len(keys) <= MOST)


def keys_help(sends: bool, datagram: bool) -> str:
    """All keys in sentences."""
    found = (
        "Keys: Tab moves to the next panel, z enlarges it and brings all back, space freezes the picture (recording goes on), "
        "p shows the next small panel, Ctrl-P finds every command, q quits; Ctrl-C quits at once, without a question."
    )
    if not sends:
        return found
    slow = "l three in a row, x an empty one" if datagram else "l one that sends byte by byte, x one that says nothing"
    return f"{found}\nc sends one {'datagram' if datagram else 'client'}, b ten at once, {slow}."
