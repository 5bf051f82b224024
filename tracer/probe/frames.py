"""The recording's format: frames, and the records inside an events frame.

A **recording** is a file to which any number of processes append **frames**, each with one `os.write`:

    mark  4 bytes   MARK, to find the next frame after damage
    crc   4 bytes   CRC-32 of everything behind it
    length 4 bytes  of the content
    kind  4 bytes   EVENTS or FACT
    context 8 bytes the context that wrote it; 0 for the supervisor
    content

The content of a **fact** is one JSON object; its "type" says what it is (see FACTS). The content of an **events** frame is a column
of little-endian 64-bit numbers: the index of its first record among all records of its context, then records of two numbers each, a
word and a value. The index makes a frame that was written twice harmless and a lost one visible, to the record.

    word = code << 3 | kind        e.g. ENTER of handle in EchoHandler, with the time as its value

    ENTER RETURN RAISE   code: the hash of a code definition      value: time in nanoseconds, CLOCK_MONOTONIC
    NUMBER               code: a payload (see PAYLOADS)            value: that number
    TEXT                 code: a payload                           value: its length in bytes; the UTF-8 bytes follow, padded
                                                                   with zeros to whole records

A payload belongs to the ENTER, RETURN or RAISE before it.

Rules of this file:
1. It knows no hook and no class: only bytes.
2. The traced program and the reader both import it, so it needs nothing but the standard library.
"""

import sys
from _blake2 import blake2b
from _json import encode_basestring_ascii
from _struct import Struct

from .stdlib import array, crc32

VERSION = 1

MARK = b"\xb7trc"
HEADER = Struct("<4sIIIq")
BODY = Struct("<IIq")  # the part of a header that its CRC covers
LARGEST = 1 << 24  # a longer content is damage: no writer makes one

EVENTS, FACT = 1, 2
_BIG_ENDIAN = sys.byteorder == "big"

ENTER, RETURN, RAISE, NUMBER, TEXT = range(5)
KIND_BITS = 3
KIND_MASK = (1 << KIND_BITS) - 1

#: What an event may carry: name -> (number, what it means). The number is part of the format: never reuse one.
PAYLOADS: dict[str, tuple[int, str]] = {
    "descriptor": (1, "file descriptor of the connection's socket; -1 once closed"),
    "request": (2, "identity of a request that is no socket (a datagram), unique while it lives"),
    "truth": (3, "1: the hook said yes, 0: it said no"),
    "pid": (4, "process id: the child (fork), the one asked for or found (waitpid; -1: any, 0: none has ended)"),
    "status": (5, "raw wait status (waitpid) or exit status (_exit)"),
    "ready": (6, "number of sockets that select found ready"),
    "server": (7, "the server's id"),
    "children": (8, "len(active_children): how many children the server believes it has"),
    "threads": (9, "len(_threads): how many threads the server keeps to join"),
    "context": (10, "the context that Thread.start began, or that Thread.join waits for"),
    "options": (11, "waitpid's options; 1: WNOHANG, do not wait"),
    "peer": (12, "address of the other end, as text"),
    "peer4": (14, "address of the other end, where it is an IPv4 address and port: address << 16 | port"),
    "error": (13, "exception type and message, as text"),
    "request_line": (15, "the first line of an HTTP request, as text"),
    "reply": (16, "status code of an HTTP reply"),
    "bytes": (17, "how many bytes a client sent or received; -1: the other end sends no more"),
    "address": (18, "a client's own address (connect's end) or where it goes (its begin), as text"),
}

