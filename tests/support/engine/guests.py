"""Component text for the engine's tests; real components without any toolchain."""

from __future__ import annotations

import wasmtime

ALLOCATOR = """
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
"""
"""A bump allocator and a function that gives back the list or string it was given."""

OPTIONS = '(memory (core memory $i "mem")) (realloc (core func $i "realloc"))'

TRAPS = """(component
  (core module $guest
    (memory (export "mem") 1)
    (type $nothing (func))
    (type $number (func (result i32)))
    (table 4 funcref)
    (elem (i32.const 0) $fail)
    (func $fail (export "fail") unreachable)
    (func $down (export "down") (call $down))
    (func (export "spin") (loop (br 0)))
    (func (export "far") (drop (i32.load (i32.const 0x7fffffff))))
    (func (export "divide") (drop (i32.div_s (i32.const 1) (i32.const 0))))
    (func (export "overflow") (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))))
    (func (export "convert") (drop (i32.trunc_f32_s (f32.const nan))))
    (func (export "mistyped") (drop (call_indirect (type $number) (i32.const 0))))
    (func (export "empty") (call_indirect (type $nothing) (i32.const 2)))
    (func (export "past") (call_indirect (type $nothing) (i32.const 99)))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "hungry") (if (i32.eq (memory.grow (i32.const 60000)) (i32.const -1)) (then unreachable)))
    (func (export "fine") (result i32) (i32.const 7)))
  (core instance $i (instantiate $guest))
  NAMES
  (func (export "grow") (param "pages" u32) (result s32) (canon lift (core func $i "grow")))
  (func (export "fine") (result u32) (canon lift (core func $i "fine")))
)""".replace(
    "NAMES",
    "\n".join(
        f'(func (export "{name}") (canon lift (core func $i "{name}")))'
        for name in "fail down spin far divide overflow convert mistyped empty past hungry".split()  # noqa: SIM905
    ),
)
"""One export per way to trap, and two that do not."""

RESOURCES = """(component
  (core module $state
    (global $dropped (mut i32) (i32.const 0))
    (func (export "dropped") (result i32) (global.get $dropped))
    (func (export "drop") (param i32) (global.set $dropped (i32.add (global.get $dropped) (i32.const 1)))))
  (core instance $s (instantiate $state))
  (type $box' (resource (rep i32) (dtor (core func $s "drop"))))
  (export $box "box" (type $box'))
  (core func $new (canon resource.new $box'))
  (core func $rep (canon resource.rep $box'))
  (core func $free (canon resource.drop $box'))
  (core module $guest
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "rep" (func $rep (param i32) (result i32)))
    (import "" "free" (func $free (param i32)))
    (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "read") (param i32) (result i32) (local.get 0))
    (func (export "eat") (param i32) (result i32) (local $value i32)
      (local.set $value (call $rep (local.get 0))) (call $free (local.get 0)) (local.get $value)))
  (core instance $g (instantiate $guest (with "" (instance
    (export "new" (func $new)) (export "rep" (func $rep)) (export "free" (func $free))))))
  (func (export "make") (param "v" u32) (result (own $box)) (canon lift (core func $g "make")))
  (func (export "read") (param "b" (borrow $box)) (result u32) (canon lift (core func $g "read")))
  (func (export "eat") (param "b" (own $box)) (result u32) (canon lift (core func $g "eat")))
  (func (export "dropped") (result u32) (canon lift (core func $s "dropped")))
)"""
"""A component that makes, reads and takes back a resource, and counts destructor runs."""


TWO_BOXES = RESOURCES.replace(
    '(func (export "eat") (param i32) (result i32)',
    """(func (export "two") (param i32 i32) (result i32) (i32.add (call $rep (local.get 0)) (call $rep (local.get 1))))
    (func (export "mixed") (param i32 i32) (result i32) (i32.add (local.get 0) (call $rep (local.get 1))))
    (func (export "mixed2") (param i32 i32) (result i32) (i32.add (call $rep (local.get 0)) (local.get 1)))
    (func (export "eat") (param i32 i32) (result i32)""",
).replace(
    '(func (export "eat") (param "b" (own $box)) (result u32) (canon lift (core func $g "eat")))',
    """(func (export "eat") (param "b" (own $box)) (param "n" u32) (result u32) (canon lift (core func $g "eat")))
  (func (export "eat-both") (param "a" (own $box)) (param "b" (own $box)) (result u32)
    (canon lift (core func $g "two")))
  (func (export "read-and-eat") (param "a" (borrow $box)) (param "b" (own $box)) (result u32)
    (canon lift (core func $g "mixed")))
  (func (export "eat-and-read") (param "a" (own $box)) (param "b" (borrow $box)) (result u32)
    (canon lift (core func $g "mixed2")))""",
)
"""The same with exports that take two handles, one of which may be owned and the other lent."""

