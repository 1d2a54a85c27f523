"""Components in text that are linked over resources: ``cart`` keeps carts, ``shop`` holds handles of them."""

from __future__ import annotations

import wasmtime

CARTS = "demo:shop/carts@1.0.0"

_TYPES = """(export "cart" (type $cart (sub resource)))
    (export "[constructor]cart" (func (param "first" u32) (result (own $cart))))
    (export "[method]cart.total" (func (param "self" (borrow $cart)) (result u32)))
    (export "[static]cart.merge" (func (param "a" (own $cart)) (param "b" (own $cart)) (result (own $cart))))"""

CART = wasmtime.wat2wasm(f"""(component
  (core module $state
    (global $made (mut i32) (i32.const 0)) (global $dropped (mut i32) (i32.const 0))
    (func (export "count") (global.set $made (i32.add (global.get $made) (i32.const 1))))
    (func (export "drop") (param i32) (global.set $dropped (i32.add (global.get $dropped) (i32.const 1))))
    (func (export "made") (result i32) (global.get $made))
    (func (export "dropped") (result i32) (global.get $dropped)))
  (core instance $s (instantiate $state))
  (type $cart' (resource (rep i32) (dtor (core func $s "drop"))))
  (core func $new (canon resource.new $cart'))
  (core func $rep (canon resource.rep $cart'))
  (core func $free (canon resource.drop $cart'))
  (core module $m
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "rep" (func $rep (param i32) (result i32)))
    (import "" "free" (func $free (param i32)))
    (import "" "count" (func $count))
    (func $make (export "make") (param i32) (result i32) (call $count) (call $new (local.get 0)))
    (func (export "total") (param i32) (result i32) (local.get 0))
    (func (export "merge") (param i32 i32) (result i32) (local $sum i32)
      (local.set $sum (i32.add (call $rep (local.get 0)) (call $rep (local.get 1))))
      (call $free (local.get 0)) (call $free (local.get 1))
      (call $make (local.get $sum))))
  (core instance $i (instantiate $m (with "" (instance (export "new" (func $new)) (export "rep" (func $rep))
    (export "free" (func $free)) (export "count" (func $s "count"))))))
  (func $make (param "first" u32) (result (own $cart')) (canon lift (core func $i "make")))
  (func $total (param "self" (borrow $cart')) (result u32) (canon lift (core func $i "total")))
  (func $merge (param "a" (own $cart')) (param "b" (own $cart')) (result (own $cart'))
    (canon lift (core func $i "merge")))
  (component $face
    (import "cart" (type $c (sub resource)))
    (import "make" (func $make (param "first" u32) (result (own $c))))
    (import "total" (func $total (param "self" (borrow $c)) (result u32)))
    (import "merge" (func $merge (param "a" (own $c)) (param "b" (own $c)) (result (own $c))))
    (export $cart "cart" (type $c))
    (export "[constructor]cart" (func $make) (func (param "first" u32) (result (own $cart))))
    (export "[method]cart.total" (func $total) (func (param "self" (borrow $cart)) (result u32)))
    (export "[static]cart.merge" (func $merge)
      (func (param "a" (own $cart)) (param "b" (own $cart)) (result (own $cart)))))
  (instance $carts (instantiate $face (with "cart" (type $cart')) (with "make" (func $make))
    (with "total" (func $total)) (with "merge" (func $merge))))
  (export "{CARTS}" (instance $carts))
  (func (export "made") (result u32) (canon lift (core func $s "made")))
  (func (export "dropped") (result u32) (canon lift (core func $s "dropped"))))""")
"""Exports carts, and counts those that it made and those that were dropped."""

SHOP = wasmtime.wat2wasm(f"""(component
  (import "{CARTS}" (instance $carts {_TYPES}))
  (alias export $carts "cart" (type $cart))
  (core func $new (canon lower (func $carts "[constructor]cart")))
  (core func $total (canon lower (func $carts "[method]cart.total")))
  (core func $merge (canon lower (func $carts "[static]cart.merge")))
  (core func $drop (canon resource.drop $cart))
  (core module $m
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "total" (func $total (param i32) (result i32)))
    (import "" "merge" (func $merge (param i32 i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (global $kept (mut i32) (i32.const 0))
    (func (export "open") (param i32) (result i32) (global.set $kept (call $new (local.get 0))) (global.get $kept))
    (func (export "total") (param i32) (result i32) (call $total (global.get $kept)))
    (func (export "merge") (param i32) (result i32)
      (global.set $kept (call $merge (global.get $kept) (call $new (local.get 0))))
      (call $total (global.get $kept)))
    (func (export "drop") (param i32) (result i32) (call $drop (global.get $kept)) (i32.const 0)))
  (core instance $i (instantiate $m (with "" (instance (export "new" (func $new)) (export "total" (func $total))
    (export "merge" (func $merge)) (export "drop" (func $drop))))))
  {
    " ".join(
        f'(func (export "{name}") (param "n" u32) (result u32) (canon lift (core func $i "{name}")))'
        for name in ("open", "total", "merge", "drop")
    )
})""")
"""Imports carts, and keeps the handle of one."""
