"""Draw the pictures of the documentation: the real screens on a real runtime that runs the samples.

``python .ci/picture.py`` plays the README's tour in a scratch folder, under load, and writes one SVG a screen into
``docs/pictures``, without fonts from outside. The README's own picture is text, which shows wherever the README does.
Times, rates and digests are what they were: two runs give two sets of pictures.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final

from textual.pilot import Pilot

from airssys_tui.api.commands import Annotate
from airssys_tui.api.views.components import ComponentView
from airssys_tui.core.errors import AirssysError
from airssys_tui.core.revision import Outcome
from airssys_tui.runtime.embedded import EmbeddedRuntime
from airssys_tui.tui.app import AirssysApp
from airssys_tui.tui.screens.calling.call_screen import CallScreen
from airssys_tui.tui.screens.live import LiveScreen
from airssys_tui.tui.screens.registry import RegistryScreen

ROOT: Final = Path(__file__).resolve().parents[1]
SAMPLES: Final = ROOT / "sample_components"
README: Final = ROOT / "README.md"
PICTURES: Final = ROOT / "docs" / "pictures"
BEGIN: Final = "<!-- picture:begin -->\n"
END: Final = "<!-- picture:end -->"
SIZE: Final = (120, 34)
SHORT: Final = (120, 28)
"""Of the registry: a folder of samples fills no more."""
NARROW: Final = (104, 24)
"""Of the picture that is text: what a page of a package index has room for."""
PATIENCE: Final = 60.0
LOAD: Final = 45.0
"""Seconds of load before the first picture: the sparklines have something to show."""

_FONTS: Final = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)

BACKOFF: Final = ('"100ms", factor = 2.0, max = "30s"', '"10m", factor = 2.0, max = "1h"')
"""The crasher waits long for its next start: it is seen waiting."""


class Load:
    """Calls of the samples, as a folder in use has them.

    Args:
        runtime: The runtime under load.
    """

    def __init__(self, runtime: EmbeddedRuntime) -> None:
        self._runtime = runtime
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="load", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for that; nothing if it has not begun."""
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _work(self) -> None:
        self._runtime.wait_settled(PATIENCE)
        for export, arguments in (("deposit", '["ada", 100000]'), ("deposit", '["grace", 50000]')):
            self._call("ledger", export, arguments)
        self._runtime.invoke("crasher", "unreachable").exception(PATIENCE)  # no call by hand, which counts apart
        for round_ in count():
            for component, export, arguments in calls(round_):
                self._call(component, export, arguments)
            if self._over.wait(0.08):
                return

    def _call(self, component: str, export: str, arguments: str) -> None:
        try:
            self._runtime.call(component, export, arguments).result(PATIENCE)
        except AirssysError:
            return  # it is stopped, failed or refuses: that is on the screen


def calls(round_: int) -> Iterator[tuple[str, str, str]]:
    """Yield the calls of one round: more of them in some rounds than in others."""
    busy = round_ // 40 % 3
    for _ in range(1 + busy * 2):
        yield "counter", "increment", "[1]"
    yield "primes", "nth", f"[{200 + round_ * 7 % 300 * (1 + busy)}]"
    yield "greeter", "hello", '["Ada"]'
    if round_ % 4 == 0:
        yield "ledger", "transfer", f'["ada", "grace", {1 + round_ % 7}]'
        yield "ledger", "accounts", "[]"
    if round_ % 6 == 0:
        yield "hoarder", "grab", "[1]"
    if round_ % 90 == 0:
        yield "wasi-hello", "run", "[]"
    if round_ % 20 == 0:
        yield "file-tail", "last", '["/tmp/orders.log", 1]'
    if round_ % 60 == 0:
        yield "fetcher", "fetch", "[]"


