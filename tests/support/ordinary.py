"""Components as the toolchains make them by default, WASI and all: built while slow tests run, once for each source."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tests.support.places import FIXTURES, ROOT
from tests.support.toolchains import CACHE

ORDINARY: Final = FIXTURES / "ordinary"
JCO: Final = tuple(
    f"@bytecodealliance/{package}" for package in ("jco@1.35.0", "componentize-js@0.23.0", "preview2-shim@0.26.0")
)
"""Others of the same day do not go together."""

QUICKJS: Final = ("componentize-qjs@0.4.5",)
RUSTC: Final = Path("/usr/bin/rustc")
"""Debian's, with `libstd-rust-dev-wasm32` and `lld`: what rustup installs has no target for WASI without a download."""

BUILD_TIME: Final = 300.0
"""Seconds for one step of a build."""

Make = Callable[[Path, Path], None]


def has_rust() -> bool:
    """Tell whether a Rust compiler for WASI is there."""
    return RUSTC.exists() and any(Path("/usr/lib/rustlib/wasm32-wasi").glob("lib/libstd-*.rlib"))


def python_program() -> bytes:
    """Return ``program.py`` by componentize-py."""

    def make(scratch: Path, output: Path) -> None:
        tool = Path(sysconfig.get_path("scripts")) / "componentize-py"
        run(tool, "-d", wit(scratch), "-w", "program", "componentize", "-p", ORDINARY, "program", "-o", output)

    return built("python-program", [ORDINARY / "program.py"], make)


def javascript(source: str, world: str = "", version: str = "0.2.12") -> bytes:
    """Return a component by componentize-js (StarlingMonkey), called by jco.

    Args:
        source: A file of the fixture.
        world: One of its worlds; one that exports ``wasi:http/incoming-handler`` if empty.
        version: Of WASI: handlers of fetch events are made for the one that the engine was built with.
    """

    def make(scratch: Path, output: Path) -> None:
        folder = wit(scratch, version)
        (folder / "serving.wit").write_text(
            f"package fixture:ordinary;\nworld serving {{ export wasi:http/incoming-handler@{version}; }}\n"
        )
        shutil.copy(ORDINARY / source, scratch / source)  # jco sees only what is below the present folder
        jco = npm(*JCO) / ".bin" / "jco"
        words = ("componentize", source, "--wit", folder.name, "-n", world or "serving", "-o", output.name)
        run(jco, *words, cwd=scratch)

    return built(f"javascript-{world}-{version}", [ORDINARY / source], make)


def quickjs(source: str, world: str, *options: str) -> bytes:
    """Return a component by componentize-qjs."""

    def make(scratch: Path, output: Path) -> None:
        tool = npm(*QUICKJS) / ".bin" / "componentize-qjs"
        run(tool, *options, "--wit", wit(scratch), "-n", world, "--js", ORDINARY / source, "-o", output)

    return built(f"quickjs-{world}{''.join(options)}", [ORDINARY / source], make)


def rust_program() -> bytes:
    """Return ``program.rs`` by Debian's Rust and the preview 1 adapter."""

    def make(scratch: Path, output: Path) -> None:
        core, embedded = scratch / "core.wasm", scratch / "embedded.wasm"
        tools = Path(sysconfig.get_path("scripts")) / "wasm-tools"
        adapter = npm(*JCO) / "@bytecodealliance" / "jco" / "lib" / "wasi_snapshot_preview1.reactor.wasm"
        run(RUSTC, "--target", "wasm32-wasi", "-O", "--crate-type", "cdylib", ORDINARY / "program.rs", "-o", core)
        run(tools, "component", "embed", ORDINARY / "rust.wit", core, "-o", embedded)
        run(tools, "component", "new", embedded, "--adapt", f"wasi_snapshot_preview1={adapter}", "-o", output)

    return built("rust-program", [ORDINARY / "program.rs", ORDINARY / "rust.wit"], make)


def npm(*packages: str) -> Path:
    """Install packages of npm, once; return their ``node_modules``."""
    place = CACHE / f"npm-{hashlib.sha256(' '.join(packages).encode()).hexdigest()[:16]}"
    if not (place / "installed").exists():
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        run("npm", "install", "--silent", "--no-save", "--prefix", place, *packages)
        (place / "installed").touch()
    return place / "node_modules"


def wit(scratch: Path, version: str = "0.2.12") -> Path:
    """Make a folder of WIT: the fixture's worlds, the project's packages, and those of WASI if jco is installed."""
    folder = scratch / "wit"
    shutil.copytree(ORDINARY / "wit", folder)
    for package in (ROOT / "wit").glob("core-*/"):
        shutil.copytree(package, folder / "deps" / package.name, ignore=shutil.ignore_patterns("deps"))
    if shutil.which("npm") is not None:
        builtin = npm(*JCO) / "@bytecodealliance" / "jco" / "lib" / "wit" / "builtin" / "0.2.12"
        for package in builtin.iterdir():
            text = (package / "package.wit").read_text().replace("@0.2.12", f"@{version}")
            (folder / "deps" / package.name).mkdir()
            (folder / "deps" / package.name / "package.wit").write_text(text)
    return folder


def built(name: str, sources: Sequence[Path], make: Make) -> bytes:
    """Return a component, built anew only if its sources changed."""
    content = b"\0".join(path.read_bytes() for path in [*sources, ORDINARY / "wit" / "ordinary.wit"])
    kept = CACHE / f"{name}-{hashlib.sha256(content).hexdigest()[:16]}.wasm"
    if not kept.exists():
        CACHE.mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            output = Path(scratch) / "made.wasm"
            make(Path(scratch), output)
            output.replace(kept)
    return kept.read_bytes()


def run(*command: str | Path, cwd: Path | None = None) -> None:
    """Run one step of a build; what it says is in the error."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_TIME, check=False, cwd=cwd)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stderr[-4_000:]}{done.stdout[-1_000:]}"
