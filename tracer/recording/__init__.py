"""Reading a recording: bytes to frames, a file that may still grow, and making recorded text harmless to show."""
