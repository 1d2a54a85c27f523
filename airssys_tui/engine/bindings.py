"""Private names of wasmtime-py; no other module uses any, so that an upgrade breaks in one place.

Functions come in two kinds. Those of :data:`_library` release the interpreter lock, for work that can take long: guest
code, compilation. Those of :data:`_quick` keep it, for calls of well under a microsecond, which would otherwise hand
the lock to a waiting thread. Functions on the call path have no ``argtypes``: their callers pass prepared ctypes
objects, which halves their cost. ``tests/engine/test_bindings.py`` has a contract test for every name and layout used
here.
"""

from __future__ import annotations

import ctypes
import sys
from functools import lru_cache
from typing import Any, Final

import wasmtime
from wasmtime import _bindings, _ffi, component

VALUE_SIZE: Final = 32
"""Bytes of one ``wasmtime_component_val_t``: kind at 0, payload at 8."""

PAYLOAD: Final = 8
"""Offset of the payload in a value."""

ENTRY_SIZE: Final = 48
"""Bytes of one record entry: name (size, pointer) at 0, value at 16."""

BYTES_HEADER: Final = bytes.__basicsize__ - 1
"""Bytes before the data of a ``bytes`` object in CPython; ``id(data) + BYTES_HEADER`` is the data's address."""

KINDS: Final[dict[str, int]] = {
    name: getattr(_ffi, f"WASMTIME_COMPONENT_{name.upper()}").value
    for name in (
        *("bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char", "string"),
        *("list", "record", "tuple", "variant", "enum", "option", "result", "flags", "resource"),
    )
}
"""Kind byte of each value form."""

ADAPTER: Final = "airssys:engine/result-adapter"
"""Name of the core modules that are added to components; backtraces leave their functions out."""

_MOST_FRAMES: Final = 64

_library = _ffi.dll
_quick = ctypes.PyDLL(str(_ffi.filename))

_WINCH: Final = 2
"""``WASMTIME_STRATEGY_WINCH``."""

_POINTER = ctypes.c_void_p
_SIZE = ctypes.c_size_t


def _function(library: ctypes.CDLL, name: str, result: Any, *arguments: Any) -> Any:
    function = library[name]
    function.restype = result
    if arguments:
        function.argtypes = arguments
    return function


func_call: Final = _function(_library, "wasmtime_component_func_call", _POINTER)
"""``(func*, context, args*, nargs, results*, nresults) -> error*``: runs the guest."""

set_fuel: Final = _function(_quick, "wasmtime_context_set_fuel", None)
"""``(context, fuel)``; unchecked, like the next three: pass what :func:`pointer` and :func:`number` prepared."""

get_fuel: Final = _function(_quick, "wasmtime_context_get_fuel", None)
set_epoch_deadline: Final = _function(_quick, "wasmtime_context_set_epoch_deadline", None)
value_delete: Final = _function(_quick, "wasmtime_component_val_delete", None)
value_clone: Final = _function(_quick, "wasmtime_component_val_clone", None, _POINTER, _POINTER)

resource_clone: Final = _function(_quick, "wasmtime_component_resource_any_clone", _POINTER, _POINTER)
resource_delete: Final = _function(_quick, "wasmtime_component_resource_any_delete", None, _POINTER)
resource_owned: Final = _function(_quick, "wasmtime_component_resource_any_owned", ctypes.c_bool, _POINTER)
resource_drop: Final = _function(_library, "wasmtime_component_resource_any_drop", _POINTER, _POINTER, _POINTER)

