"""Contracts with wasmtime-py's private side: each failure says in one line what an upgrade broke."""

from __future__ import annotations

import ctypes
from importlib.metadata import version

import pytest
from wasmtime import _bindings, _ffi

from airssys_tui.engine import bindings

EXPORTED = [
    *("wasmtime_component_func_call", "wasmtime_context_set_fuel", "wasmtime_context_get_fuel"),
    *("wasmtime_context_set_epoch_deadline", "wasmtime_component_val_delete", "wasmtime_component_val_clone"),
    *("wasmtime_component_resource_any_clone", "wasmtime_component_resource_any_delete"),
    *("wasmtime_component_resource_any_owned", "wasmtime_component_resource_any_drop"),
    *("wasmtime_store_new", "wasmtime_store_context", "wasmtime_store_delete", "wasmtime_store_limiter"),
    *("wasmtime_store_epoch_deadline_callback", "wasmtime_engine_clone"),
    *("wasmtime_component_linker_instantiate", "wasmtime_component_instance_get_func"),
    *("wasmtime_component_linker_instance_add_func", "wasm_engine_delete", "wasmtime_engine_increment_epoch"),
    *("wasmtime_error_new", "wasmtime_error_delete", "wasmtime_error_message"),
    *("wasmtime_error_wasm_trace", "wasmtime_config_host_memory_creator_set"),
    *("wasmtime_config_concurrency_support_set", "wasmtime_component_resource_type_equal"),
    *("wasmtime_component_resource_host_new", "wasmtime_component_resource_host_to_any"),
    *("wasmtime_component_resource_any_to_host", "wasmtime_component_resource_host_rep"),
    *("wasmtime_component_resource_host_delete", "wasmtime_component_resource_type_new_host"),
    *("wasmtime_component_resource_type_delete", "wasmtime_component_linker_instance_add_resource"),
    *("wasm_byte_vec_delete", "wasm_frame_vec_delete", "wasmtime_frame_func_name", "wasmtime_frame_module_name"),
    *("wasmtime_component_func_type_async", "wasmtime_config_wasm_component_model_async_set"),
    *("wasmtime_config_wasm_component_model_more_async_builtins_set",),
    *("wasmtime_config_wasm_component_model_async_stackful_set",),
    "wasm_frame_func_index",
]


def test_the_pinned_version_is_installed():
    assert version("wasmtime") == "50.0.1", "the facts of engine-facts were measured on 50.0.1: check each again"


@pytest.mark.parametrize("name", EXPORTED)
def test_the_library_exports_what_is_called(name):
    assert hasattr(_ffi.dll, name), f"libwasmtime no longer exports {name}"
    typed = getattr(_bindings, f"_{name}", None) or getattr(_bindings, name)
    assert typed is not None, f"wasmtime._bindings no longer declares {name}"


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("wasmtime_component_func_call", 6),
        ("wasmtime_context_set_fuel", 2),
        ("wasmtime_context_set_epoch_deadline", 2),
        ("wasmtime_store_limiter", 6),
        ("wasmtime_store_epoch_deadline_callback", 4),
        ("wasmtime_component_linker_instantiate", 4),
        ("wasmtime_component_instance_get_func", 4),
        ("wasmtime_component_linker_instance_add_func", 6),
        ("wasmtime_component_val_clone", 2),
        ("wasmtime_component_resource_any_drop", 2),
        ("wasmtime_context_get_fuel", 2),
        ("wasmtime_component_val_delete", 1),
        ("wasmtime_component_resource_host_new", 3),
        ("wasmtime_component_resource_host_to_any", 3),
        ("wasmtime_component_resource_any_to_host", 3),
        ("wasmtime_component_linker_instance_add_resource", 7),
    ],
)
def test_functions_take_as_many_arguments_as_are_passed(name, count):
    declared = getattr(_bindings, f"_{name}").argtypes
    assert len(declared) == count, f"{name} now takes {len(declared)} arguments, not {count}"


def test_a_value_is_32_bytes_with_its_payload_at_8():
    value = _bindings.wasmtime_component_val_t
    assert ctypes.sizeof(value) == bindings.VALUE_SIZE, "the size of a component value changed"
    assert value.kind.offset == 0, "the kind of a component value moved"
    assert value.of.offset == bindings.PAYLOAD, "the payload of a component value moved"


