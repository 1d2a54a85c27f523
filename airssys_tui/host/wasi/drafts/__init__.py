"""Drafts of WASI that people use: ``wasi:keyvalue``, ``wasi:config`` and ``wasi:logging``, from services of our own.

A draft has no compatible versions: its name says exactly what it is, and another draft of the same package is another
interface (SemVer 2.0, point 9). So each name that is met in the wild is offered as it is:

- ``wasi:keyvalue@0.2.0-draft``, which wasmtime and wasmCloud have, and ``0.2.0-draft2``, the newest, which Spin has;
  they differ in cursors, in ``increment``, and in compare-and-swap.
- ``wasi:config/store@0.2.0-draft``, the newest, ``runtime@0.2.0-draft``, what it was called before, and the names of
  the same interface in wasmtime and wasmCloud 2 (``0.2.0-rc.1``) and in Spin (``0.2.0-draft-2024-09-27``).
- ``wasi:logging/logging@0.1.0-draft``, and without a version, as it was for years.

``wasi:keyvalue/watcher`` is for components to export, and nothing calls it: nobody else changes a component's storage.
Drafts that are not here are refused with a line that says which are.

The modules stand on the storage, the configuration and the log that ``airssys:core-host`` has, under the same bounds
and permissions. ``draft_types`` makes the interfaces of types as data, as ``host.wasi.wasi_types`` does for releases.
"""