class Scene:
    """The folder, the runtime on it, and what happens to both.

    Args:
        folder: Holds a copy of the samples.
        runtime: Watches it.
    """

    def __init__(self, folder: Path, runtime: EmbeddedRuntime) -> None:
        self.folder = folder
        self.runtime = runtime
        self.load = Load(runtime)

    def row(self, component: str) -> ComponentView | None:
        """Return a component's row."""
        return next((row for row in self.runtime.snapshot().components if row.id == component), None)

    def stable(self) -> bool:
        """Return whether what the counter serves has proved itself."""
        row = self.row("counter")
        return row is not None and row.stable

    async def release(self, version: str, outcome: Outcome) -> None:
        """Install a release of the counter, and wait for what becomes of it."""
        for file in sorted((SAMPLES / ".releases" / "counter" / version).iterdir()):
            aside = self.folder / "counter" / f".{file.name}"
            shutil.copyfile(file, aside)
            aside.replace(self.folder / "counter" / file.name)

        async def became() -> bool:
            timeline = await asyncio.wrap_future(self.runtime.versions("counter"))
            return any(each.version == version and each.outcome is outcome for each in timeline)

        async with asyncio.timeout(PATIENCE):
            while not await became():  # noqa: ASYNC110 - asked of the runtime, which has no event for it
                await asyncio.sleep(0.1)

    async def play(self) -> None:
        """Live through the README's tour, up to the rollback; the load goes on."""
        began = time.monotonic()
        self.load.start()  # a revision that nobody calls does not become stable
        await until(self.stable)
        await self.release("1.1.0", Outcome.ACTIVE)
        await until(self.stable)
        await self.release("1.2.0", Outcome.FAILED)
        await self.release("1.3.0", Outcome.FAILED)
        why = Annotate("counter", revision=2, note="counts in steps as well")
        await asyncio.wrap_future(self.runtime.submit(why))
        await asyncio.sleep(max(0.0, LOAD - (time.monotonic() - began)))


class Artist:
    """Drives the screens, and takes their pictures.

    Args:
        pilot: Of the application.
    """

    def __init__(self, pilot: Pilot[Any]) -> None:
        self._pilot = pilot
        self._app = pilot.app
        self.pictures: dict[str, str] = {}
        self.text = ""

    async def go(self, *keys: str, until_shown: Callable[[Any], object] = bool) -> None:
        """Press keys, and wait for something to be true of the screen."""
        await self._pilot.press(*keys)
        await until(lambda: until_shown(self._app.screen))

    async def take(self, name: str) -> None:
        """Take a picture of what is shown."""
        self._app.clear_notifications()
        await self._pilot.pause(1.0)
        svg = self._app.export_screenshot(title="airssys-tui components/")
        lines = (line.rstrip() for line in _FONTS.sub("", svg).splitlines())
        self.pictures[name] = "\n".join(line for line in lines if line) + "\n"

    async def read(self) -> None:
        """Keep what is shown as text."""
        self._app.clear_notifications()
        await self._pilot.pause(1.0)
        strips = self._app.screen._compositor.render_strips()  # noqa: SLF001 - what export_screenshot draws from
        self.text = "\n".join(strip.text.rstrip() for strip in strips)

    async def tour(self, scene: Scene) -> None:
        """Go through the screens."""
        self._select("counter")
        await self.go("v", "j", "j", until_shown=lambda screen: getattr(screen, "diff", None) is not None)
        await self.take("versions")
        await self.go("escape", "z", until_shown=lambda screen: getattr(screen, "preview", None) is not None)
        await self.take("rollback")
        await self.go("tab", "enter", until_shown=lambda screen: isinstance(screen, RegistryScreen))
        await until(lambda: (row := scene.row("counter")) is not None and row.held)
        await self._pilot.pause(4.0)
        await self._pilot.resize_terminal(*SHORT)
        await self.take("registry")
        await self._pilot.resize_terminal(*NARROW)
        await self.read()
        await self._pilot.resize_terminal(*SIZE)
        await self.go("enter", until_shown=lambda screen: getattr(screen, "story", None) is not None)
        await self.take("detail")
        await self.go("escape", "m", until_shown=lambda screen: getattr(screen, "detail", None) is not None)
        await self.take("meters")
        await self.go("escape", "5")
        await self.take("logs")
        await self.go("6", until_shown=lambda screen: getattr(screen, "questions", None))
        await self.take("grants")
        await self._answer()
        await self.go("t", until_shown=lambda screen: getattr(screen, "verdict", None) is not None)
        await self.take("audit")
        await self.go("1", until_shown=lambda screen: isinstance(screen, RegistryScreen))
        self._select("greeter")
        await self.go("i", until_shown=lambda screen: isinstance(screen, CallScreen) and screen.interface is not None)
        await self._call()
        await self.take("call")

    async def _answer(self) -> None:
        """Grant once what is asked for first, and wait until it is used up and asked for again."""
        asked = getattr(self._app.screen, "question", None)
        await self.go("a", until_shown=lambda screen: getattr(screen, "question", asked) != asked)
        await self._pilot.pause(4.0)

    def _select(self, row: str) -> None:
        table = self._app.screen.table if isinstance(self._app.screen, LiveScreen) else None
        if table is None or not table.select(row):
            raise LookupError(f"there is no row {row}")

    async def _call(self) -> None:
        """Fill in the greeter's form and send it."""
        screen = self._app.screen
        keys = screen.table.keys if isinstance(screen, CallScreen) and screen.table is not None else ()
        self._select(next(key for key in keys if key.endswith("#greet")))
        await self.go("enter", "j", "enter", *"Ada Lovelace", "enter")
        await self.go("enter", "j", "enter", *"Countess", "enter")
        await self.go("enter", "j", "enter", *"36", "enter")
        await self.go("plus", "plus", "j", "enter", *"English", "enter", "enter", *"French", "enter", "enter")
        await self.go("c", until_shown=lambda screen: screen.answer is not None)


