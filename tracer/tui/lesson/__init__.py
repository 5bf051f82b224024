"""The screen of `tracer learn`: the watch screen with a lesson beside it."""
