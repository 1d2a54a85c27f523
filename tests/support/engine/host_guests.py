"""Component text for guests of host interfaces that share resources, or whose resources have the same name."""

from __future__ import annotations

from tests.support.engine.guests import ALLOCATOR, binary

PROCESSES = "test:ext/processes@1.0.0"
SIGNALS = "test:ext/signals@1.0.0"
HTTP = "test:host/http@1.0.0"
MAIL = "test:host/mail@1.0.0"


def signalling(*, imports: str = "", name: str = "process", wanted: str = SIGNALS) -> bytes:
    """Make a component whose ``run`` passes a resource of one interface to a function of another one, which uses it.

    Args:
        imports: Text in place of the type that the using interface has from the other one.
        name: What the using interface calls the resource.
        wanted: The using interface that is imported.
    """
    used = imports or f'(alias outer 1 $process (type $q)) (export "{name}" (type $r (eq $q)))'
    return binary(
        f"""(component
          (import "{PROCESSES}" (instance $p
            (export "process" (type $t (sub resource)))
            (export "[static]process.spawn" (func (param "n" u32) (result (own $t))))))
          (alias export $p "process" (type $process))
          (import "{wanted}" (instance $s {used} (export "send" (func (param "p" (borrow $r)) (result u32)))))
          (core func $spawn (canon lower (func $p "[static]process.spawn")))
          (core func $send (canon lower (func $s "send")))
          (core module $m
            (import "" "spawn" (func $spawn (param i32) (result i32)))
            (import "" "send" (func $send (param i32) (result i32)))
            (func (export "run") (param i32) (result i32) (call $send (call $spawn (local.get 0)))))
          (core instance $i (instantiate $m (with "" (instance
            (export "spawn" (func $spawn)) (export "send" (func $send))))))
          (func (export "run") (param "n" u32) (result u32) (canon lift (core func $i "run"))))"""
    )


def _import(interface: str, letter: str) -> str:
    return f"""(import "{interface}" (instance ${letter}
        (export "body" (type $b (sub resource)))
        (export "[constructor]body" (func (param "n" u32) (result (own $b))))
        (export "[method]body.size" (func (param "self" (borrow $b)) (result u32)))))
      (alias export ${letter} "body" (type $body-{letter}))
      (core func $new-{letter} (canon lower (func ${letter} "[constructor]body")))
      (core func $size-{letter} (canon lower (func ${letter} "[method]body.size")))
      (core func $drop-{letter} (canon resource.drop $body-{letter}))"""


_NAMES = [f"{verb}-{letter}" for letter in "hm" for verb in ("new", "size", "drop")]
_RESULTS = {"new": "(param i32) (result i32)", "size": "(param i32) (result i32)", "drop": "(param i32)"}

TWO_BODIES = binary(
    f"""(component
      {_import(HTTP, "h")}
      {_import(MAIL, "m")}
      (core module $guest
        {" ".join(f'(import "" "{name}" (func ${name} {_RESULTS[name.partition("-")[0]]}))' for name in _NAMES)}
        (func (export "both") (param i32) (result i32)
          (i32.add (i32.mul (i32.const 1000) (call $size-h (call $new-h (local.get 0))))
            (call $size-m (call $new-m (local.get 0)))))
        (func (export "crossed") (param i32) (result i32) (call $size-m (call $new-h (local.get 0))))
        (func (export "dropped-twice") (param i32) (result i32)
          (local.set 0 (call $new-h (local.get 0)))
          (call $drop-h (local.get 0)) (call $drop-h (local.get 0)) (local.get 0))
        (func (export "dropped-as-other") (param i32) (result i32)
          (call $drop-m (call $new-h (local.get 0))) (i32.const 0))
        (func (export "used-after-drop") (param i32) (result i32)
          (local.set 0 (call $new-h (local.get 0))) (call $drop-h (local.get 0)) (call $size-h (local.get 0)))
        (func (export "keep") (param i32) (result i32) (call $new-h (local.get 0)))
        (func (export "forged") (param i32) (result i32) (call $size-h (local.get 0)))
        (func (export "take-h") (param i32) (result i32) (local $n i32)
          (local.set $n (call $size-h (local.get 0))) (call $drop-h (local.get 0)) (local.get $n))
        (func (export "take-m") (param i32) (result i32) (local $n i32)
          (local.set $n (call $size-m (local.get 0))) (call $drop-m (local.get 0)) (local.get $n))
        (func (export "give-m") (param i32) (result i32) (call $new-m (local.get 0))))
      (core instance $i (instantiate $guest (with "" (instance
        {" ".join(f'(export "{name}" (func ${name}))' for name in _NAMES)}))))
      {
        " ".join(
            f'(func (export "{name}") (param "n" u32) (result u32) (canon lift (core func $i "{name}")))'
            for name in ("both", "crossed", "dropped-twice", "dropped-as-other", "used-after-drop", "keep", "forged")
        )
    }
      (func (export "take-h") (param "b" (own $body-h)) (result u32) (canon lift (core func $i "take-h")))
      (func (export "take-m") (param "b" (own $body-m)) (result u32) (canon lift (core func $i "take-m")))
      (func (export "give-m") (param "n" u32) (result (own $body-m)) (canon lift (core func $i "give-m"))))"""
)
"""A guest of two interfaces that both define a resource ``body``: uses each properly, and wrongly in several ways."""

