"""The parts of a component: who writes their attributes, and who changes them by their methods.

The table in the docstring of ``runtime/components/component.py`` says it; here it is held against the code.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import airssys_tui.runtime
from airssys_tui.runtime.components import component as described

RUNTIME = Path(airssys_tui.runtime.__file__).parent
PARTS = RUNTIME / "components" / "parts"
EVERYBODY = "every room that acts on a component"


class Row:
    """One row of the table."""

    def __init__(self, part: str, module: str, changed_by: str) -> None:
        self.part = part
        self.module = module
        self.changed_by = EVERYBODY if changed_by == EVERYBODY else frozenset(re.split(r",\s*", changed_by))
        tree = ast.parse((PARTS / f"{module}.py").read_text())
        classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
        self.owner = next(node for node in classes if any(_is_init(item) for item in node.body))
        self.attributes = frozenset(_stored(self.owner))
        self.changing = _changing(self.owner)


def _is_init(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "__init__"


def _stored(node: ast.AST) -> Iterator[str]:
    """Yield the attributes of ``self`` that are assigned, also by item, or changed in place."""
    for found in ast.walk(node):
        if isinstance(found, ast.Attribute) and isinstance(found.ctx, ast.Store | ast.Del) and _is_self(found.value):
            yield found.attr
        if isinstance(found, ast.Subscript) and isinstance(found.ctx, ast.Store | ast.Del):
            yield from (item.attr for item in [found.value] if isinstance(item, ast.Attribute) and _is_self(item.value))


def _is_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def _changing(owner: ast.ClassDef) -> frozenset[str]:
    """Return the public methods that change the part, directly or by calling another that does."""
    functions = [item for item in owner.body if isinstance(item, ast.FunctionDef) and not _is_init(item)]
    methods = {item.name: item for item in functions if not item.decorator_list}
    changing = {name for name, method in methods.items() if any(_stored(method)) or _changes_in_place(method)}
    while more := {name for name, method in methods.items() if _calls(method) & changing} - changing:
        changing |= more
    return frozenset(changing)


def _calls(method: ast.FunctionDef) -> frozenset[str]:
    calls = (node.func for node in ast.walk(method) if isinstance(node, ast.Call))
    return frozenset(func.attr for func in calls if isinstance(func, ast.Attribute) and _is_self(func.value))


def _changes_in_place(method: ast.FunctionDef) -> bool:
    calls = (node.func for node in ast.walk(method) if isinstance(node, ast.Call))
    return any(
        isinstance(func, ast.Attribute)
        and func.attr in {"pop", "clear", "cancel", "tick"}
        and isinstance(func.value, ast.Attribute)
        for func in calls
    )


ROWS = tuple(
    Row(*found.groups())
    for found in re.finditer(r"^``(\w+)`` +(\w+) +(\S.*)$", described.__doc__ or "", flags=re.MULTILINE)
)


def _parts_in(tree: ast.AST) -> Iterator[tuple[ast.Attribute, str]]:
    """Yield each attribute of a part that the code mentions, as in ``component.life.state``, with the part's name."""
    names = {row.part for row in ROWS}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        held = node.value
        if isinstance(held, ast.Attribute) and held.attr in names and ast.unparse(held.value).endswith("component"):
            yield node, held.attr


def _modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(RUNTIME.rglob("*.py")):
        if path.parent != PARTS:
            text = path.read_text()
            yield path, ast.parse(text.replace("self.", "component.") if path.stem == "component" else text)


def _room(path: Path) -> str:
    return path.stem if path.parent == RUNTIME else path.parent.name


def test_the_table_names_every_part() -> None:
    tree = ast.parse(Path(described.__file__).read_text())
    made = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert {path.stem for path in PARTS.glob("*.py")} - {"__init__"} == {row.module for row in ROWS}
    assert {row.owner.name for row in ROWS} <= made


def test_the_attributes_of_a_part_are_assigned_in_its_module_only() -> None:
    public = {name for row in ROWS for name in row.attributes if not name.startswith("_")}
    assert {"state", "trial", "holds", "generation", "trouble", "desired"} <= public, "the test sees what it is to see"
    written = [
        f"{path.relative_to(RUNTIME)}:{node.lineno}: {ast.unparse(node)}"
        for path, tree in _modules()
        for node, _ in _parts_in(tree)
        if isinstance(node.ctx, ast.Store | ast.Del)
    ]
    assert not written


def test_the_table_says_which_rooms_change_each_part() -> None:
    changing = {row.part: row.changing for row in ROWS}
    found: dict[str, set[str]] = defaultdict(set)
    for path, tree in _modules():
        calls = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node, part in _parts_in(tree):
            if id(node) in calls and node.attr in changing[part]:
                found[part].add(_room(path))
    table = {row.part: row.changed_by for row in ROWS if row.changed_by != EVERYBODY}
    assert {part: frozenset(found[part]) for part in table} == table


def test_no_part_knows_the_component() -> None:
    for path in PARTS.glob("*.py"):
        assert "components.component" not in path.read_text(), path.name
