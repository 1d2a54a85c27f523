"""The doors to files on a real tree, beside a plain model of it."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from airssys_tui.host.doors.filesystem.file_door import Opening
from airssys_tui.host.doors.filesystem.filesystem import Filesystem
from tests.support.file_trees import ModelError, Names, TreeModel, everything_in, joined, outcome
from tests.support.guarded import RuledGuard, StandingCall

NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(tuple)
TARGETS = st.sampled_from(["a", "b/c", "../a", "../../out/x", "./b/", "//IN/c", "//IN/a/b", "c/../b", "../../../in"])
CONTENTS = st.binary(max_size=5)


class FilesystemMachine(RuleBasedStateMachine):
    """Operations of a component, and links that somebody else makes."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp()).resolve()
        for name in ("in", "out"):
            (self.root / name).mkdir()
        (self.root / "out" / "x").write_bytes(b"secret")
        self.model = TreeModel(self.root)
        self.model.nodes[*self.model.top, "out", "x"] = b"secret"
        self.filesystem = Filesystem(RuledGuard(*everything_in(self.root / "in")))
        self.call = StandingCall()

    def teardown(self) -> None:
        shutil.rmtree(self.root)

    def full(self, path: Names) -> Names:
        return (*self.model.top, "in", *path)

    def agree(self, real: Any, model: Any) -> None:
        """Compare what the door gives with what the model says; both are functions of nothing."""
        assert outcome(real) == outcome(model)

    @rule(path=PATHS, held=TARGETS)
    def link(self, path: Names, held: str) -> None:
        full = self.full(path)
        if full not in self.model.nodes and self.model.nodes.get(full[:-1], b"") is None:
            held = held.replace("//IN", f"{self.root}/in")
            Path(self.model.text(full)).symlink_to(held)
            self.model.nodes[full] = held

    @rule(path=PATHS, data=CONTENTS)
    def write_all(self, path: Names, data: bytes) -> None:
        def model() -> None:
            real = self.model.reach(self.full(path), follow=True)
            if self.model.nodes.get(real, b"") is None:
                raise ModelError("is-a-directory")
            self.model.nodes[real] = data

        self.agree(lambda: self.filesystem.files.write_all(self.call, self.model.text(self.full(path)), data), model)

    @rule(path=PATHS)
    def read_all(self, path: Names) -> None:
        def model() -> bytes:
            node = self.model.at(self.model.reach(self.full(path), follow=True))
            if node is None:
                raise ModelError("is-a-directory")
            return node

        self.agree(lambda: self.filesystem.files.read_all(self.call, self.model.text(self.full(path))), model)

    @rule(path=PATHS, data=CONTENTS, how=st.sampled_from(["create", "exclusive", "truncate", "append"]))
    def open_and_write(self, path: Names, data: bytes, how: str) -> None:
        def real() -> int:
            options = Opening(write=how != "append", **{how: True, "create": how != "append"})
            file = self.filesystem.files.open(self.call, self.model.text(self.full(path)), options)
            try:
                return file.write(self.call, data)
            finally:
                file.close()

        def model() -> int:
            at = self.model.reach(self.full(path), follow=how != "exclusive")
            node = self.model.nodes.get(at, b"")
            if how == "exclusive" and at in self.model.nodes:
                raise ModelError("already-exists")
            if how == "append":
                node = self.model.at(at)
            if node is None:
                raise ModelError("is-a-directory")
            before = {"append": node, "truncate": b""}.get(how, b"")
            self.model.nodes[at] = before + data + (node[len(data) :] if how == "create" else b"")
            return len(data)

        self.agree(real, model)

    @rule(path=PATHS)
    def delete(self, path: Names) -> None:
        def model() -> None:
            at = self.model.reach(self.full(path), follow=False)
            if self.model.at(at) is None:
                raise ModelError("is-a-directory")
            del self.model.nodes[at]

        self.agree(lambda: self.filesystem.files.delete(self.call, self.model.text(self.full(path))), model)

    @rule(source=PATHS, end=PATHS)
    def copy(self, source: Names, end: Names) -> None:
        def model() -> int:
            node = self.model.at(self.model.reach(self.full(source), follow=True))
            if node is None:
                raise ModelError("is-a-directory")
            at = self.model.reach(self.full(end), follow=True)
            if self.model.nodes.get(at, b"") is None:
                raise ModelError("is-a-directory")
            self.model.nodes[at] = node
            return len(node)

        paths = self.model.text(self.full(source)), self.model.text(self.full(end))
        self.agree(lambda: self.filesystem.files.copy(self.call, *paths), model)

    @rule(source=PATHS, end=PATHS)
    def rename(self, source: Names, end: Names) -> None:
        def model() -> None:
            old = self.model.reach(self.full(source), follow=False)
            new = self.model.reach(self.full(end), follow=False)
            node = self.model.at(old)
            if new in self.model.nodes and self.model.nodes[new] is None:
                raise ModelError("already-exists")
            if node is None and new in self.model.nodes:
                raise ModelError("already-exists")
            if node is None and new[: len(old)] == old:
                raise ModelError("invalid-path")
            moved = {one: self.model.nodes.pop(one) for one in (old, *self.model.below(old))}
            self.model.nodes.update({(*new, *one[len(old) :]): was for one, was in moved.items()})

        paths = self.model.text(self.full(source)), self.model.text(self.full(end))
        self.agree(lambda: self.filesystem.files.rename(self.call, *paths), model)

    @rule(path=PATHS, parents=st.booleans())
    def create(self, path: Names, parents: bool) -> None:
        def model() -> None:
            at = self._above(self.full(path)) if parents else self.model.reach(self.full(path), follow=False)
            if at in self.model.nodes:
                raise ModelError("already-exists")
            for size in range(len(self.model.top) + 1, len(at) + 1):
                self.model.nodes.setdefault(at[:size], None)

        path_text = self.model.text(self.full(path))
        self.agree(lambda: self.filesystem.directories.create(self.call, path_text, parents=parents), model)

    def _above(self, path: Names) -> Names:
        """Return the real path of what is to be made, whatever above it is missing."""
        for _ in range(41):
            if path[: len(self.model.top) + 1] != self.full(()):
                raise ModelError("denied")
            size = next(
                (n for n in range(1, len(path)) if self.model.nodes.get(path[:n], ModelError) is not None), len(path)
            )
            node = self.model.nodes.get(path[:size]) if size < len(path) else None
            if isinstance(node, bytes):
                raise ModelError("not-a-directory")
            if node is None:
                return path
            path = (*joined(path[: size - 1], node), *path[size:])
        raise ModelError("failed")

    @rule(path=PATHS)
    def remove(self, path: Names) -> None:
        def model() -> None:
            at = self.model.reach(self.full(path), follow=False)
            if self.model.at(at) is not None:
                raise ModelError("not-a-directory")
            if self.model.below(at):
                raise ModelError("not-empty")
            del self.model.nodes[at]

        self.agree(lambda: self.filesystem.directories.remove(self.call, self.model.text(self.full(path))), model)

    @rule(path=PATHS)
    def remove_all(self, path: Names) -> None:
        def model() -> int:
            at = self.model.reach(self.full(path), follow=False)
            if self.model.at(at) is not None:
                raise ModelError("not-a-directory")
            within = self.model.below(at)
            for one in (at, *within):
                del self.model.nodes[one]
            return len(within)

        self.agree(lambda: self.filesystem.directories.remove_all(self.call, self.model.text(self.full(path))), model)

    @rule(path=PATHS, limit=st.integers(1, 3))
    def list_all(self, path: Names, limit: int) -> None:
        def real() -> list[tuple[str, str]]:
            entries: list[tuple[str, str]] = []
            cursor = None
            while True:
                page = self.filesystem.directories.list(self.call, self.model.text(self.full(path)), cursor, limit)
                entries += [(name, kind.value) for name, kind in page.entries]
                cursor = page.next
                if cursor is None:
                    return entries

        def model() -> list[tuple[str, str]]:
            at = self.model.reach(self.full(path), follow=True)
            if self.model.at(at) is not None:
                raise ModelError("not-a-directory")
            return sorted((one[-1], self._kind(one)) for one in self.model.below(at) if len(one) == len(at) + 1)

        self.agree(real, model)

    def _kind(self, path: Names) -> str:
        return {bytes: "file", str: "link", type(None): "directory"}[type(self.model.at(path))]

    @rule(path=PATHS, follow=st.booleans())
    def look(self, path: Names, follow: bool) -> None:
        def real() -> tuple[str, int]:
            facts = self.filesystem.metadata.stat(self.call, self.model.text(self.full(path)), follow=follow)
            return facts.kind.value, facts.size

        def model() -> tuple[str, int]:
            at = self.model.reach(self.full(path), follow=follow)
            node = self.model.at(at)
            return self._kind(at), len(node) if isinstance(node, bytes) else 0

        self.agree(real, model)

    @rule(path=PATHS)
    def know(self, path: Names) -> None:
        text = self.model.text(self.full(path))

        def exists() -> bool:
            try:
                return self.model.reach(self.full(path), follow=False) in self.model.nodes
            except ModelError as error:
                if str(error) == "not-found":
                    return False
                raise

        def canonical() -> str:
            at = self.model.reach(self.full(path), follow=True)
            self.model.at(at)
            return self.model.text(at)

        def link() -> str | None:
            node = self.model.at(self.model.reach(self.full(path), follow=False))
            return node if isinstance(node, str) else None

        self.agree(lambda: self.filesystem.metadata.exists(self.call, text), exists)
        self.agree(lambda: self.filesystem.metadata.canonical_path(self.call, text), canonical)
        self.agree(lambda: self.filesystem.metadata.read_link(self.call, text), link)

    @invariant()
    def the_tree_is_as_the_model_says(self) -> None:
        found: dict[Names, bytes | str | None] = {}
        waiting = [self.root]
        while waiting:
            for path in waiting.pop().iterdir():
                mode = path.lstat().st_mode
                key = tuple(path.parts[1:])
                if stat.S_ISDIR(mode):
                    found[key] = None
                    waiting.append(path)
                elif stat.S_ISLNK(mode):
                    found[key] = os.readlink(path)  # noqa: PTH115 -- a Path would leave dots out
                else:
                    found[key] = path.read_bytes()
        assert found == {path: node for path, node in self.model.nodes.items() if len(path) > len(self.model.top)}


@pytest.fixture
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do without waiting for the disk."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.mark.usefixtures("way", "unsynced")
def test_the_doors_do_what_the_model_says() -> None:
    steps = settings(max_examples=12, stateful_step_count=25, deadline=None)
    run_state_machine_as_test(FilesystemMachine, settings=steps)


@pytest.mark.slow
@pytest.mark.timeout(1_200)
@pytest.mark.usefixtures("way", "unsynced")
def test_the_doors_do_what_the_model_says_for_long() -> None:
    steps = settings(max_examples=1_000, stateful_step_count=60, deadline=None)
    run_state_machine_as_test(FilesystemMachine, settings=steps)
