"""Reading /proc: the text of a file in it, or why there is none."""

import os
import sys
from pathlib import Path

from tracer.kernel.answer import GONE, NOT_LINUX, NotAvailable


def read(path: str) -> bytes | NotAvailable:
    """All that the file says now; GONE if there is none, as of a process that has ended."""
    if sys.platform != "linux":
        return NOT_LINUX
    parts = []
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            while part := os.read(descriptor, 4096):
                parts.append(part)
        finally:
            os.close(descriptor)
    except OSError as error:
        return absence(error)
    return b"".join(parts)


def absence(error: OSError) -> NotAvailable:
    """What it means that /proc answers with this error."""
    if isinstance(error, FileNotFoundError | ProcessLookupError):
        return GONE if Path("/proc/self/stat").exists() else NotAvailable("/proc is not mounted")
    return NotAvailable(f"/proc: {error.strerror}")
