"""A call over a link belongs to the trace of the call that made it."""

from __future__ import annotations

from typing import Any

from tests.support.linked_guests import LINKS, consumer, provider
from tests.support.world import PATIENCE, World


def test_the_provider_goes_on_with_the_trace_of_its_consumer(world: World) -> None:
    world.open()
    world.install("adder", provider())
    world.install("calculator", consumer(), LINKS)
    router = world.runtime.probe.system.router
    trace = "7e" * 16

    def traced(serving: Any) -> int:
        serving.tenant.tracer.name_next(trace)
        return serving.call("calc", 3, 4).value

    assert router.find("calculator").actor.post(traced).result(PATIENCE) == 7
    tracer = router.find("adder").actor.serving.tenant.tracer
    assert tracer.known == trace
    assert world.call("calculator", "calc", 3, 4) == 7
    assert tracer.known == "", "a call whose trace nobody asked for begins none"
