"""Guests for the two ways into an export, raw and with values, and what a call of each tells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from airssys_tui.core.errors import ArgumentError
from airssys_tui.core.traps import GuestTrap
from airssys_tui.engine.instance import Instance
from tests.support.engine import guests

FACE = "test:host/face@1.0.0"
"""The interface that :func:`passing` imports, with a function ``work``."""

IMAGE = 8192
"""Bytes of its memory that :func:`image` gives back."""

ECHO = "(i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16)"
"""Body of a function that gives back the list that it was given."""


class Outcome(NamedTuple):
    """All that a call tells, in forms that compare: NaN by its text."""

    value: str
    fuel: int | None
    error: str
    dead: bool


def outcome(instance: Instance, *arguments: Any, **limits: Any) -> Outcome:
    """Call ``f`` and tell what came of it."""
    try:
        result = instance.call("f", *arguments, **limits)
    except GuestTrap as error:
        trap = error.trap
        return Outcome("", None, f"{trap.kind}: {trap.message} {trap.frames}", instance.dead)
    except ArgumentError as error:
        return Outcome("", None, str(error), instance.dead)
    return Outcome(repr(result.value), result.fuel, "", instance.dead)


def guest(
    body: str = ECHO,
    *,
    realloc: str = "(i32.const 64)",
    params: str = '(param "d" (list u8))',
    cores: str = "(param i32 i32)",
    result: str = "(result (list u8))",
    core_result: str = "(result i32)",
    post: str = "",
    definitions: str = "",
    memory: str = "1",
) -> bytes:
    """Make a component with one export ``f``, and ``calls``: 1 000 per call of ``realloc``, 1 per call of ``post``."""
    option = '(post-return (core func $i "post"))' if post else ""
    count = "(global.set $calls (i32.add (global.get $calls) (i32.const {})))"
    return guests.binary(
        f"""(component {definitions}
          (core module $m
            (memory (export "mem") {memory})
            (global $top (mut i32) (i32.const 1024))
            (global $calls (mut i32) (i32.const 0))
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
              {count.format(1000)} {realloc})
            (func (export "f") {cores} {core_result} {body})
            (func (export "calls") (result i32) (global.get $calls))
            (func (export "post") (param i32) {count.format(1)} {post}))
          (core instance $i (instantiate $m))
          (func (export "calls") (result u32) (canon lift (core func $i "calls")))
          (func (export "f") {params} {result} (canon lift (core func $i "f") {guests.OPTIONS} {option})))"""
    )


BUMP = """
  (local.set $at (i32.and (i32.add (global.get $top) (i32.sub (local.get 2) (i32.const 1)))
    (i32.sub (i32.const 0) (local.get 2))))
  (global.set $top (i32.add (local.get $at) (local.get 3)))
  (local.get $at)"""
"""Body of an allocator that wastes nothing, so that alignment shows."""


def image(params: Sequence[str], cores: Sequence[str], definitions: str = "") -> bytes:
    """Make a component whose ``f`` stores its flat parameters and gives back :data:`IMAGE` bytes of memory."""
    stores = " ".join(
        f"({core}.store (i32.const {64 + 8 * index}) (local.get {index}))" for index, core in enumerate(cores)
    )
    return guest(
        f"{stores} (i32.store (i32.const 20) (i32.const {IMAGE})) (i32.const 16)",
        realloc=BUMP,
        params=" ".join(f'(param "p{index}" {text})' for index, text in enumerate(params)),
        cores=f"(param {' '.join(cores)})" if cores else "",
        definitions=definitions,
    )


def reading(text: str, core: str | None, definitions: str = "") -> bytes:
    """Make a component whose ``f`` is given bytes at 1024 and gives back what a type finds there.

    Args:
        text: The type.
        core: The core type of the result, or None if it is a pointer.
        definitions: Definitions of types.
    """
    body = "(i32.const 1024)" if core is None else f"({core}.load (i32.const 1024))"
    return guest(
        body,
        realloc="(i32.const 1024)",
        result=f"(result {text})",
        core_result=f"(result {core or 'i32'})",
        definitions=definitions,
    )


def passing(
    params: Sequence[str], cores: Sequence[str], inside: str = "", result: str = "u32", memory: int = 1
) -> bytes:
    """Make a component whose ``f`` is given bytes at 1024 and calls the host with flat parameters that it finds there.

    Args:
        params: The types of the host function's parameters.
        cores: Their core types, each taken from eight bytes.
        inside: Definitions of types within the imported instance.
        memory: Pages of its memory.
        result: ``u32``, or a type whose native result is a pointer; then ``f`` gives back the first word at it.
    """
    given = " ".join(f"({core}.load (i32.const {1024 + 8 * index}))" for index, core in enumerate(cores))
    pointed = result != "u32"
    call = f"(call $work {given} (i32.const 32)) (i32.load (i32.const 32))" if pointed else f"(call $work {given})"
    named = " ".join(f'(param "p{index}" {text})' for index, text in enumerate(params))
    return guests.binary(
        f"""(component
          (import "{FACE}" (instance $host {inside} (export "work" (func {named} (result {result})))))
          (core module $memory (memory (export "mem") {memory})
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
          (core instance $i (instantiate $memory))
          (core func $work (canon lower (func $host "work") {guests.OPTIONS}))
          (core module $m
            (import "" "mem" (memory 1))
            (import "" "work" (func $work (param {" ".join(cores)} {"i32" if pointed else ""})
              {"" if pointed else "(result i32)"}))
            (func (export "f") (param i32 i32) (result i32) {call}))
          (core instance $g (instantiate $m (with "" (instance
            (export "mem" (memory $i "mem")) (export "work" (func $work))))))
          (func (export "f") (param "d" (list u8)) (result u32) (canon lift (core func $g "f") {guests.OPTIONS})))"""
    )


def taking(result: str, inside: str = "", *, realloc: str = BUMP, at: str = "(i32.const 64)", more: str = "") -> bytes:
    """Make a component whose ``f`` has the host write a result into its memory, and gives back :data:`IMAGE` of it.

    Args:
        result: The type of the result, whose native form is a pointer.
        inside: Definitions of types within the imported instance.
        realloc: Body of the allocator, which may call the host again through the only element of its table.
        at: Where the result is to be.
        more: Further definitions of the component, before the host function is lowered.
    """
    return guests.binary(
        f"""(component
          (import "{FACE}" (instance $host {inside} (export "work" (func (param "n" u32) (result {result})))))
          (core module $memory
            (memory (export "mem") 1)
            (table (export "calls") 1 funcref)
            (type $work (func (param i32 i32)))
            (global $top (mut i32) (i32.const 1024))
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32) {realloc}))
          (core instance $i (instantiate $memory))
          {more}
          (core func $work (canon lower (func $host "work") {guests.OPTIONS}))
          (core module $m
            (import "" "mem" (memory 1))
            (import "" "calls" (table 1 funcref))
            (import "" "work" (func $work (param i32 i32)))
            (elem (i32.const 0) func $work)
            (func (export "f") (param i32) (result i32)
              (call $work (local.get 0) {at})
              (i32.store (i32.const 16) (i32.const 0))
              (i32.store (i32.const 20) (i32.const {IMAGE}))
              (i32.const 16)))
          (core instance $g (instantiate $m (with "" (instance
            (export "mem" (memory $i "mem")) (export "calls" (table $i "calls")) (export "work" (func $work))))))
          (func (export "f") (param "n" u32) (result (list u8)) (canon lift (core func $g "f") {guests.OPTIONS})))"""
    )