_host_new: Final = _function(
    _quick, "wasmtime_component_resource_host_new", _POINTER, ctypes.c_bool, ctypes.c_uint32, ctypes.c_uint32
)
_host_to_any: Final = _function(_quick, "wasmtime_component_resource_host_to_any", _POINTER, *[_POINTER] * 3)
_any_to_host: Final = _function(_quick, "wasmtime_component_resource_any_to_host", _POINTER, *[_POINTER] * 3)
_host_number: Final = _function(_quick, "wasmtime_component_resource_host_rep", ctypes.c_uint32, _POINTER)
_host_delete: Final = _function(_quick, "wasmtime_component_resource_host_delete", None, _POINTER)
_type_new: Final = _function(_quick, "wasmtime_component_resource_type_new_host", _POINTER, ctypes.c_uint32)
_type_delete: Final = _function(_quick, "wasmtime_component_resource_type_delete", None, _POINTER)
_linker_add_resource: Final = _function(
    _quick,
    "wasmtime_component_linker_instance_add_resource",
    _POINTER,
    _POINTER,
    ctypes.c_char_p,
    _SIZE,
    *[_POINTER] * 4,
)

store_new: Final = _function(_quick, "wasmtime_store_new", _POINTER, _POINTER, _POINTER, _POINTER)
store_context: Final = _function(_quick, "wasmtime_store_context", _POINTER, _POINTER)
store_delete: Final = _function(_library, "wasmtime_store_delete", None, _POINTER)
store_limiter: Final = _function(_quick, "wasmtime_store_limiter", None)
"""``(store, memory, table elements, instances, tables, memories)``; unchecked, see :func:`bounds`."""

store_epoch_callback: Final = _function(_quick, "wasmtime_store_epoch_deadline_callback", None)
"""``(store, callback, env, finalizer)``; unchecked."""

linker_instantiate: Final = _function(_library, "wasmtime_component_linker_instantiate", _POINTER, *[_POINTER] * 4)
instance_get_func: Final = _function(
    _quick, "wasmtime_component_instance_get_func", ctypes.c_bool, _POINTER, _POINTER, _POINTER, _POINTER
)
linker_add_func: Final = _function(
    _quick,
    "wasmtime_component_linker_instance_add_func",
    _POINTER,
    _POINTER,
    ctypes.c_char_p,
    _SIZE,
    _POINTER,
    _POINTER,
    _POINTER,
)
engine_clone: Final = _function(_quick, "wasmtime_engine_clone", _POINTER, _POINTER)
engine_delete: Final = _function(_quick, "wasm_engine_delete", None, _POINTER)
increment_epoch: Final = _function(_quick, "wasmtime_engine_increment_epoch", None, _POINTER)

_error_new: Final = _function(_quick, "wasmtime_error_new", _POINTER, ctypes.c_char_p)
_error_delete: Final = _function(_quick, "wasmtime_error_delete", None, _POINTER)
_error_message: Final = _function(_quick, "wasmtime_error_message", None, _POINTER, _POINTER)
_error_trace: Final = _function(_quick, "wasmtime_error_wasm_trace", None, _POINTER, _POINTER)
_bytes_delete: Final = _function(_quick, "wasm_byte_vec_delete", None, _POINTER)
_frames_delete: Final = _function(_quick, "wasm_frame_vec_delete", None, _POINTER)
_TEXT: Final = ctypes.POINTER(_bindings.wasm_name_t)
_function_name: Final = _function(_quick, "wasmtime_frame_func_name", _TEXT, _POINTER)
_module_name: Final = _function(_quick, "wasmtime_frame_module_name", _TEXT, _POINTER)
_function_index: Final = _function(_quick, "wasm_frame_func_index", ctypes.c_uint32, _POINTER)

FUNC_SIZE: Final = ctypes.sizeof(_bindings.wasmtime_component_func_t)
INSTANCE_SIZE: Final = ctypes.sizeof(_bindings.wasmtime_component_instance_t)

_UNUSED = ctypes.c_bool
HostCallback: Final = ctypes.CFUNCTYPE(_SIZE, _UNUSED, _POINTER, _UNUSED, _POINTER, _UNUSED, _POINTER)
"""``(env, context, type, args*, nargs, results*, nresults) -> error*``; pointers as plain integers.

Parameters that no callback uses are declared with the type that is cheapest to convert, and the last one is omitted:
the caller owns the argument area, so a callee may ignore it.
"""

