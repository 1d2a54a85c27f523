"""What a person at the desk waits for: the types of a large component, a form sent and its result laid out."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from airssys_tui.core.types.form import fill
from airssys_tui.core.types.form_lines import Form
from airssys_tui.core.types.interface import Field, Function, ListOf, Param, Primitive, Record
from airssys_tui.core.types.text_form import lay_out
from airssys_tui.runtime.embedded import EmbeddedRuntime
from airssys_tui.wit import tool
from airssys_tui.wit.target import built_text
from benchmarks.clock import Effort, pair
from benchmarks.guests import EXPORTS, binary
from benchmarks.report import Row, beside
from benchmarks.scene import PATIENCE, put_component, running, scratch

LARGE: Final = (
    Path(__file__).parents[1] / "tests" / "fixtures" / "components" / "javascript-tally" / "javascript-tally.wasm"
)
NAME: Final = "subject"
ROW: Final = {"a": 1, "b": 2, "c": 3.5, "d": -4, "e": True, "f": 6}


def types(effort: Effort) -> Iterator[Row]:
    """``wit show`` of a component of 1.1 MB, beside the command for WIT as its package installs it."""
    command = shutil.which(tool.NAME, path=sysconfig.get_path("scripts")) or shutil.which(tool.NAME)
    if command is None:
        return
    words = (command, "component", "wit", str(LARGE))
    shown, beside_it = pair(
        effort, lambda: built_text(LARGE), lambda: subprocess.run(words, capture_output=True, check=True)
    )
    yield beside("desk/wit-show", shown * 1e3, "ms", "wasm-tools", beside_it * 1e3)


def form(effort: Effort) -> Iterator[Row]:
    """A form with a record, or with many: into JSON, called, laid out; beside the same call in values of Python."""
    with scratch() as directory:
        put_component(directory, NAME, binary(EXPORTS))
        with running(directory) as runtime:
            yield _sent(effort, runtime, "desk/form-record", "record", ROW)
            yield _sent(effort, runtime, "desk/form-100-rows", "rows", [ROW] * 100)
            yield _sent(effort, runtime, "desk/form-1000-rows", "rows", [ROW] * 1000)


def _sent(effort: Effort, runtime: EmbeddedRuntime, name: str, export: str, value: Any) -> Row:
    function = runtime.interface(NAME).result(PATIENCE).interface.find(export).function
    written = Form(function, {param.name: fill(param.type, value) for param in function.params})

    def by_form() -> None:
        report = runtime.call(NAME, export, written.arguments()).result(PATIENCE)
        lay_out(function.result, msgspec.json.decode(report.result))

    def by_value() -> None:
        runtime.invoke(NAME, export, value).result(PATIENCE)

    taken, beside_it = pair(effort, by_form, by_value)
    return beside(name, taken * 1e6, "µs", "invoke", beside_it * 1e6)


def form_lines(effort: Effort) -> Iterator[Row]:
    """The 7 001 lines of a form with 1 000 rows, as after each edit; beside its JSON."""
    value = [ROW] * 1000
    kinds = {"a": "u32", "b": "u64", "c": "f64", "d": "s32", "e": "bool", "f": "u8"}
    row = Record(tuple(Field(name, Primitive(kind)) for name, kind in kinds.items()))
    written = Form(Function("rows", (Param("rows", ListOf(row)),)), {"rows": fill(ListOf(row), value)})
    taken, beside_it = pair(effort, written.lines, lambda: msgspec.json.encode(value))
    yield beside("desk/form-lines-1000-rows", taken * 1e3, "ms", "JSON of the value", beside_it * 1e3)
