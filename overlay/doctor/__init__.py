"""What keeps Overlay from working, or soon will: looked for without loading a model."""
