"""Who is at the other end of a Unix socket."""

import os
import socket
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
