"""What changed between two interfaces of one component, and which changes break its callers.

A removed or changed export breaks; an added one does not. Added imports are listed, because they may need a grant.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from airssys_tui.core.interface import Function, Interface, InterfaceType, render


class Change(msgspec.Struct, frozen=True):
    """One difference between two interfaces.

    Attributes:
        kind: What happened to it.
        path: ``instance#function``, ``function``, ``instance#resource NAME``, or an import's name.
        before: The old type in WIT syntax; None when it was added.
        after: The new type in WIT syntax; None when it was removed.
        breaking: Whether callers of the old interface fail.
        side: Whether it is an export or an import.
    """

    kind: Literal["added", "removed", "changed"]
    path: str
    before: str | None
    after: str | None
    breaking: bool
    side: Literal["export", "import"] = "export"

    def describe(self) -> str:
        """Say it in one line: ``export `reset` removed``."""
        line = f"{self.side} `{self.path}` {self.kind}"
        return f"{line}: {self.before} became {self.after}" if self.kind == "changed" else line


def changes(old: Interface, new: Interface) -> tuple[Change, ...]:
    """Compare two interfaces: exports in both directions, imports for additions.

    Returns:
        Breaking changes first, each group ordered by path.
    """
    found = [*_exports(_members(old.exports), _members(new.exports)), *_imports(old, new)]
    return tuple(sorted(found, key=lambda change: (not change.breaking, change.side, change.path)))


def _exports(before: dict[str, Function | None], after: dict[str, Function | None]) -> list[Change]:
    found = []
    for path, old in before.items():
        if path not in after:
            found.append(Change("removed", path, _text(old), None, breaking=True))
        elif (new := after[path]) is not None and old is not None and not _same(old, new):
            found.append(Change("changed", path, _text(old), _text(new), breaking=True))
    found += [
        Change("added", path, None, _text(new), breaking=False) for path, new in after.items() if path not in before
    ]
    return found


def _same(old: Function, new: Function) -> bool:
    return old.params == new.params and old.result == new.result


def _imports(old: Interface, new: Interface) -> list[Change]:
    before, after = _members(old.imports), _members(new.imports)
    return [
        Change("added", path, None, _text(item), breaking=False, side="import")
        for path, item in after.items()
        if path not in before
    ]


def _members(items: tuple[InterfaceType | Function, ...]) -> dict[str, Function | None]:
    members: dict[str, Function | None] = {}
    for item in items:
        if isinstance(item, Function):
            members[item.name] = item
            continue
        members.update({f"{item.name}#{function.name}": function for function in item.functions})
        members.update({f"{item.name}#resource {name}": None for name in item.resources})
    return members


def _text(function: Function | None) -> str | None:
    return None if function is None else render(function)