Destructor: Final = ctypes.CFUNCTYPE(_SIZE, _UNUSED, _POINTER, ctypes.c_uint32)
"""``(env, context, number) -> error*``: a guest dropped a resource that the host defines."""

EpochCallback: Final = ctypes.CFUNCTYPE(
    _SIZE, _POINTER, _POINTER, ctypes.POINTER(ctypes.c_uint64), ctypes.POINTER(ctypes.c_uint8)
)
"""``(context, env, ticks*, kind*) -> error*``: extends or stops the running call."""

MemoryCreator: Final = _bindings.wasmtime_memory_creator_t
NewMemory: Final = _bindings.wasmtime_new_memory_callback_t
GetMemory: Final = _bindings.wasmtime_memory_get_callback_t
GrowMemory: Final = _bindings.wasmtime_memory_grow_callback_t
Finalizer: Final = dict(MemoryCreator._fields_)["finalizer"]


class EngineError:
    """An error message of the engine, detached from its native object.

    Attributes:
        message: The engine's message, with its backtrace and causes.
        frames: Backtrace, innermost first.
    """

    __slots__ = ("frames", "message")

    def __init__(self, message: str, frames: tuple[str, ...]) -> None:
        self.message = message
        self.frames = frames


def new_error(message: str) -> int:
    """Create a native error for the engine, which takes ownership."""
    pointer: int = _error_new(message.encode(errors="replace").replace(b"\0", b" "))
    return pointer


def take_error(pointer: int) -> EngineError:
    """Read and free a native error."""
    words = _bindings.wasm_byte_vec_t()
    _error_message(pointer, ctypes.addressof(words))
    message = ctypes.string_at(words.data, words.size).decode(errors="replace")
    _bytes_delete(ctypes.addressof(words))
    frames = _frames(pointer)
    _error_delete(pointer)
    return EngineError(message, frames)


def _frames(pointer: int) -> tuple[str, ...]:
    trace = _bindings.wasm_frame_vec_t()
    _error_trace(pointer, ctypes.addressof(trace))
    known = (_frame_name(trace.data[index]) for index in range(min(trace.size, 2 * _MOST_FRAMES)))
    frames = tuple(name for name in known if not name.startswith(f"{ADAPTER}!"))[:_MOST_FRAMES]
    _frames_delete(ctypes.addressof(trace))
    return frames


def _frame_name(frame: Any) -> str:
    at = ctypes.cast(frame, ctypes.c_void_p)
    name, module = _function_name(at), _module_name(at)
    function = _text(name) if name else f"function {_function_index(at)}"
    return f"{_text(module)}!{function}" if module else function


def _text(name: Any) -> str:
    return ctypes.string_at(name.contents.data, name.contents.size).decode(errors="replace")


def address(managed: Any) -> int:
    """Return the native address of a wasmtime-py object (engine, component, linker, export index…)."""
    value = ctypes.cast(managed.ptr(), ctypes.c_void_p).value
    assert value is not None, "a live object has an address"  # noqa: S101 -- narrows the type
    return value


def epoch_address() -> int:
    """Return the address of the native function that increments an engine's epoch, for a native timer."""
    value = ctypes.cast(_library["wasmtime_engine_increment_epoch"], ctypes.c_void_p).value
    assert value is not None, "an exported function has an address"  # noqa: S101 -- narrows the type
    return value


def callback_address(callback: Any) -> int:
    """Return the native address of a ctypes callback; the caller keeps the callback alive."""
    value = ctypes.cast(callback, ctypes.c_void_p).value
    assert value is not None, "a callback has an address"  # noqa: S101 -- narrows the type
    return value


def set_memory_creator(config: wasmtime.Config, creator: Any) -> None:
    """Make the engine request every linear memory from this process."""
    _bindings.wasmtime_config_host_memory_creator_set(config.ptr(), ctypes.byref(creator))