TICKETS = """(component
  (import "test:host/shop@1.0.0" (instance $shop
    (export "ticket" (type $t (sub resource)))
    (export "[constructor]ticket" (func (param "n" u32) (result (own $t))))
    (export "[method]ticket.number" (func (param "self" (borrow $t)) (result u32)))
    (export "redeem" (func (param "t" (own $t)) (result u32)))))
  (alias export $shop "ticket" (type $t))
  (core func $new (canon lower (func $shop "[constructor]ticket")))
  (core func $number (canon lower (func $shop "[method]ticket.number")))
  (core func $redeem (canon lower (func $shop "redeem")))
  (core func $drop (canon resource.drop $t))
  (core module $m
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "number" (func $number (param i32) (result i32)))
    (import "" "redeem" (func $redeem (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (global $kept (mut i32) (i32.const 0))
    (func (export "keep") (param i32) (global.set $kept (call $new (local.get 0))))
    (func (export "read") (result i32) (call $number (global.get $kept)))
    (func (export "let-go") (call $drop (global.get $kept)))
    (func (export "redeem") (result i32) (call $redeem (global.get $kept)))
    (func (export "give") (result i32) (global.get $kept))
    (func (export "take") (param i32) (global.set $kept (local.get 0)))
    (func (export "look") (param i32) (result i32) (local $n i32)
      (local.set $n (call $number (local.get 0))) (call $drop (local.get 0)) (local.get $n))
    (func (export "forget") (param i32) (result i32) (call $number (local.get 0))))
  (core instance $i (instantiate $m (with "" (instance (export "new" (func $new)) (export "number" (func $number))
    (export "redeem" (func $redeem)) (export "drop" (func $drop))))))
  (func (export "keep") (param "n" u32) (canon lift (core func $i "keep")))
  (func (export "read") (result u32) (canon lift (core func $i "read")))
  (func (export "let-go") (canon lift (core func $i "let-go")))
  (func (export "redeem") (result u32) (canon lift (core func $i "redeem")))
  (func (export "give") (result (own $t)) (canon lift (core func $i "give")))
  (func (export "take") (param "t" (own $t)) (canon lift (core func $i "take")))
  (func (export "look") (param "t" (borrow $t)) (result u32) (canon lift (core func $i "look")))
  (func (export "forget") (param "t" (borrow $t)) (result u32) (canon lift (core func $i "forget")))
)"""
"""A component that uses a resource that the host defines, inward and outward."""


FIRST_OF_BOTH = """(component
  (core module $m
    (memory (export "mem") 1)
    (global $p (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $r i32) (local.set $r (global.get $p))
      (global.set $p (i32.add (global.get $p) (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -16))))
      (local.get $r))
    (func (export "f") (param i32 i32 i32 i32) (result i32)
      (global.set $p (i32.const 1024))
      (i32.add (i32.mul (i32.load8_u (local.get 0)) (i32.const 1000)) (i32.load8_u (local.get 2)))))
  (core instance $i (instantiate $m))
  (func (export "f") (param "a" (list u8)) (param "b" (list u8)) (result u32)
    (canon lift (core func $i "f") (memory (core memory $i "mem")) (realloc (core func $i "realloc")))))"""
"""``f(a, b)``: a thousand times the first byte of the one list, and the first byte of the other."""


def binary(text: str) -> bytes:
    """Give the binary form of component text."""
    return bytes(wasmtime.wat2wasm(text))


def echo(type_text: str, definitions: str = "") -> bytes:
    """Make a component whose ``echo`` gives back a list of any type."""
    return binary(
        f"""(component
          {definitions}
          (core module $guest {ALLOCATOR})
          (core instance $i (instantiate $guest))
          (func (export "echo") (param "items" (list {type_text})) (result (list {type_text}))
            (canon lift (core func $i "echo") {OPTIONS})))"""
    )


BOX = """
  (type $box' (resource (rep i32)))
  (export $box "box" (type $box'))
  (core func $new (canon resource.new $box'))
  (core module $boxes
    (import "" "new" (func $new (param i32) (result i32)))
    (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "read") (param i32) (result i32) (local.get 0)))
  (core instance $b (instantiate $boxes (with "" (instance (export "new" (func $new))))))
  (func (export "make") (param "n" u32) (result (own $box)) (canon lift (core func $b "make")))
  (func (export "read") (param "b" (borrow $box)) (result u32) (canon lift (core func $b "read")))
"""
"""A resource that carries a number, and exports to make and read it."""

_STORES = """
  (func (export "NAME") (param PARAMS) (result i32) (global.set $top (i32.const 1024)) STORES (i32.const 16))"""


def _echo_flat(count: int) -> str:
    stores = " ".join(f"(i32.store (i32.const {16 + 4 * n}) (local.get {n}))" for n in range(count))
    return _STORES.replace("NAME", f"echo{count}").replace("PARAMS", "i32 " * count).replace("STORES", stores)