SHOP = "test:host/shop@1.0.0"

_MAKING = [
    ("swap", "(param i32 i32) (result i32)", ""),
    ("note", "(param i32 i32 i32) (result i32)", '(memory (core memory $a "mem"))'),
    ("many", "(param i32 i32) (result i32)", '(memory (core memory $a "mem"))'),
    ("pair", "(param i32 i32)", '(memory (core memory $a "mem"))'),
    ("back", "(param i32 i32)", '(memory (core memory $a "mem"))'),
    ("some", "(param i32 i32)", '(memory (core memory $a "mem")) (realloc (core func $a "realloc"))'),
]

OWNERS = binary(
    f"""(component
      (import "{SHOP}" (instance $shop
        (export "ticket" (type $t (sub resource)))
        (export "[constructor]ticket" (func (param "n" u32) (result (own $t))))
        (export "swap" (func (param "a" (own $t)) (param "b" (own $t)) (result u32)))
        (export "note" (func (param "a" (own $t)) (param "text" string) (result u32)))
        (export "many" (func (param "all" (list (own $t))) (result u32)))
        (export "pair" (func (param "n" u32) (result (tuple (own $t) u32))))
        (export "back" (func (param "a" (own $t)) (result (tuple (own $t) u32))))
        (export "some" (func (param "n" u32) (result (list (own $t)))))))
      (core module $memory {ALLOCATOR})
      (core instance $a (instantiate $memory))
      (core func $new (canon lower (func $shop "[constructor]ticket")))
      {" ".join(f'(core func ${name} (canon lower (func $shop "{name}") {options}))' for name, _, options in _MAKING)}
      (core module $m
        (import "" "mem" (memory 1))
        (import "" "new" (func $new (param i32) (result i32)))
        {" ".join(f'(import "" "{name}" (func ${name} {core}))' for name, core, _ in _MAKING)}
        (func (export "swap") (param i32)
          (drop (call $swap (call $new (local.get 0)) (call $new (i32.add (local.get 0) (i32.const 1))))))
        (func (export "forged") (param i32) (drop (call $swap (call $new (local.get 0)) (i32.const 999))))
        (func (export "same") (param i32) (local $h i32)
          (local.set $h (call $new (local.get 0))) (drop (call $swap (local.get $h) (local.get $h))))
        (func (export "far") (param i32)
          (drop (call $note (call $new (local.get 0)) (i32.const 0x7fffffff) (i32.const 9))))
        (func (export "many") (param i32)
          (i32.store (i32.const 64) (call $new (local.get 0)))
          (i32.store (i32.const 68) (call $new (i32.add (local.get 0) (i32.const 1))))
          (i32.store (i32.const 72) (call $new (i32.add (local.get 0) (i32.const 2))))
          (drop (call $many (i32.const 64) (i32.const 3))))
        (func (export "pair") (param i32) (call $pair (local.get 0) (i32.const 32)))
        (func (export "back") (param i32) (call $back (call $new (local.get 0)) (i32.const 32)))
        (func (export "some") (param i32) (call $some (local.get 0) (i32.const 32))))
      (core instance $i (instantiate $m (with "" (instance
        (export "mem" (memory $a "mem")) (export "new" (func $new))
        {" ".join(f'(export "{name}" (func ${name}))' for name, _, _ in _MAKING)}))))
      {
        " ".join(
            f'(func (export "{name}") (param "n" u32) (canon lift (core func $i "{name}")))'
            for name in ("swap", "forged", "same", "far", "many", "pair", "back", "some")
        )
    })"""
)
"""A guest that hands a host's resources over, alone, in pairs and in lists, and gets some."""
