"""SIGTERM while there is a screen: it ends as if the person had quit, so the terminal is given back and nothing is left running."""

import signal

from .controls import Controls


def leave_on_sigterm(controls: Controls) -> None:
    """From now on SIGTERM ends the screen that has these controls, now or as soon as it is there."""

    def leave(number: int, frame: object) -> None:
        controls.leave = 128 + number  # not an exception: the screen's own tasks would end by it, and others wait for them

    signal.signal(signal.SIGTERM, leave)