def set_concurrency(config: wasmtime.Config, *, enabled: bool) -> None:
    """Set whether the engine accepts asynchronous components and tracks their concurrent calls.

    Always both: accepting them without the tracking aborts the process.
    """
    _bindings.wasmtime_config_concurrency_support_set(config.ptr(), enabled)
    _bindings.wasmtime_config_wasm_component_model_async_set(config.ptr(), enabled)
    _bindings.wasmtime_config_wasm_component_model_more_async_builtins_set(config.ptr(), enabled)
    _bindings.wasmtime_config_wasm_component_model_async_stackful_set(config.ptr(), enabled)


def choose_baseline_compiler(config: wasmtime.Config) -> None:
    """Make the engine compile with Winch, in one pass and without optimisations, instead of Cranelift."""
    _bindings.wasmtime_config_strategy_set(config.ptr(), _WINCH)


def pointer(address: int) -> Any:
    """Prepare an address as an argument, so that no call converts it again."""
    return ctypes.c_void_p.from_param(address)


@lru_cache(maxsize=256)
def bounds(memory: int, table_elements: int) -> tuple[Any, ...]:
    """Prepare the limits of a store: bytes per memory and elements per table; -1 means no limit."""
    return tuple(map(ctypes.c_int64.from_param, (memory, table_elements, -1, -1, -1)))


def number(value: int) -> Any:
    """Prepare an unsigned 64-bit number as an argument."""
    return ctypes.c_uint64.from_param(value)


def resource_types_equal(first: Any, second: Any) -> bool:
    """Return whether two resource types of one component are the same."""
    return bool(_bindings.wasmtime_component_resource_type_equal(first.ptr(), second.ptr()))


def is_async(function: component.FuncType) -> bool:
    """Return whether a component function type is asynchronous."""
    return bool(_bindings.wasmtime_component_func_type_async(function.ptr()))


def add_function(instance: component.LinkerInstance, name: str, callback: Any) -> EngineError | None:
    """Define a host function in a linker's instance; the caller keeps the callback alive as long as the linker."""
    encoded = name.encode()
    pointer = linker_add_func(address(instance), encoded, len(encoded), callback_address(callback), None, None)
    return take_error(pointer) if pointer else None


def add_resource(instance: component.LinkerInstance, name: str, number: int, destructor: Any) -> EngineError | None:
    """Define a host resource type in a linker's instance; the caller keeps the destructor alive."""
    encoded, type_ = name.encode(), _type_new(number)
    error = _linker_add_resource(
        address(instance), encoded, len(encoded), type_, callback_address(destructor), None, None
    )
    _type_delete(type_)
    return take_error(error) if error else None


def resource_of_host(context: int, number: int, type_number: int) -> int:
    """Create an owned native resource for a host value; the caller deletes it.

    Args:
        context: Address of the store's context.
        number: The number that the guest's handle will carry.
        type_number: Number of the resource type.
    """
    host, made = _host_new(True, number, type_number), _POINTER()
    error = _host_to_any(context, host, ctypes.addressof(made))
    _host_delete(host)
    if error:
        raise RuntimeError(take_error(error).message)
    assert made.value is not None, "it was made"  # noqa: S101 -- narrows the type
    return made.value


def resource_number(context: int, resource: int) -> int:
    """Take back the handle of a native resource and return its number; 0 if the host does not define the resource."""
    host = _POINTER()
    if error := _any_to_host(context, resource, ctypes.addressof(host)):
        take_error(error)
        return 0
    number: int = _host_number(host)
    _host_delete(host)
    return number


def memory_view() -> memoryview:
    """Return a view of the whole address space, for reading native values at their addresses."""
    everything = (ctypes.c_ubyte * (1 << (47 if sys.maxsize > 2**32 else 31))).from_address(0)
    return memoryview(everything).cast("B")
