"""The threat model names tests, and they are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_claim_has_a_test_that_exists() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    claims = [line for line in rows if not line.startswith("| claim |")]
    assert len(claims) > 30
    for line in claims:
        found = NAMED.findall(line)
        assert found, f"no test stands behind: {line}"
        for file, name in found:
            assert (ROOT / file).is_file(), f"there is no {file}"
            assert name in functions(ROOT / file), f"there is no {name} in {file}"