#: Types of facts, and who writes them.
FACTS: dict[str, str] = {
    "header": "supervisor, first: format version, interpreter, program, clock at the start",
    "code": "probe, before the wrapper is installed, or client: hook (or step), owner, module, file, line",
    "context": "probe or client, with the context's first events: process, pid, thread, parent, cause, time",
    "named": "probe: a method that somebody named with --hook was found",
    "server": "probe, when built and when it begins to listen: class, MRO, address, settings",
    "source": "supervisor, once a file: its text",
    "started": "supervisor: pid of the program it started",
    "output": "supervisor, under `run`: what the program wrote to its terminal, and when that was read",
    "output_limit": "supervisor, under `run`: the program wrote more than is recorded of that: what is kept and, at the end, dropped",
    "untyped": "supervisor, under `run`: what was typed and dropped, as the program reads nothing: characters, time",
    "control": "supervisor: where a viewer that did not start the run can connect to hold and release (commands.py), and that time",
    "hold": "supervisor: a hold was set: its id and filter, whether it is for one stop only, and that time",
    "unhold": "supervisor: a hold is no more: its id, by whom (person, used, viewer gone, …), and that time",
    "held": "supervisor: a context is held: its id, hook, before or after it, because of which hold (0: none) or step, since when",
    "released": "supervisor: a held context moves on: its id, how (run, in, over, out), by whom, and that time",
    "pace": "supervisor: slow motion: nanoseconds that each hook waits from that time on; 0: none",
    "unasked": "supervisor: stops at which a process could not ask whether it is held, in all, and that time",
    "limit": "supervisor, once: the recording is as large as it may be, and that time: of what came later only ends are told",
    "sample": "supervisor: what the kernel said, with the begin and end of the asking",
    "gone": "supervisor: a context that it has looked for in vain, and the time of that look",
    "replaced": "supervisor: a process that another program has taken over (exec), and the time at which that was seen",
    "left": "client: it is done: its context, and that time",
    "exit": "supervisor: pid, wait status and time of the process it started; likewise whoever started clients that did not leave",
    "loss": "supervisor: records dropped by writers, in all",
    "end": "supervisor, last: the recording is complete",
}


def word(code: int, kind: int) -> int:
    """The word of a record."""
    return code << KIND_BITS | kind


def payload(name: str) -> int:
    """The word of the numeric payload `name`."""
    return word(PAYLOADS[name][0], NUMBER)


def identity(*parts: object) -> int:
    """A 56-bit id that depends on `parts` alone, so that processes agree on it without talking."""
    digest = blake2b("\0".join(map(str, parts)).encode("utf-8", "backslashreplace"), digest_size=7).digest()
    return int.from_bytes(digest, "little")


def frame(kind: int, context: int, content: bytes) -> bytes:
    """One frame, ready to be appended with one write."""
    body = BODY.pack(len(content), kind, context) + content
    return MARK + crc32(body).to_bytes(4, "little") + body


def fact(context: int, /, **fields: object) -> bytes:
    """A frame that states a fact. Fields are None, bool, int, float, str, or lists and dicts of these.

    Raises TypeError for anything else.
    """
    return frame(FACT, context, _json(fields).encode("ascii"))


def column(numbers: list[int]) -> bytes:
    """The content of an events frame: `numbers` is the first record's index, then word, value, word, value …"""
    try:
        values = array("Q", numbers)  # three quarters of the time that "q" takes, and the same bytes
    except OverflowError:
        values = array("q", numbers)
    if _BIG_ENDIAN:
        values.byteswap()
    return values.tobytes()


def text(name: str, value: str) -> list[int]:
    """The records that carry `value` as the text payload `name`."""
    encoded = value.encode("utf-8", "backslashreplace")
    return [
        word(PAYLOADS[name][0], TEXT),
        len(encoded),
        *array("q", encoded + bytes(-len(encoded) % 16)),
    ]


def _json(value: object) -> str:
    """`value` as JSON. The standard `json` package would be visible to the program, and slower to import than all of ours."""
    if isinstance(value, str):
        quoted: str = encode_basestring_ascii(value)
        return quoted
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return int.__repr__(value)  # an IntEnum's own repr is no JSON
    if isinstance(value, float):
        return float.__repr__(value) if value - value == 0 else "null"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_json, value))}]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{_json(str(key))}:{_json(item)}" for key, item in value.items()) + "}"
    raise TypeError(f"a fact cannot hold a {type(value).__name__}")
