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


VISITS_WORLD = """package fixture:visits;

world visits {
    import wasi:keyvalue/store@0.2.0-draft2;
    import wasi:keyvalue/atomics@0.2.0-draft2;
    import wasi:config/store@0.2.0-rc.1;
    import wasi:logging/logging@0.1.0-draft;
    export visit: func(who: string) -> string;
    export visitors: func() -> list<string>;
}
"""
VISITS_PACKAGES = {
    "keyvalue": """package wasi:keyvalue@0.2.0-draft2;

interface store {
    variant error { no-such-store, access-denied, other(string) }
    record key-response { keys: list<string>, cursor: option<string> }
    resource bucket { list-keys: func(cursor: option<string>) -> result<key-response, error>; }
    open: func(identifier: string) -> result<bucket, error>;
}

interface atomics {
    use store.{bucket, error};
    variant cas-error { store-error(error), cas-failed(cas) }
    resource cas { new: static func(bucket: borrow<bucket>, key: string) -> result<cas, error>; }
    increment: func(bucket: borrow<bucket>, key: string, delta: s64) -> result<s64, error>;
    swap: func(cas: cas, value: list<u8>) -> result<_, cas-error>;
}
""",
    "config": """package wasi:config@0.2.0-rc.1;

interface store {
    variant error { upstream(string), io(string) }
    get: func(key: string) -> result<option<string>, error>;
}
""",
    "logging": """package wasi:logging@0.1.0-draft;

interface logging {
    enum level { trace, debug, info, warn, error, critical }
    log: func(level: level, context: string, message: string);
}
""",
}
"""Those functions of the drafts that the component calls."""

VISITS_APP = """
from wit_world import WitWorld as Base
from wit_world.imports import atomics, logging
from wit_world.imports import wasi_config_store as config
from wit_world.imports import wasi_keyvalue_store as keyvalue


class WitWorld(Base):
    def visit(self, who: str) -> str:
        with keyvalue.open("default") as bucket:
            count = atomics.increment(bucket, who, 1)
            atomics.swap(atomics.Cas.new(bucket, "last"), who.encode())
        logging.log(logging.Level.CRITICAL, "door", f"{who} came")
        return f"{config.get('greeting')}, {who}: visit {count}"

    def visitors(self) -> list[str]:
        with keyvalue.open("default") as bucket:
            return bucket.list_keys(None).keys
"""


def python_visits() -> bytes:
    """Return a component in Python that imports drafts of WASI: 18 MB, built once."""
    sources = (VISITS_WORLD, *VISITS_PACKAGES.values(), VISITS_APP)
    key = hashlib.sha256("".join(sources).encode()).hexdigest()[:16]
    built = CACHE / f"visits-python-{key}.wasm"
    if not built.exists():
        CACHE.mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            root = Path(scratch)
            for package, text in VISITS_PACKAGES.items():
                (root / "wit" / "deps" / package).mkdir(parents=True)
                (root / "wit" / "deps" / package / "package.wit").write_text(text)
            (root / "wit" / "world.wit").write_text(VISITS_WORLD)
            (root / "app.py").write_text(VISITS_APP)
            tool = Path(sysconfig.get_path("scripts")) / "componentize-py"
            command = [tool, "-d", "wit", "-w", "visits", "componentize", "app", "-o", "visits.wasm"]
            subprocess.run(command, check=True, capture_output=True, cwd=scratch, timeout=200)
            (root / "visits.wasm").replace(built)
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
