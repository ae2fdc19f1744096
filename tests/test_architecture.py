"""Imports point one way: server, eval -> overlay -> selector -> probes; overlay -> retriever."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAY_IMPORT = {
    "probes": set(),
    "retriever": set(),
    "selector": {"probes"},
    "overlay": {"selector", "probes", "retriever"},
    "server": {"overlay", "selector", "probes", "retriever"},
    "eval": {"overlay", "selector", "probes", "retriever"},
}
# The root of the error tree stands below every layer; it imports nothing itself.
COMMON = "overlay.errors"


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_point_one_way(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        for name in imported(path) - {COMMON}:
            top = name.partition(".")[0]
            allowed = MAY_IMPORT[package] | {package}
            assert top not in MAY_IMPORT or top in allowed, f"{path} imports {name}"


def test_the_error_root_imports_only_the_standard_library() -> None:
    assert imported(ROOT / "overlay" / "errors.py") == {"__future__", "typing"}


class _AtOnce(ast.NodeTransformer):
    """Leaves what an import of the module runs."""

    def visit_FunctionDef(self, _node: ast.FunctionDef) -> None:
        return None

    def visit_If(self, node: ast.If) -> list[ast.stmt] | ast.AST:
        type_checkers_only = ast.unparse(node.test) == "TYPE_CHECKING"
        return node.orelse if type_checkers_only else self.generic_visit(node)


def test_the_error_root_pulls_nothing_in() -> None:
    """Whoever imports it imports the package around it, whose names come when asked for."""
    path = ROOT / "overlay" / "__init__.py"
    at_once = _AtOnce().visit(ast.parse(path.read_text(encoding="utf-8")))
    found = [node for node in ast.walk(at_once) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(node) for node in found] == [
        "from __future__ import annotations",
        "from typing import TYPE_CHECKING",
    ]


def test_library_code_does_not_print() -> None:
    for package in MAY_IMPORT:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    assert node.func.id != "print", f"{path}:{node.lineno} prints"
