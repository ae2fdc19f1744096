"""The error tree as it is drawn, and as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import overlay.errors
from overlay.errors import OverlayError
from tests.test_architecture import MAY_IMPORT, ROOT

# The marks of the levels above, then name, exit code, HTTP status and module.
LINE = re.compile(r"    ((?:[|+ ][- ]{3})*)(\w+) +(\d) +(\d{3}) +([\w.]+)(?:  .*)?")

Row = tuple[str, str, int, int, str]
"""A class, its parent, exit code, HTTP status and module."""


def drawn() -> Iterator[Row]:
    path: list[str] = []
    for line in (overlay.errors.__doc__ or "").splitlines():
        found = LINE.fullmatch(line)
        if found is None:
            continue
        marks, name, exit_code, status, module = found.groups()
        del path[len(marks) // 4 :]
        yield name, path[-1] if path else "Exception", int(exit_code), int(status), module
        path.append(name)


def import_what_defines_errors() -> None:
    for package in MAY_IMPORT:
        for path in (ROOT / package).rglob("*.py"):
            if re.search(r"^class \w+\(.*Error\b", path.read_text(encoding="utf-8"), re.MULTILINE):
                import_module(dotted(path))


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def there(error: type[OverlayError], parent: str) -> Iterator[Row]:
    """The error and those below it; those of the tests aside."""
    yield error.__name__, parent, error.exit_code, error.http_status, error.__module__
    for child in error.__subclasses__():
        if child.__module__.partition(".")[0] in MAY_IMPORT:
            yield from there(child, error.__name__)


def test_the_tree_is_drawn_as_it_is() -> None:
    import_what_defines_errors()
    rows = list(drawn())
    assert rows[0] == ("OverlayError", "Exception", 1, 500, "overlay.errors")
    assert sorted(rows) == sorted(there(OverlayError, "Exception"))
    assert len(rows) == len(set(rows))
