"""Several servers side by side, their requests aligned."""
