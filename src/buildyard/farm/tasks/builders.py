"""The builders that the hub knows: who said hello, when they were last seen, who has gone.

Transaction bodies over the ``builders`` table.  A builder is seen when it says hello, asks for work or renews a claim;
one that is silent for too long is noted as lost by the hub's timer (`expire`).
"""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import Connection, insert, select, update

from buildyard.farm.events import outbox
from buildyard.farm.events.schemas import BuilderLost, BuilderSeen
from buildyard.farm.store.tables import builders
from buildyard.farm.tasks.upsert import insert_new
from buildyard.farm.wire import BuilderInfo

#: Woken when a builder comes or goes.
CHANNEL: Final = "builders"
#: A builder that was seen less than this ago is not noted again.
SEEN_STEP_S: Final = 5.0
#: Three long polls without a word.
SILENT_S: Final = 90.0
