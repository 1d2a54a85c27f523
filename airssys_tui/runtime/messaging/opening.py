"""Opening the post office of a runtime: from then on its components have messengers, and earlier messages go on."""

from __future__ import annotations

import asyncio
import contextlib

from airssys_tui.core.errors import AirssysError, DiskFull
from airssys_tui.core.events import EventAction, Level
from airssys_tui.host.services.messenger import Messenger
from airssys_tui.runtime.actors.component_tenant import ComponentTenant
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.messaging.component_messenger import ComponentMessenger
from airssys_tui.runtime.messaging.letter_news import LetterNews
from airssys_tui.runtime.messaging.post_office import PostOffice
from airssys_tui.runtime.messaging.timeouts import Timeouts


def post_office(floor: Floor) -> PostOffice:
    """Open the post office; on the control loop."""
    loop = asyncio.get_running_loop()
    office = PostOffice(Timeouts(loop), floor.state.mail)
    office.told = LetterNews(floor.journal).tell

    def messenger(tenant: ComponentTenant) -> Messenger:
        identity = tenant.identity
        return ComponentMessenger(office, office.addresses[identity.namespace, identity.name], tenant)

    def filled(error: DiskFull) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits for room any more
            loop.call_soon_threadsafe(lambda: floor.filled(error))

    office.durable.filled = filled
    floor.services.messengers = messenger
    floor.services.backlog = office.durable.backlog
    return office


def recall(floor: Floor, office: PostOffice) -> None:
    """Take up the durable messages of earlier runs, or tell why they cannot be read. Blocks on the disk."""
    try:
        office.recall(killed=floor.state.left_in_disorder)
    except AirssysError as error:
        text = f"durable messages are refused in this run: {error.message} → {error.remedy}"
        floor.journal.system(text, EventAction.FAILED, Level.ERROR)
