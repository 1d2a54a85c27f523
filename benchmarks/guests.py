"""Components to measure with, as text, and the same component in wasmtime-py's own hands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import wasmtime
from wasmtime import component

_MEMORY: Final = """
  (memory (export "mem") 1)
  (global $top (mut i32) (i32.const 1024))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $start i32)
    (local.set $start (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const -16)))
    (global.set $top (i32.add (local.get $start) (local.get 3)))
    (if (i32.gt_u (global.get $top) (i32.mul (memory.size) (i32.const 65536)))
      (then (drop (memory.grow (i32.add (i32.const 1) (i32.shr_u (local.get 3) (i32.const 16)))))))
    (local.get $start))
  (func (export "echo") (param i32 i32) (result i32)
    (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1))
    (global.set $top (i32.const 1024)) (i32.const 16))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "spin") (loop (br 0)))
  (func (export "record") (param i32 i64 f64 i32 i32 i32) (result i32)
    (i32.store (i32.const 32) (local.get 0)) (i64.store (i32.const 40) (local.get 1))
    (f64.store (i32.const 48) (local.get 2)) (i32.store (i32.const 56) (local.get 3))
    (i32.store8 (i32.const 60) (local.get 4)) (i32.store16 (i32.const 62) (local.get 5)) (i32.const 32))
"""
_OPTIONS: Final = '(memory (core memory $i "mem")) (realloc (core func $i "realloc"))'

EXPORTS: Final = f"""(component
  (type $row' (record (field "a" u32) (field "b" u64) (field "c" f64) (field "d" s32) (field "e" bool) (field "f" u16)))
  (export $row "row" (type $row'))
  (core module $guest {_MEMORY})
  (core instance $i (instantiate $guest))
  (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "add")))
  (func (export "spin") (canon lift (core func $i "spin")))
  (func (export "text") (param "text" string) (result string) (canon lift (core func $i "echo") {_OPTIONS}))
  (func (export "bytes") (param "data" (list u8)) (result (list u8)) (canon lift (core func $i "echo") {_OPTIONS}))
  (func (export "rows") (param "rows" (list $row)) (result (list $row)) (canon lift (core func $i "echo") {_OPTIONS}))
  (func (export "record") (param "row" $row) (result $row) (canon lift (core func $i "record") {_OPTIONS})))"""
"""One export for each kind of value; each gives back what it was given."""

HOST_NAME: Final = "bench:host/face@1.0.0"
HOST_CALLER: Final = f"""(component
  (import "{HOST_NAME}" (instance $host (export "work" (func (param "a" u32) (param "b" u32) (result u32)))))
  (core func $work (canon lower (func $host "work")))
  (core module $guest
    (import "" "work" (func $work (param i32 i32) (result i32)))
    (func (export "run") (param i32) (result i32) (local $sum i32)
      (loop $again
        (local.set $sum (call $work (local.get $sum) (local.get 0)))
        (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
        (br_if $again (local.get 0)))
      (local.get $sum)))
  (core instance $i (instantiate $guest (with "" (instance (export "work" (func $work))))))
  (func (export "run") (param "times" u32) (result u32) (canon lift (core func $i "run"))))"""
"""Calls the host as often as it is told to."""

BYTES_CALLER: Final = f"""(component
  (import "{HOST_NAME}" (instance $host
    (export "take" (func (param "data" (list u8)) (result u32)))
    (export "give" (func (param "size" u32) (result (list u8))))))
  (core module $memory (memory (export "mem") 4)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536)))
  (core instance $i (instantiate $memory))
  (core func $take (canon lower (func $host "take") {_OPTIONS}))
  (core func $give (canon lower (func $host "give") {_OPTIONS}))
  (core module $guest
    (import "" "take" (func $take (param i32 i32) (result i32)))
    (import "" "give" (func $give (param i32 i32)))
    (func (export "take") (param i32 i32) (result i32)
      (loop $again
        (drop (call $take (i32.const 65536) (local.get 1)))
        (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (i32.const 0))
    (func (export "give") (param i32 i32) (result i32)
      (loop $again
        (call $give (local.get 1) (i32.const 16))
        (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (i32.const 0)))
  (core instance $g (instantiate $guest (with "" (instance
    (export "take" (func $take)) (export "give" (func $give))))))
  (func (export "take") (param "times" u32) (param "size" u32) (result u32) (canon lift (core func $g "take")))
  (func (export "give") (param "times" u32) (param "size" u32) (result u32) (canon lift (core func $g "give"))))"""
"""Gives the host bytes, or has it give bytes, as often as it is told to."""


def binary(text: str) -> bytes:
    """Return the binary form of component text."""
    return bytes(wasmtime.wat2wasm(text))


def variant(wasm: bytes, number: int) -> bytes:
    """Return the same component with another digest: a custom section more."""
    body = b"\x05bench" + number.to_bytes(4, "little")
    return wasm + bytes((0, len(body))) + body


class Record:
    """A record as wasmtime-py takes it."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)


class Raw:
    """A component in wasmtime-py's own hands, with its standard settings.

    Args:
        wasm: The component.
        host: The function ``work`` of two numbers that it may import.
        more: Further functions that it may import, by name.
    """

    def __init__(self, wasm: bytes, host: Callable[..., int] | None = None, **more: Callable[..., object]) -> None:
        config = wasmtime.Config()
        config.consume_fuel = True
        config.epoch_interruption = True
        self.engine = wasmtime.Engine(config)
        self.component = component.Component(self.engine, wasm)
        self.linker = component.Linker(self.engine)
        functions = more if host is None else {"work": host, **more}
        if functions:
            with self.linker.root() as root, root.add_instance(HOST_NAME) as face:
                for name, function in functions.items():
                    face.add_func(name, function)
        self.store, self.instance = self.instantiate()

    def instantiate(self) -> tuple[wasmtime.Store, component.Instance]:
        """Make a store with fuel and a deadline, and an instance in it."""
        store = wasmtime.Store(self.engine)
        store.set_fuel(2**60)
        store.set_epoch_deadline(1_000_000)
        return store, self.linker.instantiate(store, self.component)

    def function(self, name: str, within: str = "") -> Callable[..., Any]:
        """Return an export, ready to be called; of an exported interface if one is named."""
        index: Any = name
        if within:
            interface = self.instance.get_export_index(self.store, within)
            index = self.instance.get_export_index(self.store, name, interface)
        found = self.instance.get_func(self.store, index)
        assert found is not None, name
        store = self.store

        def call(*arguments: Any) -> Any:
            return found(store, *arguments)

        return call
