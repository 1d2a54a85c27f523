"""Components that are built while the tests run, because they are too large to be kept."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from tests.support.places import FIXTURES

ZOO = FIXTURES / "zoo"
PANIC = FIXTURES / "panic"
CACHE = Path(tempfile.gettempdir()) / f"airssys-tui-tests-{os.getuid()}"


def has_python_toolchain() -> bool:
    """Tell whether componentize-py is installed."""
    return importlib.util.find_spec("componentize_py") is not None


def python_zoo() -> bytes:
    """Return the zoo in Python: 18 MB with an interpreter inside, built once per version of its sources."""
    sources = sorted(ZOO.glob("src/*.py")) + sorted(ZOO.glob("wit/*.wit"))
    key = hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    built = CACHE / f"zoo-python-{key}.wasm"
    if not built.exists():
        CACHE.mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            made = Path(scratch) / "zoo.wasm"
            tool = Path(sysconfig.get_path("scripts")) / "componentize-py"
            command = [tool, "-d", ZOO / "wit", "-w", "zoo", "componentize", "--stub-wasi", "-p", ZOO / "src"]
            subprocess.run([*command, "zoo", "-o", made], check=True, capture_output=True, cwd=scratch, timeout=100)
            made.replace(built)
    return built.read_bytes()


PANIC_WIT = """package fixture:panic;

world panic {
    export say: func(name: string) -> string;
    export fail: func(name: string);
}
"""
PANIC_APP = """
from wit_world import WitWorld as Base


class WitWorld(Base):
    def say(self, name: str) -> str:
        print("asked for", name)
        return f"hello, {name}"

    def fail(self, name: str) -> None:
        raise LookupError(f"order {name} has no items")
"""


def python_panic() -> bytes:
    """Return a component in Python that prints, and fails with a traceback: with WASI, built once."""
    key = hashlib.sha256((PANIC_WIT + PANIC_APP).encode()).hexdigest()[:16]
    built = CACHE / f"panic-python-{key}.wasm"
    if not built.exists():
        CACHE.mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            (Path(scratch) / "panic.wit").write_text(PANIC_WIT)
            (Path(scratch) / "app.py").write_text(PANIC_APP)
            tool = Path(sysconfig.get_path("scripts")) / "componentize-py"
            command = [tool, "-d", "panic.wit", "-w", "panic", "componentize", "app", "-o", "panic.wasm"]
            subprocess.run(command, check=True, capture_output=True, cwd=scratch, timeout=200)
            (Path(scratch) / "panic.wasm").replace(built)
    return built.read_bytes()


QUICKJS = "componentize-qjs@0.4.5"


def javascript_panic() -> bytes:
    """Return the component of fixtures/panic in JavaScript with WASI: 1 MB, built once.

    Raises:
        FileNotFoundError: If npm is missing.
        subprocess.SubprocessError: If the toolchain cannot be fetched, or refuses the source.
    """
    sources = [PANIC / "src" / "panic.js", PANIC / "wit" / "panic.wit"]
    key = hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    built = CACHE / f"panic-javascript-{key}.wasm"
    if not built.exists():
        CACHE.mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            tool = ["npx", "--yes", "--package", QUICKJS, "componentize-qjs", "--sync", "--opt-size", "--minify"]
            command = [*tool, "--wit", PANIC / "wit", "--world", "panic", "--js", sources[0], "--output", "panic.wasm"]
            subprocess.run(command, check=True, capture_output=True, cwd=scratch, timeout=200)
            (Path(scratch) / "panic.wasm").replace(built)
    return built.read_bytes()


if __name__ == "__main__":
    sys.stdout.write(f"{len(python_zoo())} bytes in {CACHE}\n")
