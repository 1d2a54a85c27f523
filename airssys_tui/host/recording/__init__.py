"""Recorded calls: what passes between a component and its host during a call, kept and given again.

Every effect of a component passes a host function, so a call is what it was given, and what the host functions that it
called answered. Recorded, it can be run again in another instance without any host.

- ``packed_forms``: values as bytes, with numbers in place of the objects of the host.
- ``host_log``: the host calls of one call, in order.
- ``recorded_interfaces``: host interfaces that also write down what passes through them, and nothing else differs.
- ``recordings``: what is kept for a component, bounded, and where a replay of it begins.
- ``replayed_interfaces``: the same interfaces with nothing behind them but a ``replayer``, which gives the answers of a
  recording and notes where an instance calls otherwise.
"""
