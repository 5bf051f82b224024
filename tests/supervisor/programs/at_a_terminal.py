"""Does at its terminal what its first argument says. Whatever a test waits for is a line of output."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
import time
import tty


def say(text):
    os.write(1, text.encode() + b"\n")


def settings():
    """What a program can find out about its terminal, and which descriptors it was given."""
    given = sorted(os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd") if int(name) > 2 and is_open(int(name)))
    with open("/dev/tty") as terminal:
        own = os.fstat(terminal.fileno()).st_rdev == os.makedev(5, 0)
    say(
        json.dumps(
            {
                "terminals": [os.ttyname(descriptor) == os.ttyname(0) for descriptor in (0, 1, 2)],
                "leads its session": os.getsid(0) == os.getpid(),
                "in the foreground": os.tcgetpgrp(0) == os.getpgrp() == os.getpid(),
                "controlling": own,
                "size": list(os.get_terminal_size()),
                "given": given,
            }
        )
    )


def is_open(descriptor):
    """Not the one that listed them."""
    try:
        return not fcntl.fcntl(descriptor, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
    except OSError:
        return False


def characters():
    """Colours, bytes that are no UTF-8, and a character in two pieces; the second when the person has pressed Return."""
    tty.setraw(0)
    os.write(1, b"\x1b[1;31mred\x1b[0m caf\xe9 \xff split \xe2\x82")
    os.read(0, 1)
    os.write(1, b"\xac, and half of one: \xe2\x82")


def much():
    """As many bytes as the second argument says, lines of 100."""
    line = b"%098d\r\n" % 7
    tty.setraw(0)
    left = int(sys.argv[2])
    while left > 0:
        left -= os.write(1, line * 100)


def echo():
    """Each line that is typed, until there is no more."""
    say("ready")
    for line in sys.stdin:
        say(f"got {line.rstrip()!r}")
    say("end of input")


def waits():
    """Until an interrupt."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    say("ready")
    try:
        while True:
            time.sleep(60)
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(5)


def raw():
    """Keys as bytes."""
    tty.setraw(0)
    say("ready")
    say(f"got {os.read(0, 1)!r}")


def otherwise():
    """Interrupts, but by another key, and with Ctrl-C as a byte."""
    modes = termios.tcgetattr(0)
    modes[6][termios.VINTR] = b"\x07"
    termios.tcsetattr(0, termios.TCSANOW, modes)
    waits()


def hangup():
    """Until its terminal is closed: then the second argument is a file with the signal's name."""

    def got(number, frame):
        with open(sys.argv[2], "w") as file:
            file.write(signal.Signals(number).name)
        os._exit(0)

    signal.signal(signal.SIGHUP, got)
    say("ready")
    while True:
        signal.pause()


def family():
    """A child of the same group, which hears of no hangup; both wait for the end."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    child = os.fork()
    if child:
        say(f"child {child}")
    while True:
        signal.pause()


def leaves():
    """A child of a session of its own keeps the terminal open, and writes on until it is closed."""
    child = subprocess.Popen(["yes"], start_new_session=True)
    say(f"child {child.pid}")
    say("x" * 3000)
    say("the last word")


globals()[sys.argv[1]]()
