"""A scratch folder with a runtime on it, and ways to act on both and to wait without sleeping."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from airssys_tui.api.commands import Command
from airssys_tui.api.views.components import ComponentView
from airssys_tui.api.views.revisions import RevisionView
from airssys_tui.api.views.runtime import Done, Snapshot
from airssys_tui.core.events import Event
from airssys_tui.core.revision import Outcome
from airssys_tui.runtime.embedded import EmbeddedRuntime
from airssys_tui.runtime.machinery.runtime_settings import RuntimeSettings
from airssys_tui.runtime.sources.settle import Settled
from airssys_tui.runtime.sources.stamps import stamps
from tests.support.components import Crafted

PATIENCE = 90.0
"""Seconds after which a condition that has not come true fails the test; never what a test that passes waits for."""

T = TypeVar("T")


class World:
    """A folder of components, a state directory, and the runtime on them, if one is open.

    Args:
        root: An empty directory.
    """

    def __init__(self, root: Path) -> None:
        self.folder = root / "components"
        self.folder.mkdir(exist_ok=True)
        self.state_dir = root / "state"
        self._root = root
        self._changed = threading.Condition()
        self._runtime: EmbeddedRuntime | None = None

    @property
    def runtime(self) -> EmbeddedRuntime:
        """The open runtime."""
        assert self._runtime is not None, "no runtime is open"
        return self._runtime

    def open(self, **settings: Any) -> EmbeddedRuntime:
        """Open a runtime that has dealt with everything in the folder; nothing is watched unless that is asked for."""
        settled = self.open_later(**settings)
        assert settled(), "the first scan did not end"
        return self.runtime

    def open_later(self, **settings: Any) -> Callable[[], bool]:
        """Open a runtime that is still dealing with the folder; return how to wait for it."""
        chosen = RuntimeSettings(**{"watch": False, "sample": 0.02, "shutdown": 3.0, **settings})
        runtime = EmbeddedRuntime.open(self.folder, state_dir=self.state_dir, settings=chosen)
        self._runtime = runtime
        self._listen(runtime)
        return lambda: runtime.wait_settled(PATIENCE)

    def close(self) -> None:
        """Close the runtime, if one is open."""
        if self._runtime is not None:
            self._runtime.close()
            self._runtime = None

    def reopen(self, **settings: Any) -> EmbeddedRuntime:
        """Leave in good order and come back."""
        self.close()
        return self.open(**settings)

    def crash(self, **settings: Any) -> EmbeddedRuntime:
        """Come back to what a kill would have left on the disk at this moment.

        The copy is made on the one thread that writes, so that it is between two writes, as a kill is.
        """
        self.copies = getattr(self, "copies", 0) + 1
        copy = self._root / f"state-{self.copies}"
        self.run(lambda: self.runtime.probe.floor.disk(shutil.copytree, self.state_dir, copy))
        self.close()
        self.state_dir = copy
        return self.open(**settings)

    def put(
        self, name: str, component: Crafted | bytes | Path, manifest: str = "", *, version: str | None = None
    ) -> str:
        """Write a component's directory as it is to be, without telling anybody; return its key.

        Args:
            name: Of the directory and the component.
            component: The wasm, what makes it, or a directory to copy both files from.
            manifest: What the manifest says besides name, version and file.
            version: Of the manifest.
        """
        directory = self.folder / name
        directory.mkdir(exist_ok=True)
        if isinstance(component, Path):
            for file in component.iterdir():
                if file.name == "Component.toml" or file.suffix == ".wasm":
                    replace(directory / file.name, file.read_bytes())
            return name
        replace(directory / f"{name}.wasm", component.wasm() if isinstance(component, Crafted) else component)
        said = f'[package]\nname = "{name}"\n' + (f'version = "{version}"\n' if version else "")
        replace(directory / "Component.toml", f'{said}[component]\nwasm = "{name}.wasm"\n{manifest}'.encode())
        return name

    def install(self, name: str, component: Crafted | bytes | Path, manifest: str = "", **said: Any) -> ComponentView:
        """Write a component's directory and have the change dealt with, as when the watcher reports it."""
        self.notice(self.put(name, component, manifest, **said))
        return self.row(name)

    def notice(self, key: str) -> None:
        """Report a settled change of an entry, and wait until it has been dealt with and is published."""
        self.run(lambda: self.runtime.probe.system.follow(self._settled(key)))
        self.publish()

    def publish(self) -> None:
        """Have what is known now published at once, instead of a moment later."""

        async def touch() -> None:
            self.runtime.probe.system.touch()

        self.run(touch)

    def notice_later(self, key: str) -> Any:
        """Report a settled change; return the future of its having been dealt with."""
        change = self._settled(key)
        return self.runtime.probe.run(lambda: self.runtime.probe.system.follow(change))

    def _settled(self, key: str) -> Settled:
        return Settled(key, stamps(self.folder, key), 0.0, 1)

    def remove(self, key: str) -> None:
        """Delete an entry of the folder and report that."""
        path = self.folder / key
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.notice(key)

    def run(self, work: Callable[[], Any]) -> Any:
        """Run a coroutine on the control loop and wait for it."""
        return self.runtime.probe.run(work).result(PATIENCE)

    def do(self, command: Command) -> Done:
        """Carry out a command and wait for it."""
        return self.runtime.submit(command).result(PATIENCE)

    def call(self, name: str, export: str, *args: Any) -> Any:
        """Call an export and wait for its answer."""
        return self.runtime.invoke(name, export, *args).result(PATIENCE)

    def row(self, name: str) -> ComponentView:
        """Return a component's row."""
        return row_of(self.runtime.snapshot(), name)

    def history(self, name: str) -> tuple[RevisionView, ...]:
        """Return a component's revisions, newest first."""
        return self.runtime.versions(name).result(PATIENCE)

    def outcomes(self, name: str) -> dict[int, Outcome]:
        """Return what became of each revision."""
        return {revision.number: revision.outcome for revision in self.history(name)}

    def events(self, name: str | None = None, action: str | None = None) -> list[Event]:
        """Return what happened, oldest first."""
        found = self.runtime.events(0, 5_000).events
        return [e for e in found if name in {None, e.component} and action in {None, e.action}]

    def told(self, name: str, action: str) -> str:
        """Return the newest event's text of one kind."""
        return self.events(name, action)[-1].text

    def wait_for(self, wanted: Callable[[Snapshot], T]) -> T:
        """Wait until something is true of a snapshot; return what made it so.

        Looked at again whenever something happens or is published; never by the clock.
        """
        with self._changed:
            found = self._changed.wait_for(lambda: wanted(self.runtime.snapshot()), PATIENCE)
        assert found, self._report()
        return found

    def wait_row(self, name: str, wanted: Callable[[ComponentView], object]) -> ComponentView:
        """Wait until something is true of a component's row; return the row."""

        def look(snapshot: Snapshot) -> ComponentView | None:
            found = next((row for row in snapshot.components if row.id == name), None)
            return found if found is not None and wanted(found) else None

        row = self.wait_for(look)
        assert row is not None
        return row

    def wait_event(self, name: str, action: str, count: int = 1) -> Event:
        """Wait until something has happened to a component so many times; return the newest."""
        self.wait_for(lambda _: len(self.events(name, action)) >= count)
        return self.events(name, action)[-1]

    def _listen(self, runtime: EmbeddedRuntime) -> None:
        def wake(*_: object) -> None:
            with self._changed:
                self._changed.notify_all()

        runtime.listen(wake)
        observer = runtime.probe.system.observer
        publish = observer.publish

        def publish_and_wake() -> None:
            publish()
            wake()

        observer.publish = publish_and_wake  # type: ignore[method-assign]

    def _report(self) -> str:
        rows = "\n".join(
            f"{row.id}: {row.state} {row.recovery} {row.note}" for row in self.runtime.snapshot().components
        )
        events = "\n".join(f"{e.seq} {e.component} {e.action}: {e.text}" for e in self.events()[-30:])
        return f"it did not come true\n{rows}\n{events}"


def row_of(snapshot: Snapshot, name: str) -> ComponentView:
    """Return a component's row in a snapshot."""
    return next(row for row in snapshot.components if row.id == name)


@cache
def _aside(path: Path) -> Path:
    # Kept: each path that is made anew takes room among the interned strings, and this is not what is measured.
    return path.with_name(path.name + ".tmp")


def replace(path: Path, content: bytes) -> None:
    """Write a file as a careful program does: aside, then over the old one."""
    aside = _aside(path)
    aside.write_bytes(content)
    aside.replace(path)
