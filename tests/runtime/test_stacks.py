"""Guests that recurse as deep as they are let, on every kind of thread that runs guests. Each in a process of its own:
what is tested is that the process is still there.
"""

from __future__ import annotations

import subprocess
import sys

from tests.support.places import ROOT

SUBJECT = '''
import sys, threading
from airssys_tui.core.types.interface import Function, Param, Primitive
from airssys_tui.core.limits import Limits
from airssys_tui.core.traps import GuestTrap
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.host import HostFunction, HostInterface
from airssys_tui.runtime.machinery.deep_threads import STACK_SIZE
from airssys_tui.runtime.machinery.guest_threads import Workers
from tests.support.engine import guests

FACE, U32 = "test:host/face@1.0.0", Primitive("u32")
LIMITS = Limits(fuel_per_call=10**12, deadline=60.0)
RECURSIVE = guests.binary("""(component
  (import "test:host/face@1.0.0" (instance $host (export "work" (func (param "level" u32) (result u32)))))
  (core func $work (canon lower (func $host "work")))
  (core module $guest
    (import "" "work" (func $work (param i32) (result i32)))
    (func $down (export "down") (param $depth i32) (param $level i32) (result i32)
      (if (result i32) (local.get $depth)
        (then (i32.add (call $down (i32.sub (local.get $depth) (i32.const 1)) (local.get $level)) (i32.const 1)))
        (else (call $work (local.get $level))))))
  (core instance $i (instantiate $guest (with "" (instance (export "work" (func $work))))))
  (func (export "down") (param "depth" u32) (param "level" u32) (result u32) (canon lift (core func $i "down"))))""")


class Nest:
    """Instances that call each other through the host, each near the limit of its guest stack."""

    def __init__(self):
        self.engine = Engine()
        type_ = Function("work", (Param("level", U32),), U32)
        self.linker = self.engine.linker([HostInterface(FACE, (HostFunction(type_, self.work),))])
        self.code = self.engine.compile(RECURSIVE)
        self.depth = 0
        self.depth = self.deepest()

    def down(self, depth, level):
        with self.linker.instantiate(self.code, LIMITS) as instance:
            return instance.call("down", depth, level).value

    def work(self, context, level):
        return 0 if level == 0 else self.down(self.depth, level - 1)

    def deepest(self):
        """Find how deep one guest can go, less a little."""
        low, high = 1, 1_000_000
        while high - low > 50:
            middle = (low + high) // 2
            try:
                self.down(middle, 0)
                low = middle
            except GuestTrap as trap:
                assert trap.trap.kind == "stack-overflow", trap
                high = middle
        return low * 95 // 100


def on_worker(function):
    workers = Workers(1)
    try:
        return workers.submit(function).result(60)
    finally:
        workers.close(5)


def main(levels):
    run = on_worker
    nest = run(Nest)
    assert nest.depth > 1_000, nest.depth
    value = run(lambda: nest.down(nest.depth, levels - 1))
    assert value == nest.depth * levels, (value, nest.depth)
    try:
        run(lambda: nest.down(10_000_000, 0))
    except GuestTrap as trap:
        print(trap.trap.kind, STACK_SIZE // 2**20)


main(int(sys.argv[1]))
'''

LINK_DEPTH = 8
"""How many components may call each other, one inside the other."""


def test_guests_at_the_limit_of_their_stacks_nest_as_deep_as_links_may():
    # Twice as deep as links may go, and each guest at 95 % of its stack: 8 MiB of the thread's 16.
    command = [sys.executable, "-c", SUBJECT, str(2 * LINK_DEPTH)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "stack-overflow 16\n", "")
