"""Components in text that are linked: ``adder`` exports what ``calculator`` imports, and chains of any length."""

from __future__ import annotations

from functools import cache

import wasmtime

ADDER = "demo:math/adder@1.0.0"

ADD = "(i32.add (local.get 0) (local.get 1))"


@cache
def provider(name: str = ADDER, *, body: str = ADD, parameter: str = "u32", functions: str = "add") -> bytes:
    """Export an interface with functions of two numbers.

    Args:
        name: Of the interface.
        body: What each function does, in core text; ``(call $count)`` counts its calls.
        parameter: Type of the second parameter, as wide as ``u32``.
        functions: Their names.
    """
    lifted = "\n".join(
        f'(func ${each} (param "a" u32) (param "b" {parameter}) (result u32) (canon lift (core func $i "run")))'
        for each in functions.split()
    )
    exported = " ".join(f'(export "{each}" (func ${each}))' for each in functions.split())
    return wasmtime.wat2wasm(f"""(component
      (core module $m
        (global $calls (mut i32) (i32.const 0))
        (func $count (global.set $calls (i32.add (global.get $calls) (i32.const 1))))
        (func (export "run") (param i32 i32) (result i32) (call $count) {body}))
      (core instance $i (instantiate $m))
      {lifted}
      (instance $face {exported})
      (export "{name}" (instance $face)))""")


@cache
def consumer(
    name: str = ADDER, *, export: str = "", body: str = "(call $add (local.get 0) (local.get 1))", also: str = ""
) -> bytes:
    """Import an interface with ``add`` and call it from an export of the same type.

    Args:
        name: Of the imported interface.
        export: The interface that exports ``add``; without one the export is the function ``calc``.
        body: What the export does, in core text.
        also: Another interface with ``add`` that is imported, and not called.
    """
    type_ = '(instance (export "add" (func (param "a" u32) (param "b" u32) (result u32))))'
    another = f'(import "{also}" {type_})' if also else ""
    exported = (
        f'(instance $face (export "add" (func $calc))) (export "{export}" (instance $face))'
        if export
        else '(export "calc" (func $calc))'
    )
    return wasmtime.wat2wasm(f"""(component
      (import "{name}" (instance $adder
        (export "add" (func (param "a" u32) (param "b" u32) (result u32)))))
      {another}
      (core func $lowered (canon lower (func $adder "add")))
      (core module $m
        (import "adder" "add" (func $add (param i32 i32) (result i32)))
        (func (export "run") (param i32 i32) (result i32) {body}))
      (core instance $i (instantiate $m (with "adder" (instance (export "add" (func $lowered))))))
      (func $calc (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "run")))
      {exported})""")


LINKS = '[capabilities]\nmessaging = ["link:*"]\n'
"""What a consumer declares."""
