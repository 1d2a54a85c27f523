"""Raw lift: a second way into the exports of a component, past the engine's own values.

The engine passes a list of bytes as one 32-byte value per byte. So sections are appended to a component before it is
compiled: they lift the same core functions, and the allocators beside them, under flat types. A call then writes its
bytes into the guest's memory itself, by the canonical ABI. What the component exports by itself does not change.
"""
