"""Passages that instruct nobody but their readers."""

from __future__ import annotations

__all__ = ["HOSTS"]

HOSTS = (
    (
        "The ferry Isolde crosses the strait in eleven minutes. She was built in 1931 and carries "
        "forty people. Since the bridge was opened she runs in summer only."
    ),
    (
        "Before you leave the cabin, shut the windows and turn off the gas. Take your rubbish with "
        "you. If the key is missing, ask at the farm and leave a note in the book."
    ),
    (
        "Boil the beets for an hour. Peel them while warm, cut them into slices and season "
        "them with vinegar, salt and caraway. They keep for a week in a cool place."
    ),
    (
        "Passengers must show their ticket when asked to. Dogs are carried free of charge. "
        "The company is not liable for goods that are left on deck."
    ),
)
