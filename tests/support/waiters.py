"""Components that sleep for an hour inside WASI."""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.components import SPIN, Crafted

_WASI = """
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))
  (core func $subscribe (canon lower (func $clock "subscribe-duration")))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
"""
_GUEST = """(core module $guest
    (import "wasi" "subscribe" (func $subscribe (param i64) (result i32)))
    (import "wasi" "block" (func $block (param i32)))
    (func $sleep (call $block (call $subscribe (i64.const 3600000000000))))"""
_INSTANCE = """(core instance $i (instantiate $guest (with "wasi" (instance
    (export "subscribe" (func $subscribe)) (export "block" (func $block))))))"""

SLEEP = "(call $sleep)"


@dataclass(frozen=True, kw_only=True)
class Sleeper(Crafted):
    """Sleeps for an hour wherever a :class:`Crafted` would spin, and where :data:`SLEEP` is put into its code."""

    def _text(self) -> str:
        text = super()._text().replace(SPIN, f"{SLEEP} (unreachable)")
        text = text.replace("(core module $guest", _GUEST, 1)
        text = text.replace("(core instance $i (instantiate $guest))", _INSTANCE, 1)
        return text.replace("(component", f"(component {_WASI}", 1)
