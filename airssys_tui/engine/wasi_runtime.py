"""Starting what wasmtime waits with for WASI, before a guest makes it start.

The first guest of a process that waits or writes through WASI makes wasmtime start an event loop of its own, with
threads and three file descriptors. If it gets none, wasmtime ends the process: no error, no trap. So the loop is
started here, once, before the first instance that imports WASI, and only when the descriptors can be had.
"""

from __future__ import annotations

import contextlib
import os
import threading
from typing import Final

import wasmtime
import wasmtime.component

from airssys_tui.core.errors import CapacityError

_RESERVE: Final = 16
"""Descriptors that must be free; the loop takes three, and other threads open files meanwhile."""

_WAITS_ONCE: Final = """(component
 (import "wasi:io/poll@0.2.0" (instance $poll
  (export "pollable" (type $p (sub resource)))
  (export "[method]pollable.block" (func (param "self" (borrow $p))))))
 (alias export $poll "pollable" (type $pollable))
 (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
  (alias outer 1 $pollable (type $p)) (export "pollable" (type $q (eq $p)))
  (export "subscribe-duration" (func (param "when" u64) (result (own $q))))))
 (core func $subscribe (canon lower (func $clock "subscribe-duration")))
 (core func $block (canon lower (func $poll "[method]pollable.block")))
 (core func $drop (canon resource.drop $pollable))
 (core module $m
  (import "h" "subscribe" (func $subscribe (param i64) (result i32)))
  (import "h" "block" (func $block (param i32)))
  (import "h" "drop" (func $drop (param i32)))
  (func (export "wait") (local $it i32)
   (local.set $it (call $subscribe (i64.const 0)))
   (call $block (local.get $it))
   (call $drop (local.get $it))))
 (core instance $i (instantiate $m (with "h" (instance
  (export "subscribe" (func $subscribe)) (export "block" (func $block)) (export "drop" (func $drop))))))
 (func (export "wait") (canon lift (core func $i "wait"))))"""
"""Waits no time at all, which is enough."""

_lock: Final = threading.Lock()
_started = threading.Event()


def require_wasi_runtime() -> None:
    """Start the event loop that WASI waits with, once per process; takes about 10 ms the first time.

    Raises:
        CapacityError: The process has no file descriptors left for it. It may succeed later.
    """
    if _started.is_set():
        return
    with _lock:
        if not _started.is_set():
            _require_descriptors()
            _wait_once()
            _started.set()


def _require_descriptors() -> None:
    with contextlib.ExitStack() as taken:
        for _ in range(_RESERVE):
            try:
                taken.callback(os.close, os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
            except OSError as error:
                raise CapacityError(
                    f"this process has no file descriptors left for WASI: {error.strerror}",
                    remedy="raise the limit of open files (ulimit -n), or stop some components",
                ) from error


def _wait_once() -> None:
    config = wasmtime.Config()
    config.cranelift_opt_level = "none"
    engine = wasmtime.Engine(config)
    linker = wasmtime.component.Linker(engine)
    linker.add_wasip2()
    store = wasmtime.Store(engine)
    store.set_wasi(wasmtime.WasiConfig())
    instance = linker.instantiate(store, wasmtime.component.Component(engine, _WAITS_ONCE))
    wait = instance.get_func(store, "wait")
    if wait is None:
        raise RuntimeError("the component that waits once has lost its export")
    wait(store)
