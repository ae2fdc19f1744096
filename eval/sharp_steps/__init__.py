"""Sharp steps: the same facts brought gradually and abruptly, and what the model makes of it."""
