"""WASI of our own: a scalar call, bytes through its streams, and the making of a linker."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from io import BytesIO
from statistics import median
from types import SimpleNamespace
from typing import Final

from airssys_tui.core.limits import Limits
from airssys_tui.engine.engine import Engine
from airssys_tui.host.catalogue import WASI
from airssys_tui.host.services.output_lines import OutputBuffer
from airssys_tui.host.wasi_context import WasiContext
from benchmarks.clock import Effort, once, pair, seconds_per_call
from benchmarks.guests import binary
from benchmarks.report import Row

LIMITS: Final = Limits(fuel_per_call=10**12, deadline=60.0)
PIECE: Final = 64 * 1024
TIMES: Final = 1_000
MIB: Final = 1024 * 1024

CLOCK: Final = """(component
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock (export "now" (func (result u64)))))
  (core func $now (canon lower (func $clock "now")))
  (core module $guest
    (import "" "now" (func $now (result i64)))
    (func (export "run") (param i32) (result i32)
      (loop $again
        (drop (call $now))
        (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
        (br_if $again (local.get 0)))
      (local.get 0)))
  (core instance $i (instantiate $guest (with "" (instance (export "now" (func $now))))))
  (func (export "run") (param "times" u32) (result u32) (canon lift (core func $i "run"))))"""

_STREAM: Final = """(component
  (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $io-error))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "error" (type $error' (eq $io-error)))
    (type $stream-error' (variant (case "last-operation-failed" (own $error')) (case "closed")))
    (export "stream-error" (type $stream-error (eq $stream-error')))
    (export "input-stream" (type $input (sub resource)))
    (export "output-stream" (type $output (sub resource)))
    (export "[method]input-stream.read"
      (func (param "self" (borrow $input)) (param "len" u64) (result (result (list u8) (error $stream-error)))))
    (export "[method]output-stream.check-write"
      (func (param "self" (borrow $output)) (result (result u64 (error $stream-error)))))
    (export "[method]output-stream.write"
      (func (param "self" (borrow $output)) (param "contents" (list u8)) (result (result (error $stream-error)))))))
  (alias export $streams "input-stream" (type $input))
  (alias export $streams "output-stream" (type $output))
  (import "wasi:cli/stdin@0.2.0" (instance $stdin (export "get-stdin" (func (result (own $input))))))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout (export "get-stdout" (func (result (own $output))))))
  (core module $memory (memory (export "mem") 4)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536)))
  (core instance $m (instantiate $memory))
  (core func $stdin (canon lower (func $stdin "get-stdin")))
  (core func $stdout (canon lower (func $stdout "get-stdout")))
  (core func $read (canon lower (func $streams "[method]input-stream.read")
    (memory (core memory $m "mem")) (realloc (core func $m "realloc"))))
  (core func $check (canon lower (func $streams "[method]output-stream.check-write") (memory (core memory $m "mem"))))
  (core func $write (canon lower (func $streams "[method]output-stream.write") (memory (core memory $m "mem"))))
  (core module $guest
    (import "" "stdin" (func $stdin (result i32)))
    (import "" "stdout" (func $stdout (result i32)))
    (import "" "read" (func $read (param i32 i64 i32)))
    (import "" "check" (func $check (param i32 i32)))
    (import "" "write" (func $write (param i32 i32 i32 i32)))
    (func (export "reads") (param $size i32)
      (call $read (call $stdin) (i64.extend_i32_u (local.get $size)) (i32.const 16)))
    (func (export "writes") (param $size i32) (local $to i32)
      (local.set $to (call $stdout))
      (call $check (local.get $to) (i32.const 16))
      (call $write (local.get $to) (i32.const 65536) (local.get $size) (i32.const 16))))
  (core instance $i (instantiate $guest (with "" (instance
    (export "stdin" (func $stdin)) (export "stdout" (func $stdout)) (export "read" (func $read))
    (export "check" (func $check)) (export "write" (func $write))))))
  (func (export "reads") (param "size" u32) (canon lift (core func $i "reads")))
  (func (export "writes") (param "size" u32) (canon lift (core func $i "writes"))))"""
"""Reads from standard input, or writes to standard output, once."""


class _Endless(BytesIO):
    """Has bytes for ever."""

    def read(self, size: int | None = -1) -> bytes:
        return bytes(size or 0)


def wasi(effort: Effort) -> Iterator[Row]:
    """Calls and bytes through our own WASI."""
    engine = Engine()
    try:
        yield from _rows(engine, effort)
    finally:
        engine.close()


def _rows(engine: Engine, effort: Effort) -> Iterator[Row]:
    linker = engine.linker(WASI)
    owner = SimpleNamespace(
        waiting=contextlib.nullcontext,
        blocking=contextlib.nullcontext,
        wasi=WasiContext(OutputBuffer(0), stdin=_Endless()),
    )
    clock = linker.instantiate(engine.compile(binary(CLOCK)), LIMITS, owner=owner)
    calls = seconds_per_call(lambda: clock.call("run", TIMES), effort.count(20))
    yield Row(name="wasi/scalar-call", value=calls * 1e6 / TIMES, unit="µs")
    with linker.instantiate(engine.compile(binary(_STREAM)), Limits(handles=100_000), owner=owner) as streams:
        reads, writes = pair(effort, lambda: streams.call("reads", PIECE), lambda: streams.call("writes", PIECE))
    yield Row(name="wasi/read-64-kib", value=PIECE / MIB / reads, unit="MiB/s")
    yield Row(name="wasi/write-64-kib", value=PIECE / MIB / writes, unit="MiB/s")
    links = median(once(engine.linker, WASI) for _ in range(effort.count(20)))
    yield Row(name="wasi/link", value=links * 1e3, unit="ms")
