"""WASI 0.2 as faces over the doors: typed functions on one side, plain objects of the host on the other.

A face knows nothing of the operating system, a door nothing of WIT. The frame that every face is built on:

- ``wasi_types``: the types of all interfaces as data, and ``wasi_interface(name, calls, resources)``, which makes one
  of them. It fails at once when a function has no callable, or the reverse.
- ``pollable``: :class:`Pollable`, the value of a ``pollable``, and ``await_ready``, the only place where a face waits.
- ``input_stream`` and ``output_stream``: the values of streams. Who has bytes to give or to take writes the few
  operations that never block; ``io`` has every function of ``wasi:io`` over them: polling, the blocking variants,
  ``skip``, ``splice`` and ``write-zeroes``, permits, and what is true after an error.
- ``stream_end``: how an operation on a stream fails: :class:`StreamClosed`, or :class:`StreamFailed` with an
  :class:`IoError`.

Rules for a face:

- Its functions are ``call(context, *arguments)`` in the forms of ``core.types.values``; ``context.owner`` is the
  :class:`~airssys_tui.host.tenant.Tenant`. Values of resources are objects of its own, passed as they are.
- Nothing waits but :func:`~airssys_tui.host.wasi.pollable.await_ready` (or ``context.wait`` with ``tenant.waiting``),
  which ends with the call. Disk and resolver go through ``tenant.blocking`` or the bounded threads of the door.
- Whoever does the work charges for it, before it is done (``context.charge_bytes``): a stream for the bytes that it
  moves, ``io`` for the operation only. A function that charges nothing costs the host no more than the call itself.
- At most :data:`~airssys_tui.host.wasi.pollable.MOST_MOVED` bytes pass in one read or write.
- What a guest can provoke is an error of the interface; only what the specification lets trap raises ``HostFault``.
- A value is dropped once, by its :class:`~airssys_tui.engine.host.HostResource`, and then frees what it holds. The
  pollables that it gave may outlive it: they are ready from then on.
"""
