"""One instance of a component with the host functions of `airssys:core-host`, on wasmtime alone.

The samples are tested without the engine, so that a failure here is the sample's.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wasmtime import Config, Engine, Store, WasiConfig, WasmtimeError
from wasmtime.component import Component, Linker, Record

from tests.support.places import SAMPLES

COMPONENT = "airssys:core-component/"


def component_file(name: str) -> Path:
    """Find the component of a sample."""
    return SAMPLES / name / f"{name}.wasm"


def counter_release(version: str) -> Path:
    """Find a release of the counter."""
    return SAMPLES / ".releases" / "counter" / version / "counter.wasm"


def wasm_tools(*arguments: str | Path) -> str:
    """Run wasm-tools and give what it prints."""
    command = shutil.which("wasm-tools", path=sysconfig.get_path("scripts")) or shutil.which("wasm-tools")
    assert command is not None, "wasm-tools is missing: install the extra `dev`"
    done = subprocess.run([command, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def record(**fields: Any) -> Record:
    """Make a record; `from_version` stands for `from-version`."""
    made = Record()
    for name, value in fields.items():
        setattr(made, name.replace("_", "-"), value)
    return made


def plain(value: Any) -> Any:
    """Turn records into dictionaries, all the way down."""
    if isinstance(value, Record):
        return {name: plain(part) for name, part in vars(value).items()}
    if isinstance(value, list | tuple):
        return type(value)(plain(part) for part in value)
    return value


def version(text: str) -> Record:
    """Make a `component-version`."""
    major, minor, patch = (int(part) for part in text.split("."))
    return record(major=major, minor=minor, patch=patch, pre_release=None, build=None)


@dataclass
class Guest:
    """A component, instantiated, and what it did to the host."""

    path: Path
    config: dict[str, str] = field(default_factory=dict)
    fuel: int = 20_000_000
    memory: int = 16 * 1024 * 1024
    table_elements: int = 1_000
    logged: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    printed: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        config = Config()
        config.consume_fuel = True
        engine = Engine(config)
        self.component = Component.from_file(engine, str(self.path))
        self.imports = self.component.type.imports(engine)
        self.exports = self.component.type.exports(engine)
        linker = Linker(engine)
        self._define(linker)
        self.store = Store(engine)
        self.store.set_limits(memory_size=self.memory, table_elements=self.table_elements)
        self.store.set_fuel(self.fuel)
        wasi = WasiConfig()
        wasi.stdout_custom = lambda data: self.printed.append(bytes(data))
        self.store.set_wasi(wasi)
        self.instance = linker.instantiate(self.store, self.component)

    def _define(self, linker: Linker) -> None:
        linker.add_wasip2()
        with linker.root() as root:
            with root.add_instance("airssys:core-host/logging@1.0.0") as logging:
                logging.add_func(
                    "log", lambda _s, level, message, fields: self.logged.append((level, message, dict(fields)))
                )
            with root.add_instance("airssys:core-host/config@1.0.0") as config:
                config.add_func("get", lambda _s, key: self.config.get(key))
                config.add_func("all", lambda _s: list(self.config.items()))

    def has(self, name: str) -> bool:
        """Say whether there is an export of that name: a function or an instance."""
        return self.instance.get_export_index(self.store, name) is not None

    def call(self, name: str, *arguments: Any) -> Any:
        """Call `function` or `instance#function` with a full tank."""
        instance, _, function = name.rpartition("#")
        within = self.instance.get_export_index(self.store, instance) if instance else None
        index = self.instance.get_export_index(self.store, function, within)
        assert index is not None, f"no export {name}"
        called = self.instance.get_func(self.store, index)
        assert called is not None, f"{name} is not a function"
        self.store.set_fuel(self.fuel)
        result = called(self.store, *arguments)
        called.post_return(self.store)
        return plain(result)

    def trap(self, name: str, *arguments: Any) -> str:
        """Call what must trap, and give what the engine says about it: the last line of its chain of causes."""
        try:
            returned = self.call(name, *arguments)
        except WasmtimeError as error:
            return re.sub(r"^\s*\d+: ", "", str(error).strip().splitlines()[-1])
        raise AssertionError(f"{name} returned {returned!r}")

    def contract(self, name: str, *arguments: Any) -> Any:
        """Call a function of airssys:core-component, such as `health#check`."""
        interface, function = name.split("#")
        return self.call(f"{COMPONENT}{interface}@1.0.0#{function}", *arguments)

    def init(self) -> Any:
        """Initialise it as the host would."""
        name = self.path.parent.name
        entries = list(self.config.items())
        identity = record(namespace="local", name=name)
        return self.contract("lifecycle#init", record(id=identity, version=version("1.0.0"), entries=entries))

    def execute(self, operation: str, text: str = "") -> Any:
        """Run an operation by name; gives the payload's text, or the error with `tag` and `payload`."""
        context = record(request=1, caller=None, time_left=1000, trace_id="t")
        return self.contract("execution#execute", operation, text, context)
