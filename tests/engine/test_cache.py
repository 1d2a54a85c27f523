"""Compiled code in the cache: whose it is, and that damaged or foreign code is refused and made anew."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from airssys_tui.core.errors import AdmissionError
from airssys_tui.core.gates import Gate
from airssys_tui.core.identity import digest_of
from airssys_tui.core.limits import Limits
from airssys_tui.core.revision import Tier
from airssys_tui.core.units import KIB, MIB
from airssys_tui.engine import configuration
from airssys_tui.engine.configuration import identity
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.settings import EngineSettings
from airssys_tui.store.artifacts.code_cache import CodeCache
from airssys_tui.store.directory import StateDirectory
from tests.support.engine import guests

TRAPS = guests.binary(guests.TRAPS)
DIGEST = digest_of(TRAPS)
STANDARD = EngineSettings()

HARMLESS = {
    "tick_ms": 20,
    "cancel_ms": 50,
    "max_component_size": MIB,
    "in_process_compile": MIB,
    "compile_wall": 5.0,
    "compile_cpu": 5,
    "compile_address_space": 1024 * MIB,
    "max_memories": 100,
    "in_process_locals": 3_000,
    "in_process_loops": 2_000,
    "max_code_size": 32 * MIB,
    "mapped_code": KIB,
    "max_mapped": 2,
}
SHAPING = {
    "max_wasm_stack": 256 * KIB,
    "memory_reservation": 64 * MIB,
    "memory_guard": 64 * KIB,
    "dense": True,
    "host_memory": False,
    "raw_lift": False,
    "types_only": True,
    "tier": Tier.BASELINE,
}


def test_every_setting_is_known_to_shape_code_or_not():
    assert sorted({**HARMLESS, **SHAPING}) == sorted(EngineSettings.__struct_fields__)


@pytest.mark.parametrize("name", HARMLESS)
def test_code_goes_from_engine_to_engine_where_the_identity_is_the_same(engine, name):
    other = Engine(msgspec.structs.replace(STANDARD, **{name: HARMLESS[name]}))
    assert other.identity == engine.identity
    code = engine.load(other.compile(TRAPS).serialised())
    with engine.linker().instantiate(code, Limits()) as instance:
        assert instance.call("fine").value == 7
    other.close()


@pytest.mark.parametrize("name", SHAPING)
def test_what_shapes_code_is_part_of_the_identity(engine, name):
    assert identity(msgspec.structs.replace(STANDARD, **{name: SHAPING[name]})) != engine.identity


def test_the_compilers_version_and_what_is_fixed_are_part_of_the_identity(engine, monkeypatch):
    monkeypatch.setattr(configuration, "compiler_version", lambda: "51.0.0")
    assert identity(STANDARD) != engine.identity
    monkeypatch.undo()
    monkeypatch.setattr(configuration, "GENERATION", configuration.GENERATION + 1)
    assert identity(STANDARD) != engine.identity
    monkeypatch.undo()
    monkeypatch.setattr(configuration.platform, "machine", lambda: "riscv64")
    assert identity(STANDARD) != engine.identity


@pytest.fixture
def cache(tmp_path):
    (tmp_path / "components").mkdir()
    state = StateDirectory.open(tmp_path / "state", folder=tmp_path / "components")
    cache = CodeCache(state.path / "kept", state.catalog.database)
    cache.recover()
    yield cache
    state.close()


def answers(engine, path):
    with engine.linker().instantiate(engine.load(path), Limits()) as instance:
        return instance.call("fine").value


def flipped(code: bytes) -> bytes:
    middle = len(code) // 2
    return code[:middle] + bytes([code[middle] ^ 0xFF]) + code[middle + 1 :]


@pytest.mark.parametrize("damage", [flipped, lambda code: code[:-1], lambda _: b"", lambda code: code + b"\0"])
def test_damaged_code_is_never_handed_out_and_is_made_anew(engine, cache, damage):
    path = Path(cache.put(DIGEST, engine.identity, engine.compile(TRAPS).serialised()))
    assert answers(engine, cache.get(DIGEST, engine.identity)) == 7
    path.write_bytes(damage(path.read_bytes()))
    assert cache.get(DIGEST, engine.identity) is None
    assert cache.counters.rejected == 1
    cache.put(DIGEST, engine.identity, engine.compile(TRAPS).serialised())
    assert answers(engine, cache.get(DIGEST, engine.identity)) == 7


def foreign() -> bytes:
    other = Engine(EngineSettings(dense=True))
    code = other.compile(TRAPS).serialised()
    other.close()
    return code


@pytest.mark.parametrize(
    "make", [foreign, lambda: b"not compiled code at all", lambda: b"\x7fELF" + bytes(100), lambda: TRAPS, lambda: b""]
)
def test_foreign_code_that_was_kept_as_ours_is_refused_and_made_anew(engine, cache, make):
    path = Path(cache.put(DIGEST, engine.identity, make()))
    for given in (path, path.read_bytes()):
        with pytest.raises(AdmissionError, match="cannot load the compiled code") as caught:
            engine.load(given)
        assert caught.value.gate == Gate.COMPILE
        assert "again" in caught.value.remedy
    cache.remove(DIGEST)
    cache.put(DIGEST, engine.identity, engine.compile(TRAPS).serialised())
    assert answers(engine, cache.get(DIGEST, engine.identity)) == 7
