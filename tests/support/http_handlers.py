"""A component that claims to answer HTTP requests: its handler takes nothing, so it is admitted and never answers."""

from __future__ import annotations

from functools import cache

from tests.support.engine.guests import binary


@cache
def silent_handler(salt: str = "") -> bytes:
    """Make the component; each salt gives another one."""
    return binary(
        f"""(component
        (core module $m (func (export "handle")) (func (export "salt-{salt}")))
        (core instance $i (instantiate $m))
        (func $handle (canon lift (core func $i "handle")))
        (instance $handler (export "handle" (func $handle)))
        (export "wasi:http/incoming-handler@0.2.12" (instance $handler)))"""
    )
