"""A fresh instance after some requests over HTTP, within the same revision.

Many handlers of ``wasi:http`` are written for hosts that make an instance for each request: a handler of fetch events
in JavaScript answers one and no more, and programs in languages with a garbage collector do not drop their handles
before it runs. ``requests_per_instance`` of ``[http]`` says how many requests an instance takes. The next one finds a
fresh instance, made on the worker that runs it; the state goes over if the component keeps one. Nobody else notices:
callers hold the actor, and what the component has beside its memory (storage, timers, permissions) stays with it.
"""

from __future__ import annotations

from airssys_tui.runtime.actors import contract
from airssys_tui.runtime.actors.serving import Serving


def count_request(serving: Serving) -> None:
    """Count a request that is about to be answered; renew the instance before it if that has taken enough of them.

    Raises:
        AirssysError: If there is no fresh instance: the present one stays, or is dead if it trapped saving its state.
    """
    most = serving.manifest.http.requests_per_instance
    if most and serving.requests >= most:
        _renew(serving)
    serving.requests += 1


def _renew(serving: Serving) -> None:
    saved = contract.save_state(serving)

    def prepare(fresh: Serving) -> None:
        contract.initialise(fresh)
        if saved is not None:
            contract.load_state(fresh, saved)

    serving.renew(prepare)