SHAPES = {
    "record": ("$wrapped", 2),
    "tuple": ("(tuple (list T) string)", 4),
    "option": ("(option (list T))", 3),
    "result": ("(result (list T) (error string))", 3),
    "variant": ("$choice", 3),
}
"""Types around a list of any type, and how many numbers they are when flat."""


def echo_shapes(type_text: str, definitions: str = "") -> bytes:
    """Make a component with an export for each of :data:`SHAPES` that gives back what it was given."""
    exports = "".join(
        f"""(func (export "{name}") (param "v" {shape}) (result {shape})
              (canon lift (core func $i "echo{count}") {OPTIONS}))\n"""
        for name, (shape, count) in SHAPES.items()
    )
    text = f"""(component
          {definitions}
          (type $wrapped' (record (field "items" (list T)))) (export $wrapped "wrapped" (type $wrapped'))
          (type $choice' (variant (case "many" (list T)) (case "text" string) (case "none")))
          (export $choice "choice" (type $choice'))
          (core module $guest {ALLOCATOR} {"".join(map(_echo_flat, (2, 3, 4)))})
          (core instance $i (instantiate $guest))
          {exports})"""
    return binary(text.replace("(list T)", f"(list {type_text})"))


def echo_together(*shapes: tuple[str, int]) -> bytes:
    """Make a component whose ``echo`` takes several values and gives back all of them as one tuple.

    Args:
        shapes: Type text of each parameter, and how many numbers it is when flat (at most 16 in all). Types whose flat
            form and form in memory differ by more than padding to four bytes do not work.
    """
    count = sum(width for _, width in shapes)
    params = " ".join(f'(param "p{index}" {text})' for index, (text, _) in enumerate(shapes))
    result = f"(result (tuple {' '.join(text for text, _ in shapes)}))"
    return binary(
        f"""(component
          (core module $guest {ALLOCATOR} {_echo_flat(count)})
          (core instance $i (instantiate $guest))
          (func (export "echo") {params} {result} (canon lift (core func $i "echo{count}") {OPTIONS})))"""
    )


def identity(type_text: str, core: str) -> bytes:
    """Make a component whose ``same`` gives back one flat value, and whose ``second`` gives the second of two.

    Args:
        type_text: The type of the value.
        core: ``i32``, ``i64``, ``f32`` or ``f64``.
    """
    return binary(
        f"""(component
          (core module $m
            (func (export "same") (param {core}) (result {core}) (local.get 0))
            (func (export "second") (param {core} {core}) (result {core}) (local.get 1)))
          (core instance $i (instantiate $m))
          (func (export "same") (param "v" {type_text}) (result {type_text}) (canon lift (core func $i "same")))
          (func (export "second") (param "a" {type_text}) (param "b" {type_text}) (result {type_text})
            (canon lift (core func $i "second"))))"""
    )


def relay(type_text: str, inside: str, outside: str, name: str = "test:host/face@1.0.0") -> bytes:
    """Make a component whose ``run`` hands a list of any type to the host's ``work`` and gives back what that gives."""
    return binary(
        f"""(component
          (import "{name}" (instance $host {inside}
            (export "work" (func (param "items" (list {type_text})) (result (list {type_text}))))))
          {outside}
          (core module $memory {ALLOCATOR})
          (core instance $i (instantiate $memory))
          (core func $work (canon lower (func $host "work") {OPTIONS}))
          (core module $guest
            (import "" "work" (func $work (param i32 i32 i32)))
            (func (export "run") (param i32 i32) (result i32)
              (call $work (local.get 0) (local.get 1) (i32.const 64)) (i32.const 64)))
          (core instance $g (instantiate $guest (with "" (instance (export "work" (func $work))))))
          (func (export "run") (param "items" (list {type_text})) (result (list {type_text}))
            (canon lift (core func $g "run") {OPTIONS})))"""
    )


def caller(params: str, result: str, core: str, name: str = "test:host/face@1.0.0") -> bytes:
    """Make a component whose ``run`` calls ``work`` of an imported interface with flat values.

    Args:
        params: Component-level parameters, such as ``(param "a" u32)``.
        result: Component-level result, such as ``(result u32)``; may be empty.
        core: The same in core types, such as ``(param i32) (result i32)``.
        name: The imported interface.
    """
    gets = " ".join(f"(local.get {index})" for index in range(params.count("(param")))
    return binary(
        f"""(component
          (import "{name}" (instance $host (export "work" (func {params} {result}))))
          (core func $work (canon lower (func $host "work")))
          (core module $guest
            (import "" "work" (func $work {core}))
            (func (export "run") {core} (call $work {gets})))
          (core instance $i (instantiate $guest (with "" (instance (export "work" (func $work))))))
          (func (export "run") {params} {result} (canon lift (core func $i "run"))))"""
    )
