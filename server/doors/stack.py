"""The doors in their order, the outermost first."""

from __future__ import annotations

from collections.abc import Callable

from starlette.middleware import Middleware

from server.doors.access import Access
from server.doors.bodies import Bodies
from server.doors.deadline import Deadline
from server.doors.defects import Errors
from server.doors.gate import Gate, GateKeeper
from server.doors.headers import SecurityHeaders
from server.doors.hosts import Hosts
from server.doors.keys import Keys
from server.doors.methods import Head, Options
from server.doors.origins import Origins, cors
from server.doors.paths import Paths
from server.doors.rates import Rates
from server.doors.record import RequestRecord
from server.doors.values import Doors

__all__ = ["stack"]


def stack(doors: Doors, gate: Gate, noted: Callable[[RequestRecord], None]) -> list[Middleware]:
    """What stands before an application, from the street inwards.

    Args:
        noted: is told of each request once it has ended.
    """
    return [
        Middleware(Access, noted),
        Middleware(SecurityHeaders),
        Middleware(Errors),
        Middleware(Paths),
        Middleware(Hosts, doors),
        Middleware(Origins, doors),
        Middleware(Options),
        Middleware(cors, doors),
        # Once more: a page that may ask can read only errors that leave by way of `cors`.
        Middleware(Errors),
        Middleware(GateKeeper, gate, doors),
        Middleware(Keys, doors),
        Middleware(Rates, doors),
        # The time for an answer begins once the question is there.
        Middleware(Bodies, doors),
        Middleware(Deadline, doors),
        Middleware(Head),
    ]
