"""The folder of a soak: who lives there, and what keeps arriving."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.fuzz import seeds
from tests.fuzz.mutation import damaged
from tests.support.components import SPIN, TRAP, Crafted
from tests.support.engine import bombs, guests
from tests.support.hog import HOG
from tests.support.places import FIXTURES, SAMPLES
from tests.support.world import replace

QUICK = '[supervision]\nmax_restarts = 1000\nwindow = "1s"\nbackoff = {initial = "10ms", factor = 1.0, jitter = 0.0}\n'
SHORT = '[resources]\ndeadline = "50ms"\nfuel_per_call = "unlimited"\n'
SMALL = '[resources]\nmemory = "4MiB"\n'
FUZZED = 6
"""Names among which damaged files are dealt out."""


def put(folder: Path, name: str, wasm: bytes, manifest: str = "") -> None:
    """Write a component, whole file by whole file."""
    home = folder / name
    home.mkdir(exist_ok=True)
    replace(home / "guest.wasm", wasm)
    said = f'[package]\nname = "{name}"\n[component]\nwasm = "guest.wasm"\n{manifest}'
    replace(home / "Component.toml", said.encode())


def furnish(folder: Path) -> None:
    """Put in everybody who is there from the start."""
    folder.mkdir(parents=True)
    put(folder, "control", Crafted().wasm())
    put(folder, "changing", Crafted().wasm())
    put(folder, "looper", Crafted(add=SPIN).wasm(), SHORT + QUICK)
    put(folder, "spender", Crafted(add=SPIN).wasm(), "[resources]\nfuel_per_call = 10_000_000\n" + QUICK)
    put(folder, "trapper", Crafted(add=TRAP).wasm(), QUICK)
    put(folder, "eater", guests.binary(guests.TRAPS), QUICK)
    put(folder, "sender", guests.echo("u8"), '[resources]\ndeadline = "30s"\nfuel_per_call = "unlimited"\n' + QUICK)
    put(folder, "sleeper", (FIXTURES / "sleeper" / "sleeper.wasm").read_bytes(), SHORT + QUICK)
    put(folder, "forgotten", (FIXTURES / "sleeper" / "sleeper.wasm").read_bytes(), SHORT + QUICK)
    put(
        folder,
        "printer",
        (FIXTURES / "sleeper" / "sleeper.wasm").read_bytes(),
        '[resources]\ndeadline = "10s"\n' + QUICK,
    )
    put(folder, "hostile", (FIXTURES / "hostile" / "hostile.wasm").read_bytes(), QUICK)
    put(folder, "hoarder", (SAMPLES / "hoarder" / "hoarder.wasm").read_bytes(), SMALL + QUICK)
    put(folder, "hog-1", HOG)
    put(folder, "hog-2", HOG)
    put(folder, "mended", Crafted(salt="mended").wasm(), QUICK)
    banker = '[capabilities]\nstorage = "read-write"\n' + QUICK
    put(folder, "banker", (SAMPLES / "ledger" / "ledger.wasm").read_bytes(), banker)
    _put_oddities(folder)


ODDITIES = ("piped", "piped-manifest", "dotted")
"""Entries of the folder that are rows, none of which can run."""


def _put_oddities(folder: Path) -> None:
    """Put in what cannot be read, must not be waited for, and would take minutes to parse."""
    put(folder, "piped", b"")
    (folder / "piped" / "guest.wasm").unlink()
    os.mkfifo(folder / "piped" / "guest.wasm")
    put(folder, "piped-manifest", Crafted(salt="piped").wasm())
    (folder / "piped-manifest" / "Component.toml").unlink()
    os.mkfifo(folder / "piped-manifest" / "Component.toml")
    put(folder, "dotted", Crafted(salt="dotted").wasm(), "a" + ".a" * 16_000 + " = 1\n")
    (folder / os.fsdecode(b"not-\xff-utf-8.wasm")).write_bytes(Crafted(salt="named").wasm())


class Arrivals:
    """What keeps arriving in the folder; each kind in its own rhythm."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._chance = Random(seed)
        self._salt = 0

    def every(self) -> tuple[tuple[float, Callable[[], None]], ...]:
        """Give what to do, each with the seconds between two times."""
        return ((0.4, self.reload), (0.25, self.fuzzed), (2.5, self.bomb), (1.0, self.come_and_go))

    def reload(self) -> None:
        """Another version of the component that keeps its count."""
        self._salt += 1
        put(self._folder, "changing", Crafted(salt=str(self._salt)).wasm())

    def fuzzed(self) -> None:
        """A damaged file."""
        name = f"fuzzed-{self._chance.randrange(FUZZED)}"
        put(self._folder, name, damaged(seeds.light(), self._chance))

    def bomb(self) -> None:
        """Something that would take minutes to compile."""
        wide = self._chance.randrange(3) == 0
        wasm = bombs.wide_types(17) if wide else bombs.nested_loops(5_000 + self._chance.randrange(1_000), functions=20)
        put(self._folder, f"bomb-{self._chance.randrange(2)}", wasm)

    def come_and_go(self) -> None:
        """A component that is there every other time."""
        home = self._folder / "guest"
        if home.exists():
            for file in home.iterdir():
                file.unlink()
            home.rmdir()
        else:
            put(self._folder, "guest", Crafted(salt="guest").wasm())
