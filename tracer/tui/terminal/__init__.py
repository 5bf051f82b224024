"""What a program has written to its terminal, as lines: read, coloured, wrapped, searched. Pure: no screen, no clock."""
