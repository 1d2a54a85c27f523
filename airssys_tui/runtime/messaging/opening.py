"""Opening the post office of a runtime: from then on its components have messengers."""

from __future__ import annotations

import asyncio

from airssys_tui.host.services.messenger import Messenger
from airssys_tui.runtime.actors.component_tenant import ComponentTenant
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.messaging.component_messenger import ComponentMessenger
from airssys_tui.runtime.messaging.letter_news import LetterNews
from airssys_tui.runtime.messaging.post_office import PostOffice
from airssys_tui.runtime.messaging.timeouts import Timeouts


def post_office(floor: Floor) -> PostOffice:
    """Open the post office; on the control loop."""
    office = PostOffice(Timeouts(asyncio.get_running_loop()))
    office.told = LetterNews(floor.journal).tell

    def messenger(tenant: ComponentTenant) -> Messenger:
        identity = tenant.identity
        return ComponentMessenger(office, office.addresses[identity.namespace, identity.name], tenant)

    floor.services.messengers = messenger
    return office
