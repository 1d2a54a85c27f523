"""``handle-message`` as the engine calls it: a record of ten fields, with a body. No actors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Final

from airssys_tui.core.limits import Limits
from airssys_tui.core.types.values import Ok, Variant
from airssys_tui.engine.engine import Engine
from airssys_tui.host.catalogue import INTERFACES
from benchmarks.clock import Effort, pair
from benchmarks.guests import Raw, Record
from benchmarks.report import Row, beside

COURIER: Final = Path(__file__).parents[1] / "tests" / "fixtures" / "components" / "courier" / "courier.wasm"
HANDLER: Final = "airssys:core-component/message-handler@1.0.0"
LIMITS: Final = Limits(fuel_per_call=10**12, deadline=60.0)
BODIES: Final = (("text-64-b", "text", 64), ("text-64-kib", "text", 65_536), ("bytes-64-b", "binary", 64))
FUNC: Final = "wasmtime.component.Func"
MICRO: Final = 1e6


def messages(effort: Effort) -> Iterator[Row]:
    """A message of text or bytes that nobody waits for; beside the same call through wasmtime-py."""
    wasm = COURIER.read_bytes()
    with closing(Engine()) as engine:
        call = engine.linker(INTERFACES).instantiate(engine.compile(wasm), LIMITS).call
        theirs = Raw(wasm).function("handle-message", within=HANDLER)
        for name, case, size in BODIES:
            data = "x" * size if case == "text" else bytes(size)
            ours, other = _message(Variant(case, data)), _foreign(_message(data))
            if call(HANDLER + "#handle-message", ours).value != Ok(None):
                raise AssertionError("it was not taken")
            rounds = effort if size < 1024 else Effort(min(3, effort.rounds), effort.span)
            taken, beside_it = pair(rounds, partial(call, HANDLER + "#handle-message", ours), partial(theirs, other))
            yield beside(f"call/handle-message-{name}", taken * MICRO, "µs", FUNC, beside_it * MICRO)


def _message(body: object) -> dict[str, Any]:
    return {
        "id": "01JE0000000000000000000000",
        "kind": "fire-and-forget",
        "sender": None,
        "topic": None,
        "correlation": None,
        "body": {"codec": None, "body": body},
        "sent-at": {"seconds": 1_764_000_000, "nanoseconds": 5},
        "time-left": None,
        "attempt": 1,
        "trace-id": "trace",
    }


def _foreign(value: Any) -> Any:
    """Return a value with its records as wasmtime-py takes them; it tells the cases of the body by their types."""
    return Record(**{key: _foreign(each) for key, each in value.items()}) if isinstance(value, dict) else value
