"""A component that tries to get at files it may not reach, and the house it breaks into."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from airssys_tui.core.limits import Limits
from airssys_tui.core.manifest.structure import Preopen
from airssys_tui.core.types.values import Err, Ok
from airssys_tui.engine.compiled import Code
from airssys_tui.engine.linker import Linker
from airssys_tui.host.doors.filesystem.filesystem import Filesystem
from airssys_tui.host.services.output_lines import OutputBuffer
from airssys_tui.host.wasi_context import WasiContext
from tests.support.file_trees import everything_in
from tests.support.guarded import RuledGuard
from tests.support.wasi.passing_guest import export_of

SECRET = b"the secret of the house"
DOORS = "fixture:archivist/doors@1.0.0#"


class House:
    """A folder that a component may use, and one beside it that it may not.

    Args:
        root: An empty directory, by its real path.
        linker: Has the interfaces of the host.
        code: The component ``archivist``; or a guest of WASI, for which the first directory is the one that it may use,
            and the second one the root.

    Attributes:
        inside: Everything in it is granted.
        outside: Nothing in it is even declared.
        guard: Decides by the rules.
    """

    def __init__(self, root: Path, linker: Linker, code: Code) -> None:
        self.root = root
        self.inside, self.outside = root / "data", root / "outside"
        for folder in (self.inside, self.outside, self.outside / "folder", root / "database"):
            folder.mkdir()
        for file in (self.outside / "secret", self.outside / "folder" / "secret", root / "database" / "secret"):
            file.write_bytes(SECRET)
        (self.inside / "mine").write_bytes(b"mine")
        self.guard = RuledGuard(*everything_in(self.inside), reserved=(str(root / "kept" / "state"),))
        self.owner = SimpleNamespace(
            filesystem=Filesystem(self.guard),
            blocking=contextlib.nullcontext,
            wasi=WasiContext(OutputBuffer(), preopens=(Preopen("/data", str(self.inside)), Preopen("/", "/"))),
        )
        self.instance = linker.instantiate(code, Limits(fuel_per_call=10**10, deadline=60.0), owner=self.owner)
        self.look()

    def look(self) -> None:
        """Take what lies outside now for what must not change."""
        self._before = self.contents()

    def contents(self) -> dict[str, object]:
        """Return all that must not change: what lies outside, and when it was changed."""
        found: dict[str, object] = {}
        for path in sorted([*self.outside.rglob("*"), *(self.root / "database").rglob("*")]):
            status = path.lstat()
            found[str(path)] = (
                path.read_bytes() if path.is_file() else "", status.st_mode, status.st_mtime_ns, status.st_size,
            )  # fmt: skip
        return found

    def grant(self, *permissions: str) -> None:
        """Declare and grant something more."""
        more = RuledGuard(*permissions)
        self.guard.declared += more.declared
        self.guard.grants += more.grants

    def ask(self, function: str, *arguments: Any) -> Any:
        """Call a function of the component; return what it got, or the case of its error."""
        got = self.instance.call(DOORS + function, *arguments).value
        assert SECRET not in bytes(str(got), "utf-8"), "the secret came out"
        return got.value.case if isinstance(got, Err) else got.value if isinstance(got, Ok) else got

    def told(self, function: str, *arguments: Any) -> str:
        """Call a function that has to be refused; return the sentence."""
        got = self.instance.call(DOORS + function, *arguments).value
        assert isinstance(got, Err), got
        return got.value.payload

    def is_untouched(self) -> bool:
        """Return whether everything outside is as it was."""
        return self.contents() == self._before

    def path(self, name: str) -> str:
        """Return a path inside; with ``{outside}`` and the like filled in, an absolute one."""
        filled = name.replace("{outside}", str(self.outside)).replace("{root}", str(self.root))
        filled = filled.replace("{inside}", str(self.inside))
        return filled if filled != name or not name else f"{self.inside}/{name}"

    def link(self, name: str, target: str) -> None:
        """Make a symbolic link inside."""
        (self.inside / name).symlink_to(self.path(target) if "{" in target else target)

    @contextlib.contextmanager
    def swapping_links(self) -> Iterator[None]:
        """Let ``t`` lead to a folder inside and to one outside in turn, all the time; each has a file ``secret``."""
        (self.inside / "real").mkdir()
        (self.inside / "real" / "secret").write_bytes(b"mine")
        ended = threading.Event()

        def swap() -> None:
            current, aside = self.inside / "t", self.inside / "aside"
            for target in itertools.cycle(("real", "../outside/folder")):
                if ended.is_set():
                    return
                aside.symlink_to(target)
                aside.replace(current)

        swapping = threading.Thread(target=swap)
        swapping.start()
        try:
            yield
        finally:
            ended.set()
            swapping.join()

    def listen(self, name: str) -> socket.socket:
        """Make a socket inside; bound by a short name, as names of sockets are."""
        made = socket.socket(socket.AF_UNIX)
        before = Path.cwd()
        os.chdir(self.inside)
        try:
            made.bind(name)
        finally:
            os.chdir(before)
        return made


METHOD = "filesystem/types#[method]descriptor."


class WasiHouse(House):
    """The same house, and a guest that passes calls of ``wasi:filesystem`` on.

    Attributes:
        top: Its descriptor of the directory that it may use.
        root_top: Its descriptor of the root.
    """

    def __init__(self, root: Path, linker: Linker, code: Code) -> None:
        super().__init__(root, linker, code)
        (self.top, _), (self.root_top, _) = self.pass_on("filesystem/preopens#get-directories")

    def ask(self, function: str, *arguments: Any, on: int | None = None) -> Any:
        """Call a method of a descriptor; return what it gives, or the code of its error.

        Args:
            function: Its name.
            arguments: Its arguments.
            on: The descriptor; that of the directory that it may use if None.
        """
        return self.pass_on(METHOD + function, self.top if on is None else on, *arguments)

    def pass_on(self, function: str, *arguments: Any) -> Any:
        """Call a function; return what it gives, or its error."""
        got = self.instance.call(export_of(function), *arguments).value
        assert SECRET not in bytes(str(got), "utf-8"), "the secret came out"
        return got.value if isinstance(got, Err | Ok) else got

    def open(self, path: str, flags: str = "read", how: str = "", *, follow: bool = True) -> Any:
        """Open something below the directory that it may use."""
        return self.ask("open-at", FOLLOW if follow else set(), path, set(how.split()), set(flags.split()))

    def drop(self, resource: str, handle: int) -> None:
        """Drop a handle."""
        self.instance.call(f"drop-{resource}", handle)


FOLLOW = frozenset({"symlink-follow"})
