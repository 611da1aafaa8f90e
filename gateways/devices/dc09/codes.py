"""Event codes of ANSI/SIA DC-03 (two letters) and DC-05 (Contact ID) as incident types.

What is in no table is told and opens nothing: openings, tests, troubles, tampers, bypasses.
"""

import msgspec


class Meaning(msgspec.Struct, frozen=True):
    """An incident type; `silent`: nothing may sound or call back at the site."""

    type: str
    silent: bool = False


PANIC, HELD_UP = Meaning("panic"), Meaning("robbery", silent=True)
DURESS, HUSH = Meaning("duress", silent=True), Meaning("panic", silent=True)
FIRE, MEDICAL, BURGLARY = Meaning("fire"), Meaning("medical"), Meaning("burglary")

SIA = {
    "PA": PANIC,
    "HA": HELD_UP,
    "HV": HELD_UP,
    "MA": MEDICAL,
    "NA": MEDICAL,
    "QA": Meaning("panic"),
    "FA": FIRE,
    "KA": FIRE,
    "SA": FIRE,
    "GA": FIRE,
    "BA": BURGLARY,
    "BV": BURGLARY,
    "UA": BURGLARY,
    "EA": BURGLARY,
    "DF": BURGLARY,
}
"""DC-03: fire is also heat (K), sprinkler (S) and gas (G); BV and HV are verified."""
ENDS = {"R", "H"}
"""The second letter of a restoral, and of an alarm's own restoral."""

CID = {
    **dict.fromkeys(("100", "101", "102"), MEDICAL),
    **dict.fromkeys(("110", "111", "112", "113", "114", "115", "116", "117"), FIRE),
    **dict.fromkeys(("120", "123"), PANIC),
    **dict.fromkeys(("121", "124", "125"), DURESS),
    "122": HUSH,
    "126": Meaning("suspicious_person", silent=True),
    "129": HELD_UP,
    **dict.fromkeys([str(one) for one in range(130, 137)], BURGLARY),
    **dict.fromkeys(("139", "140", "423"), BURGLARY),
    **dict.fromkeys(("151", "162"), FIRE),
}
USER_CODES = ("121", "40", "44", "45", "411", "412", "421", "422", "46")
"""Beginnings of Contact ID codes whose third field is a user, not a zone (DC-05 annex)."""

INSTEAD = {
    "robbery": ("panic",),
    "duress": ("panic", "robbery"),
    "panic": ("duress", "robbery"),
    "burglary": ("panic", "robbery"),
    "fire": ("panic",),
    "medical": ("panic",),
    "suspicious_person": ("panic",),
}
"""What a district without a plan for a type has in its place, the nearest first."""
FAULT = "equipment_fault"


def of_sia(code: str) -> tuple[Meaning | None, bool]:
    """What a two-letter code means, and whether it is the end of it."""
    if code in SIA:
        return SIA[code], False
    begun = SIA.get(code[0] + "A")
    return (begun, True) if begun is not None and code[1:] in ENDS else (None, False)
