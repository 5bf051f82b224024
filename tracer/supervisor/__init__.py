"""Starts a program under the probe, asks the kernel about it, and ends the recording. It has no screen and waits for none."""

LIMIT = 512_000_000  # bytes: the largest size of a recording, unless somebody says otherwise
