"""Small files that are a person's own: marks beside a recording, what was answered in a lesson. Nobody else reads them."""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path


def make_folder(folder: Path) -> None:
    """Make the folder, for its owner alone, unless it is there. Raises OSError."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)  # whatever the umask has taken away


def read(path: Path, most: int = -1) -> bytes:
    """The bytes of the file, or the first `most`; nobody waits for a pipe. Raises OSError, also for what is no file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no file", str(path))
    with open(descriptor, "rb") as file:
        return file.read(most)


def write(path: Path, content: bytes) -> None:
    """Put a file of this content there, at once: whoever reads sees the old one or the new one, whole. Raises OSError."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with suppress(FileNotFoundError):
        fresh.unlink()  # of somebody who was killed
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(content)
        fresh.replace(path)
    except OSError:
        with suppress(OSError):
            fresh.unlink()
        raise
