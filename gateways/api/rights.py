"""Which role may what: the one table that the gate, the routes and the documents read."""

from enum import StrEnum

from gateways.api.users import Role


class Right(StrEnum):
    """Something that not every user may."""

    COMMAND = "command"
    MUSTER = "muster"
    JOURNAL = "journal"
    REPORT = "report"
    USERS = "users"
    ACCESS = "access"


_R = Right
RIGHTS: dict[Role, frozenset[Right]] = {
    Role.OPERATOR: frozenset({_R.COMMAND}),
    Role.SUPERVISOR: frozenset({_R.COMMAND, _R.MUSTER, _R.JOURNAL, _R.REPORT}),
    Role.ADMINISTRATOR: frozenset({_R.REPORT, _R.USERS, _R.ACCESS}),
    Role.AUDITOR: frozenset({_R.JOURNAL, _R.REPORT, _R.ACCESS}),
}
GUEST: frozenset[Right] = frozenset({_R.REPORT})
"""Of whoever looks at an engine on loopback without users: nothing that changes anything."""
WHOLE_DISTRICT = frozenset({_R.JOURNAL, _R.USERS, _R.ACCESS})
"""What cannot be cut by jurisdiction: a user with areas has none of these."""
