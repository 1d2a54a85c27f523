"""A component that prints what it is told, in the pieces it is told: to stdout or stderr, and then it may trap."""

from __future__ import annotations

from functools import cache

import wasmtime

OUT, ERR = False, True
"""Where a piece goes, as ``print`` takes it."""

_TEXT = """(component
  (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $io-error))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "error" (type $error' (eq $io-error)))
    (type $stream-error' (variant (case "last-operation-failed" (own $error')) (case "closed")))
    (export "stream-error" (type $stream-error (eq $stream-error')))
    (export "output-stream" (type $output (sub resource)))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $output)) (param "contents" (list u8)) (result (result (error $stream-error)))))))
  (alias export $streams "output-stream" (type $output))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout (export "get-stdout" (func (result (own $output))))))
  (import "wasi:cli/stderr@0.2.0" (instance $stderr (export "get-stderr" (func (result (own $output))))))
  (core module $memory (memory (export "mem") 16))
  (core instance $m (instantiate $memory))
  (core func $stdout (canon lower (func $stdout "get-stdout")))
  (core func $stderr (canon lower (func $stderr "get-stderr")))
  (core func $write
    (canon lower (func $streams "[method]output-stream.blocking-write-and-flush") (memory (core memory $m "mem"))))
  (core module $guest
    (import "wasi" "mem" (memory 16))
    (import "wasi" "stdout" (func $stdout (result i32)))
    (import "wasi" "stderr" (func $stderr (result i32)))
    (import "wasi" "write" (func $write (param i32 i32 i32 i32)))
    (data (i32.const 256) "GREETING")
    (global $top (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $start i32)
      (local.set $start (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const -16)))
      (global.set $top (i32.add (local.get $start) (local.get 3)))
      (local.get $start))
    (func $put (param $err i32) (param $at i32) (param $size i32) (local $part i32)
      (loop $again
        (if (i32.eqz (local.get $size)) (then (return)))
        (local.set $part (select (i32.const 4096) (local.get $size) (i32.gt_u (local.get $size) (i32.const 4096))))
        (call $write (if (result i32) (local.get $err) (then (call $stderr)) (else (call $stdout)))
          (local.get $at) (local.get $part) (i32.const 16))
        (local.set $at (i32.add (local.get $at) (local.get $part)))
        (local.set $size (i32.sub (local.get $size) (local.get $part)))
        (br $again)))
    (func (export "print") (param $at i32) (param $count i32) (param $trap i32)
      (loop $next
        (if (local.get $count) (then
          (call $put (i32.load8_u (local.get $at))
            (i32.load offset=4 (local.get $at)) (i32.load offset=8 (local.get $at)))
          (local.set $at (i32.add (local.get $at) (i32.const 12)))
          (local.set $count (i32.sub (local.get $count) (i32.const 1)))
          (br $next))))
      (global.set $top (i32.const 1024))
      (if (local.get $trap) (then (unreachable))))
    (func (export "get") (result i32) (i32.const SALT))
    START)
  (core instance $i (instantiate $guest (with "wasi" (instance
    (export "mem" (memory $m "mem"))
    (export "stdout" (func $stdout))
    (export "stderr" (func $stderr))
    (export "write" (func $write))))))
  (func (export "print") (param "pieces" (list (tuple bool string))) (param "trap" bool)
    (canon lift (core func $i "print") (memory (core memory $m "mem")) (realloc (core func $i "realloc"))))
  (func (export "get") (result u32) (canon lift (core func $i "get"))))"""


@cache
def printer(greeting: str = "", *, traps: bool = False, salt: int = 0) -> bytes:
    """Return the component.

    Args:
        greeting: What it prints to stderr when it is instantiated; ASCII without quotes, ``\\n`` ends a line.
        traps: Whether it traps after that.
        salt: Makes two of them differ.
    """
    size = len(greeting.encode().decode("unicode_escape"))
    body = f"(call $put (i32.const 1) (i32.const 256) (i32.const {size}))" + ("(unreachable)" if traps else "")
    start = f"(func $begin {body}) (start $begin)" if greeting else ""
    text = _TEXT.replace("GREETING", greeting).replace("START", start).replace("SALT", str(salt))
    return bytes(wasmtime.wat2wasm(text))