def test_a_record_entry_is_48_bytes_with_its_value_at_16():
    entry = _bindings.wasmtime_component_valrecord_entry_t
    assert ctypes.sizeof(entry) == bindings.ENTRY_SIZE, "the size of a record entry changed"
    assert (entry.name.offset, entry.val.offset) == (0, 16), "the parts of a record entry moved"


@pytest.mark.parametrize(
    ("struct", "fields"),
    [
        ("wasmtime_component_vallist_t", {"size": 0, "data": 8}),
        ("wasmtime_component_valrecord_t", {"size": 0, "data": 8}),
        ("wasmtime_component_valtuple_t", {"size": 0, "data": 8}),
        ("wasmtime_component_valflags_t", {"size": 0, "data": 8}),
        ("wasmtime_component_valvariant_t", {"discriminant": 0, "val": 16}),
        ("wasmtime_component_valresult_t", {"is_ok": 0, "val": 8}),
        ("wasm_byte_vec_t", {"size": 0, "data": 8}),
    ],
)
def test_payloads_are_laid_out_as_they_are_packed(struct, fields):
    kind = getattr(_bindings, struct)
    assert {name: getattr(kind, name).offset for name in fields} == fields, f"{struct} has another layout"


def test_kinds_have_their_numbers():
    expected = (
        "bool s8 u8 s16 u16 s32 u32 s64 u64 f32 f64 char string list record tuple variant enum option result flags"
    )
    assert {name: number for number, name in enumerate([*expected.split(), "resource"])} == bindings.KINDS


def test_bytes_objects_hold_their_data_where_addresses_say():
    data = b"exactly here"
    assert ctypes.string_at(id(data) + bindings.BYTES_HEADER, len(data)) == data, "CPython's bytes layout changed"


def test_the_address_space_can_be_read_through_one_view():
    data = b"exactly here"
    start = id(data) + bindings.BYTES_HEADER
    assert bytes(bindings.memory_view()[start : start + len(data)]) == data


def test_the_memory_creator_has_its_fields():
    names = [name for name, _ in _bindings.wasmtime_memory_creator_t._fields_]
    assert names == ["env", "new_memory", "finalizer"], "the memory creator changed"
    names = [name for name, _ in _bindings.wasmtime_linear_memory_t._fields_]
    assert names == ["env", "get_memory", "grow_memory", "finalizer"], "the linear memory of a creator changed"


def test_an_error_survives_the_way_there_and_back():
    error = bindings.take_error(bindings.new_error("wörds"))
    assert (error.message, error.frames) == ("wörds", ())


def test_prepared_arguments_are_taken_without_conversion():
    number, pointer = bindings.number(2**63 + 5), bindings.pointer(2**47 - 8)
    assert type(number) is type(pointer) is type(ctypes.byref(ctypes.c_int())), "prepared arguments changed their type"
    echo = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_uint64)(lambda value: value)
    untyped = ctypes.cast(echo, ctypes.c_void_p).value
    call = ctypes.CFUNCTYPE(ctypes.c_uint64)(untyped)
    assert call(number) == 2**63 + 5, "a prepared number no longer arrives whole"
    assert call(pointer) == 2**47 - 8, "a prepared pointer no longer arrives whole"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (bindings.HostCallback, "wasmtime_component_func_callback_t"),
        (bindings.Destructor, "wasmtime_component_resource_destructor_t"),
        (bindings.EpochCallback, None),
    ],
)
def test_callbacks_take_their_arguments_where_the_engine_puts_them(ours, theirs):
    if theirs is None:
        declared = _bindings._wasmtime_store_epoch_deadline_callback.argtypes[1]  # noqa: SLF001 - wasmtime's name
        assert len(declared._argtypes_) == len(ours._argtypes_), "the epoch callback takes other arguments"
        return
    declared = getattr(_bindings, theirs)._argtypes_
    assert len(declared) >= len(ours._argtypes_), f"{theirs} takes fewer arguments"
    for index, (mine, its) in enumerate(zip(ours._argtypes_, declared, strict=False)):
        if mine is not ctypes.c_bool:
            assert ctypes.sizeof(mine) == ctypes.sizeof(its), f"argument {index} of {theirs} has another size"