async def until(wanted: Callable[[], object]) -> None:
    """Wait until something is true.

    Raises:
        TimeoutError: It never was.
    """
    async with asyncio.timeout(PATIENCE):
        while not wanted():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.05)


async def drawn(folder: Path) -> Artist:
    """Return the artist who has drawn the pictures.

    Args:
        folder: An empty directory.
    """
    components = folder / "components"
    for manifest in sorted(SAMPLES.glob("*/Component.toml")):
        place = components / manifest.parent.name
        place.mkdir(parents=True)
        for file in (manifest, *manifest.parent.glob("*.wasm")):
            shutil.copyfile(file, place / file.name)
    crasher = components / "crasher" / "Component.toml"
    crasher.write_text(crasher.read_text(encoding="utf-8").replace(*BACKOFF), encoding="utf-8")
    runtime = EmbeddedRuntime.open(components, state_dir=folder / "state")
    scene = Scene(components, runtime)
    app = AirssysApp(lambda: runtime, folder="components/", refresh=0.5)
    try:
        async with app.run_test(size=SIZE) as pilot:
            artist = Artist(pilot)
            await until(lambda: app.session.feed.rows)
            await scene.play()
            await artist.tour(scene)
    finally:
        scene.load.stop()
        runtime.close()
    return artist


def with_picture(readme: str, picture: str) -> str:
    """Return the README with another picture between its markers.

    Raises:
        ValueError: There are no markers.
    """
    before, opened, rest = readme.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not (opened and closed):
        raise ValueError("README.md has no markers for its picture")
    return f"{before}{BEGIN}\n```text\n{picture}\n```\n\n{END}{after}"


def main() -> int:
    """Write the pictures; return the exit code."""
    for name in ("NO_COLOR", "AIRSSYS_TUI_ASCII", "AIRSSYS_TUI_THEME"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory() as folder:
        artist = asyncio.run(drawn(Path(folder)))
    PICTURES.mkdir(exist_ok=True)
    for name, svg in artist.pictures.items():
        (PICTURES / f"{name}.svg").write_text(svg, encoding="utf-8")
        sys.stderr.write(f"{name}.svg: {len(svg)} characters\n")
    README.write_text(with_picture(README.read_text(encoding="utf-8"), artist.text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
