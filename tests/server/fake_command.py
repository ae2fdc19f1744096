"""``overlay serve`` with a fake model: ``python -m tests.server.fake_command [OPTIONS]``."""

from __future__ import annotations

import sys
from types import ModuleType

from server.command import serve
from tests.server.fakes import FakeEngine


def main() -> None:
    """Run the command on what stands in for the runtime, which takes seconds to import."""
    runtime = ModuleType("overlay.runtime")
    runtime.open_overlay = lambda _settings, **_: FakeEngine()  # type: ignore[attr-defined]  # stand-in
    sys.modules["overlay.runtime"] = runtime
    serve.main(standalone_mode=False)


if __name__ == "__main__":
    main()
