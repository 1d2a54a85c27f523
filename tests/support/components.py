"""Components made to order from component text: the contract, with whatever behaviour a test needs. No toolchain.

Each one counts: ``add`` and ``get`` are plain exports, and the count is its state. What it does when it is started,
asked, saved or loaded is chosen per component, so that every gate and every failure can be met on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import wasmtime

LIFECYCLE = "airssys:core-component/lifecycle@1.0.0"
HEALTH = "airssys:core-component/health@1.0.0"
STATE = "airssys:core-component/state@1.0.0"

SPIN = "(loop $for-ever (br $for-ever)) (unreachable)"
TRAP = "(unreachable)"

_TYPES = """
  (type $error' (variant (case "invalid-config" string) (case "invalid-input" string) (case "invalid-state" string)
    (case "unsupported" string) (case "denied" string) (case "unavailable" string) (case "timeout" string)
    (case "cancelled" string) (case "retryable" string) (case "internal" string)))
  (export $error "component-error" (type $error'))
  (type $id' (record (field "namespace" string) (field "name" string)))
  (export $id "component-id" (type $id'))
  (type $version' (record (field "major" u64) (field "minor" u64) (field "patch" u64)
    (field "pre-release" (option string)) (field "build" (option string))))
  (export $version "component-version" (type $version'))
  (type $config' (record (field "id" $id) (field "version" $version) (field "entries" (list (tuple string string)))))
  (export $config "component-config" (type $config'))
  (type $payload' (variant (case "text" string) (case "binary" (list u8))))
  (export $payload "payload" (type $payload'))
  (type $status' (enum "healthy" "degraded" "unhealthy" "unknown"))
  (export $status "health-status" (type $status'))
  (type $report' (record (field "status" $status) (field "message" (option string))))
  (export $report "health-report" (type $report'))
"""

# 16  result of save      48  result of init, load and shutdown      80  result of check     112  result of schema
# 128 "no" · 132 "crafted/1" · 160 the count as it is handed out · 1024 what the host puts in
_CORE = """
  (core module $guest
    (memory (export "mem") PAGES)
    (data (i32.const 128) "no")
    (data (i32.const 132) "crafted/1")
    (global $free (mut i32) (i32.const 1024))
    (global $count (mut i64) (i64.const 0))
    (global $calls (mut i32) (i32.const 0))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $start i32)
      (local.set $start (i32.and (i32.add (global.get $free) (i32.const 15)) (i32.const -16)))
      (global.set $free (i32.add (local.get $start) (local.get 3)))
      (if (i32.gt_u (global.get $free) (i32.const 60000)) (then (unreachable)))
      (local.get $start))
    (func (export "done") (param i32) (global.set $free (i32.const 1024)))
    (func $ok (param $at i32) (result i32) (i32.store8 (local.get $at) (i32.const 0)) (local.get $at))
    (func $no (param $at i32) (param $case i32) (result i32)
      (i32.store8 (local.get $at) (i32.const 1))
      (i32.store8 (i32.add (local.get $at) (i32.const 4)) (local.get $case))
      (i32.store (i32.add (local.get $at) (i32.const 8)) (i32.const 128))
      (i32.store (i32.add (local.get $at) (i32.const 12)) (i32.const 2))
      (local.get $at))
    (func (export "add") (param $by i64) (result i64)
      ADD
      (global.set $count (i64.add (global.get $count) (local.get $by))) (global.get $count))
    (func (export "get") (result i64) (global.get $count))
    (func (export "trap") (unreachable))
    (func (export "spin") (loop $for-ever (br $for-ever)))
    (func (export "init") (param i32 i32 i32 i32 i64 i64 i64 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
      INIT)
    (func (export "shutdown") (result i32) SHUTDOWN)
    (func (export "check") (result i32)
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      HEALTH
      (i32.store8 (i32.const 84) (i32.const 0))
      (i32.const 80))
    (func (export "schema") (result i32)
      (i32.store (i32.const 112) (i32.const 132)) (i32.store (i32.const 116) (i32.const 9)) (i32.const 112))
    (func (export "save") (result i32)
      (i64.store (i32.const 160) (global.get $count))
      (i32.store8 (i32.const 20) (i32.const 1))
      (i32.store (i32.const 24) (i32.const 160))
      (i32.store (i32.const 28) (i32.const 8))
      SAVE)
    (func (export "load") (param $case i32) (param $at i32) (param $size i32)
        (param i64 i64 i64 i32 i32 i32 i32 i32 i32) (result i32)
      (global.set $count (i64.load (local.get $at)))
      LOAD)
  )
"""

_LIFTED = """
  (core instance $i (instantiate $guest))
  (func $init (param "config" $config) (result (result (error $error)))
    (canon lift (core func $i "init") (memory (core memory $i "mem")) (realloc (core func $i "realloc"))
      (post-return (core func $i "done"))))
  (func $shutdown (result (result (error $error)))
    (canon lift (core func $i "shutdown") (memory (core memory $i "mem")) (realloc (core func $i "realloc"))))
  (instance $lifecycle (export "init" (func $init)) (export "shutdown" (func $shutdown)))
  (func $check (result $report) (canon lift (core func $i "check") (memory (core memory $i "mem"))))
  (instance $health (export "check" (func $check)))
  (func $schema (result string) (canon lift (core func $i "schema") (memory (core memory $i "mem"))))
  (func $save (result (result $payload (error $error)))
    (canon lift (core func $i "save") (memory (core memory $i "mem"))))
  (func $load (param "saved" $payload) (param "from-version" $version) (result (result (error $error)))
    (canon lift (core func $i "load") (memory (core memory $i "mem")) (realloc (core func $i "realloc"))
      (post-return (core func $i "done"))))
  (instance $state (export "schema" (func $schema)) (export "save" (func $save)) (export "load" (func $load)))
"""

_EXPORTS = {
    "add": '(func (export "add") (param "by" u64) (result u64) (canon lift (core func $i "add")))',
    "get": '(func (export "get") (result u64) (canon lift (core func $i "get")))',
    "trap": '(func (export "trap") (canon lift (core func $i "trap")))',
    "spin": '(func (export "spin") (canon lift (core func $i "spin")))',
    LIFECYCLE: f'(export "{LIFECYCLE}" (instance $lifecycle))',
    HEALTH: f'(export "{HEALTH}" (instance $health))',
    STATE: f'(export "{STATE}" (instance $state))',
}

ALL = frozenset(_EXPORTS)
STATELESS = ALL - {STATE}

_OK = {
    "init": "(call $ok (i32.const 48))",
    "shutdown": "(call $ok (i32.const 48))",
    "load": "(call $ok (i32.const 48))",
}
_NO = {
    "init": "(call $no (i32.const 48) (i32.const 9))",
    "shutdown": "(call $no (i32.const 48) (i32.const 9))",
    "load": "(call $no (i32.const 48) (i32.const 2))",
    "save": "(call $no (i32.const 16) (i32.const 9))",
}
_STATUS = ("healthy", "degraded", "unhealthy", "unknown")


@dataclass(frozen=True, kw_only=True, repr=False)
class Crafted:
    """What a component is to do.

    Attributes:
        init: ``ok``, ``error``, ``trap`` or ``spin``; so are shutdown, save and load.
        health: A health status, ``trap`` or ``spin``.
        sick_after: Healthy for so many checks, then as ``health`` says.
        add: Core text that runs at the start of ``add``.
        probe: Core text that runs at the start of a health check.
        exports: Which of :data:`ALL` it has.
        imports: Names of interfaces with one function ``work``, imported for nothing.
        pages: Pages of 64 KiB that its memory begins with.
        start: Core text that runs when it is instantiated.
        version: What its ``version`` section says, if it has one.
        salt: Makes two components of the same behaviour differ.
        drops: Functions that its interfaces lack.
    """

    init: str = "ok"
    shutdown: str = "ok"
    save: str = "ok"
    load: str = "ok"
    health: str = "healthy"
    sick_after: int = 0
    add: str = ""
    probe: str = ""
    exports: frozenset[str] = ALL
    imports: tuple[str, ...] = ()
    pages: int = 1
    start: str = ""
    version: str | None = None
    salt: str = ""
    drops: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return what differs from a component that does well."""
        said = {f.name: getattr(self, f.name) for f in fields(self)}
        other = [f"{f.name}={said[f.name]!r}" for f in fields(self) if said[f.name] != f.default]
        return f"Crafted({', '.join(other)})"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(repr(self))  # how Hypothesis prints an example

    def wasm(self) -> bytes:
        """Return the component."""
        return _binary(self._text()) + _custom("version", self.version) + _custom("salt", self.salt or None)

    def _text(self) -> str:
        core = _CORE.replace("PAGES", str(self.pages)).replace("ADD", self.add)
        core = core.replace("SHUTDOWN", _answer("shutdown", self.shutdown))
        core = core.replace("INIT", _answer("init", self.init))
        core = core.replace("HEALTH", self._check())
        core = core.replace("SAVE", _answer("save", self.save)).replace("LOAD", _answer("load", self.load))
        if self.start:
            core = core.rstrip().removesuffix(")") + f"(func $begin {self.start}) (start $begin))"
        imports = "".join(f'(import "{name}" (instance (export "work" (func))))' for name in self.imports)
        lifted = _LIFTED
        for name in self.drops:
            lifted = lifted.replace(f'(export "{name}" (func ${name}))', "")
        exports = "\n".join(text for name, text in _EXPORTS.items() if name in self.exports)
        return f"(component {imports} {_TYPES} {core} {lifted} {exports})"

    def _check(self) -> str:
        if self.health in _STATUS:
            sick = f"(i32.store8 (i32.const 80) (i32.const {_STATUS.index(self.health)}))"
        else:
            sick = _answer("check", self.health)
        well = "(i32.store8 (i32.const 80) (i32.const 0))"
        return (
            f"{self.probe}(if (i32.gt_u (global.get $calls) (i32.const {self.sick_after})) (then {sick}) (else {well}))"
        )


def _answer(function: str, behaviour: str) -> str:
    if behaviour == "ok":
        return _OK.get(function, "(call $ok (i32.const 16))")
    if behaviour == "error":
        return _NO[function]
    return {"trap": TRAP, "spin": SPIN}[behaviour]


@cache
def _binary(text: str) -> bytes:
    return bytes(wasmtime.wat2wasm(text))


def _custom(name: str, content: str | None) -> bytes:
    """Return a custom section, as a component's outermost level may end with."""
    if content is None:
        return b""
    body = _number(len(name)) + name.encode() + content.encode()
    return b"\0" + _number(len(body)) + body


def _number(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _number(rest) if rest else bytes([low])
