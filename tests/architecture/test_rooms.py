"""The rooms of the house: no circle of imports, no crowded folder, no long function, no name that means two things."""

from __future__ import annotations

import ast
import statistics
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.support.places import ROOT

PROGRAM = ROOT / "airssys_tui"

MOST_MODULES = 20
LISTS_BY_NATURE = {"engine": 40, "cli/commands": 40}
"""Folders that are lists by nature, and how many modules they may hold."""

LONGEST_FUNCTION = 40
LONGEST_MODULE = 400
MEDIAN_MODULE = 130

BY_SUBJECT = frozenset(
    {
        "api/played",
        "api/views",
        "cli/commands",
        "host/interfaces",
        "host/wasi",
        "store/catalog",
        "tui/actions",
        "tui/dialogs",
        "tui/screens",
    }
)
"""Rooms whose modules are one aspect of many subjects: a rollback's *dialog*, the *view* of a disk, a *screen*.

The room's name is part of what such a module is called, so its own name may occur again elsewhere.
"""


def modules() -> Iterator[Path]:
    """Give every module of the program but the openings of packages."""
    return (path for path in sorted(PROGRAM.rglob("*.py")) if path.name != "__init__.py")


def dotted(path: Path) -> str:
    """Return the name by which a module is imported."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path, known: frozenset[str]) -> set[str]:
    """Return the modules of the program that a module imports anywhere: at the top, late, or for types only."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            assert node.level == 0, f"{path} imports relatively"
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found.update(inner & known or {node.module})
    return found & known


def arrows() -> dict[str, set[str]]:
    """Return which module imports which."""
    paths = {dotted(path): path for path in sorted(PROGRAM.rglob("*.py"))}
    known = frozenset(paths)
    return {name: imported(path, known) - {name} for name, path in paths.items()}


def without_leaves(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """Take away, again and again, what imports nothing that is left; what remains is in a circle or leads to one."""
    left = {name: set(targets) for name, targets in graph.items()}
    while leaves := {name for name, targets in left.items() if not targets}:
        left = {name: targets - leaves for name, targets in left.items() if name not in leaves}
    return left


def test_the_search_for_circles_finds_one() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}
    assert without_leaves(graph) == {"a": {"b"}, "b": {"c"}, "c": {"b"}}


def test_no_imports_run_in_a_circle() -> None:
    assert without_leaves(arrows()) == {}


def test_no_folder_is_crowded() -> None:
    count: dict[str, int] = defaultdict(int)
    for path in modules():
        count[path.parent.relative_to(PROGRAM).as_posix()] += 1
    crowded = {room: n for room, n in count.items() if n > LISTS_BY_NATURE.get(room, MOST_MODULES)}
    assert crowded == {}


def test_modules_are_short() -> None:
    lengths = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8").count("\n") for path in modules()}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_MODULE} == {}
    assert statistics.median(lengths.values()) <= MEDIAN_MODULE


def test_every_module_says_why_it_exists() -> None:
    for path in sorted(PROGRAM.rglob("*.py")):
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{path} has no docstring"


def long_functions(folder: Path) -> dict[str, int]:
    """Return the functions below a folder that have more lines than allowed, from `def` to the last one."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > LONGEST_FUNCTION:
                    found[f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"] = lines
    return found


def test_functions_are_short() -> None:
    assert long_functions(PROGRAM) == {}


def test_no_module_name_means_two_things() -> None:
    rooms: dict[str, list[str]] = defaultdict(list)
    for path in modules():
        room = path.parent.relative_to(PROGRAM).as_posix()
        if room not in BY_SUBJECT:
            rooms[path.stem].append(room)
    assert {name: found for name, found in rooms.items() if len(found) > 1} == {}


def test_no_test_imports_from_another_one() -> None:
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path} imports relatively"
                last = (node.module or "").rpartition(".")[2]
                assert not last.startswith("test_"), f"{path} imports from {node.module}"
                assert last != "conftest", f"{path} imports from {node.module}"
