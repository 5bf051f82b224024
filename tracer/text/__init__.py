"""A recording as plain text: for pipes, for terminals without a screen, for screen readers."""
