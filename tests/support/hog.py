"""A component that keeps a worker busy without any capability, through its own timers."""

from __future__ import annotations

import wasmtime

HOG = bytes(
    wasmtime.wat2wasm("""(component
 (import "airssys:core-host/clock@1.0.0" (instance $ck (export "monotonic-ns" (func (result u64)))))
 (import "airssys:core-host/timers@1.0.0" (instance $tm
   (type $e' (variant (case "invalid-config" string) (case "invalid-input" string) (case "invalid-state" string)
    (case "unsupported" string) (case "denied" string) (case "unavailable" string) (case "timeout" string)
    (case "cancelled" string) (case "retryable" string) (case "internal" string)))
   (export "component-error" (type $e (eq $e')))
   (export "set" (func (param "name" string) (param "after-ms" u64) (param "period-ms" (option u64))
     (result (result (error $e)))))))
 (core module $libc (memory (export "mem") 4) (data (i32.const 16) "timer-00")
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536)))
 (core instance $l (instantiate $libc))
 (core func $now (canon lower (func $ck "monotonic-ns")))
 (core func $set (canon lower (func $tm "set") (memory (core memory $l "mem")) (realloc (core func $l "realloc"))))
 (core module $m (import "h" "now" (func $now (result i64)))
  (import "h" "set" (func $set (param i32 i32 i64 i32 i64 i32))) (import "l" "mem" (memory 4))
  (func (export "arm") (local $i i32)
   (loop $x (i32.store8 (i32.const 22) (i32.add (i32.const 48) (i32.div_u (local.get $i) (i32.const 10))))
    (i32.store8 (i32.const 23) (i32.add (i32.const 48) (i32.rem_u (local.get $i) (i32.const 10))))
    (call $set (i32.const 16) (i32.const 8) (i64.const 10) (i32.const 1) (i64.const 10) (i32.const 128))
    (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $x (i32.lt_u (local.get $i) (i32.const 64)))))
  (func (export "on-timer") (param i32 i32) (local $until i64)
   (local.set $until (i64.add (call $now) (i64.const 700000000)))
   (loop $x (br_if $x (i64.lt_u (call $now) (local.get $until))))))
 (core instance $i (instantiate $m
  (with "h" (instance (export "now" (func $now)) (export "set" (func $set)))) (with "l" (instance $l))))
 (func $ot (param "name" string)
  (canon lift (core func $i "on-timer") (memory (core memory $l "mem")) (realloc (core func $l "realloc"))))
 (instance $th (export "on-timer" (func $ot)))
 (export "airssys:core-component/timer-handler@1.0.0" (instance $th))
 (func (export "arm") (canon lift (core func $i "arm"))))""")
)
"""Sets 64 timers of 10 ms, each of which takes it 0.7 s."""
