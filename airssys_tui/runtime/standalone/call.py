"""``call PATH``: one call into a temporary instance, with the same limits and meters as in a runtime."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import msgspec

from airssys_tui.api.views.runtime import CallReport
from airssys_tui.core.gates import Gate
from airssys_tui.core.manifest.tier_choice import TierChoice
from airssys_tui.core.revision import Tier
from airssys_tui.core.traps import GuestTrap, exit_status
from airssys_tui.engine.admission import admit
from airssys_tui.engine.settings import EngineSettings
from airssys_tui.engine.tiers import Tiers
from airssys_tui.host.catalogue import INTERFACES
from airssys_tui.runtime.actors import contract
from airssys_tui.runtime.actors.component_tenant import ComponentTenant
from airssys_tui.runtime.actors.instantiation import Making
from airssys_tui.runtime.actors.serving import Serving
from airssys_tui.runtime.calling.calls import call_json
from airssys_tui.runtime.calling.handles import Handles
from airssys_tui.runtime.deploying.gate_checks import Passage, check_types, with_version
from airssys_tui.runtime.machinery.guest_threads import Workers
from airssys_tui.runtime.machinery.journal import Journal
from airssys_tui.runtime.standalone.check import read_component
from airssys_tui.runtime.standalone.compiling import compile_cached, unrecorded, with_enough_stack

_USUAL: Final = TierChoice()


def call_path(path: Path, export: str, arguments: str = "[]", choice: TierChoice = _USUAL) -> CallReport:
    """Call an export of the component at a path.

    Args:
        path: A wasm file or a component directory.
        export: ``instance#function`` or ``function``.
        arguments: A JSON array.
        choice: Which tier of code it gets.

    Raises:
        AirssysError: If it is not admissible, has no such export, an argument does not match, or it traps.
    """
    reading = read_component(path)
    manifest = with_version(reading.manifest, admit(reading.wasm).version)
    reading = msgspec.structs.replace(reading, manifest=manifest)
    tiers, workers = Tiers(EngineSettings(), INTERFACES), Workers(1)

    def work(tier: Tier) -> CallReport:
        journal, code = Journal(), compile_cached(tiers, reading, tier)
        linker = tiers.linker(code.tier)
        with Passage().at(Gate.TYPES):
            check_types(linker, code.interface)
        tenant = ComponentTenant(str(manifest.id), manifest, journal, workers)
        making = Making(lambda: linker, unrecorded(reading, code), code, tenant)
        report = workers.submit(_call_once, making, export, arguments).result()
        lines = tuple(event.text for event in journal.page(0, 500).events)
        return msgspec.structs.replace(report, output=lines, revision=None)

    try:
        return with_enough_stack(choice.of(manifest), work)
    finally:
        workers.close(1.0)
        tiers.close(1.0)


def _call_once(making: Making, export: str, arguments: str) -> CallReport:
    """Call an export of a fresh instance; runs on a worker."""
    serving = making.run()
    command = contract.kind_of(serving.artifact.interface, serving.manifest.artifact.kind) == "command"
    try:
        if not command:
            with Passage().at(Gate.INIT):
                contract.initialise(serving)
        return call_json(serving, export, arguments, Handles(time.time))
    except GuestTrap as trap:
        if not command or exit_status(trap.trap) != 0:
            raise
        return _completed(serving, serving.find(export).path)
    finally:
        serving.close()


def _completed(serving: Serving, path: str) -> CallReport:
    """Report the run of a command that exited with status 0 instead of returning: that is no failure."""
    spent, memory = serving.instance.meters, serving.instance.memory
    return CallReport(
        export=path,
        result='{"ok":null}',
        fuel=spent.fuel_total,
        seconds=spent.wall_ns / 1e9,
        cpu_seconds=spent.cpu_ns / 1e9,
        memory_peak=memory.peak if memory is not None else None,
        revision=serving.revision,
        tier=serving.tier,
    )
