"""Numbers with their units, as text: durations, times and counts, the same on the screen and in plain text."""

_UNITS = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs"))


def duration(nanoseconds: int, digits: int = 3) -> str:
    """Three significant digits (or two) and a unit: `41.2 µs`, `1.91 ms`, `12.4 s`, `3:05 min`."""
    if nanoseconds < 1000:
        return f"{max(0, nanoseconds)} ns"
    for place, (size, unit) in enumerate(_UNITS):
        if nanoseconds >= size:
            value = nanoseconds / size
            places = 2 if value < 9.995 else 1 if value < 99.95 else 0
            if round(value) >= 1000 and place:  # 999.9 µs
                return f"1.00 {_UNITS[place - 1][1]}"
            return minutes(nanoseconds) if unit == "s" and value >= 99.95 else f"{value:.{max(0, places + digits - 3)}f} {unit}"
    raise AssertionError


def minutes(nanoseconds: int) -> str:
    """`3:05 min`, and from an hour on `1:07 h`."""
    seconds = nanoseconds // 1_000_000_000
    if seconds < 3600:
        return f"{seconds // 60}:{seconds % 60:02d} min"
    return f"{seconds // 3600:,}:{seconds % 3600 // 60:02d} h"


def clock_time(nanoseconds: int) -> str:
    """A time of the recording: `00:12.418`."""
    milliseconds = max(0, nanoseconds) // 1_000_000
    return f"{milliseconds // 60_000:02d}:{milliseconds // 1000 % 60:02d}.{milliseconds % 1000:03d}"


def limit_words(nanoseconds: int) -> str:
    """What is said of a recording that was full at that time of it."""
    return f"limit reached at {clock_time(nanoseconds)[:-4]}: recorded no further"


def count(number: int, one: str, many: str = "") -> str:
    """`1 event`, `1,284 events`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def ticking(nanoseconds: int) -> str:
    """How long something lasts that goes on: `0.8 s`. It changes ten times a second at most."""
    seconds = max(0, nanoseconds) / 1e9
    return minutes(nanoseconds) if seconds >= 100 else f"{int(seconds * 10) / 10:.1f} s"


def age(nanoseconds: int) -> str:
    """How old something is, in whole seconds: it changes once a second. Below one second it is new."""
    seconds = nanoseconds // 1_000_000_000
    return "under 1 s" if seconds < 1 else f"{seconds} s" if seconds < 100 else minutes(nanoseconds)
