"""Starts a program under the probe, asks the kernel about it, and ends the recording. It has no screen and waits for none."""
