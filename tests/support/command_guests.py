"""Commands: components that export `wasi:cli/run` and do one thing."""

from __future__ import annotations

from tests.support.engine import guests

EXIT = """(import "wasi:cli/exit@0.2.0" (instance $exit (export "exit-with-code" (func (param "status-code" u8)))))
  (core func $exit (canon lower (func $exit "exit-with-code")))"""
ARGUMENTS = """(import "wasi:cli/environment@0.2.0" (instance $env
    (export "get-arguments" (func (result (list string))))))
  (core func $args (canon lower (func $env "get-arguments") (memory (core memory $mem "mem"))
    (realloc (core func $mem "realloc"))))"""


def command(body: str, imports: str = "", takes: str = "", gives: str = "") -> bytes:
    """Make a command whose `run` does something and then returns ok, if it comes so far."""
    return guests.binary(
        f"""(component
          (core module $memory {guests.ALLOCATOR})
          (core instance $mem (instantiate $memory))
          {imports}
          (core module $m (import "m" "mem" (memory 1)) {takes} (func (export "run") (result i32) {body} (i32.const 0)))
          (core instance $i (instantiate $m (with "m" (instance $mem)) {gives}))
          (func $run (result (result)) (canon lift (core func $i "run")))
          (instance $cli (export "run" (func $run)))
          (export "wasi:cli/run@0.2.0" (instance $cli)))"""
    )


def exiting(status: int) -> bytes:
    return command(
        f"(call $exit (i32.const {status}))",
        EXIT,
        '(import "w" "exit" (func $exit (param i32)))',
        '(with "w" (instance (export "exit" (func $exit))))',
    )


def telling_arguments() -> bytes:
    """Exit with 16 · the number of arguments, and the low bits of the first byte of the last one."""
    return command(
        """(call $args (i32.const 512))
          (call $exit (i32.add (i32.mul (i32.load (i32.const 516)) (i32.const 16))
            (i32.and (i32.const 15) (i32.load8_u (i32.load (i32.add (i32.load (i32.const 512))
              (i32.mul (i32.const 8) (i32.sub (i32.load (i32.const 516)) (i32.const 1)))))))))""",
        EXIT + ARGUMENTS,
        '(import "w" "exit" (func $exit (param i32))) (import "w" "args" (func $args (param i32)))',
        '(with "w" (instance (export "exit" (func $exit)) (export "args" (func $args))))',
    )
