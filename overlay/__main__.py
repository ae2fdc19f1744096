"""``python -m overlay`` is the ``overlay`` command."""

from __future__ import annotations

from overlay.cli.main import main

main()
