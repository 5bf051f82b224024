"""Unix sockets that are for processes of our user alone."""

import os
import socket
from pathlib import Path
from struct import Struct

_CREDENTIALS = Struct("3i")  # pid, uid, gid: see unix(7)


def is_ours(connection: socket.socket) -> bool:
    """Whether the process at the other end runs as the user that we run as. Where the system does not tell: that folder's mode did."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    try:
        told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    except OSError:
        return False
    uid: int = _CREDENTIALS.unpack(told)[1]
    return uid == os.geteuid()


def listen(path: str, kind: int, backlog: int) -> socket.socket | None:
    """A new socket of that kind at `path` that others of our user can connect to, and whose calls wait for nobody.

    None where there can be none: the path is too long, or the system has no such sockets.
    """
    try:
        listener = socket.socket(socket.AF_UNIX, kind)
    except OSError:
        return None
    try:
        listener.setblocking(False)
        listener.bind(path)
        Path(path).chmod(0o600)  # whatever the umask has left
        listener.listen(backlog)
    except OSError:
        listener.close()
        return None
    return listener
