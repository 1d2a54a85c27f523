"""Recursion that optimised code survives and baseline code does not: its frames keep every local variable."""

from __future__ import annotations

LOCALS = 400
DEPTH = 1_000
"""Calls: 3 MB of baseline frames, where 512 KiB are allowed, and less than 100 KB of optimised ones."""

FUNCTION = f"""(func $deep (param $n i32) (result i32) (local {"i64 " * LOCALS})
  (if (result i32) (i32.eqz (local.get $n)) (then (i32.const 7))
    (else (call $deep (i32.sub (local.get $n) (i32.const 1))))))"""

RECURSE = f"(call $deep (i32.const {DEPTH}))"


def recursing(text: str) -> str:
    """Return the text of a function's instructions that recurse first, with the function that follows it left open.

    Args:
        text: Where the result goes, such as ``drop``.
    """
    return f"({text} {RECURSE})) {FUNCTION.rstrip().removesuffix(')')}"
