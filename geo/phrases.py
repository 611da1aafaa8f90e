"""Turn-by-turn instructions in words, English and Chinese as spoken in China."""

from enum import StrEnum

from geo.guidance import Move, Side, Turn


class Language(StrEnum):
    """What instructions are written in."""

    EN = "en"
    ZH = "zh"


COMPASS = {
    Language.EN: ("north", "north-east", "east", "south-east",
                  "south", "south-west", "west", "north-west"),
    Language.ZH: ("北", "东北", "东", "东南", "南", "西南", "西", "西北"),
}  # fmt: skip
NAMELESS = {Language.EN: "an unnamed road", Language.ZH: "无名道路"}
WORDS = {
    Language.EN: {
        Move.DEPART: "Head {compass} on {street}",
        Move.CONTINUE: "Continue onto {street}",
        Move.KEEP_LEFT: "Keep left onto {street}",
        Move.KEEP_RIGHT: "Keep right onto {street}",
        Move.SLIGHT_LEFT: "Turn slightly left onto {street}",
        Move.SLIGHT_RIGHT: "Turn slightly right onto {street}",
        Move.LEFT: "Turn left onto {street}",
        Move.RIGHT: "Turn right onto {street}",
        Move.SHARP_LEFT: "Turn sharply left onto {street}",
        Move.SHARP_RIGHT: "Turn sharply right onto {street}",
        Move.U_TURN: "Make a U-turn onto {street}",
        Move.ROUNDABOUT: "At the roundabout take exit {exit} onto {street}",
        Move.ARRIVE: "Arrive; the place is {side}",
    },
    Language.ZH: {
        Move.DEPART: "向{compass}出发，沿{street}行驶",
        Move.CONTINUE: "直行进入{street}",
        Move.KEEP_LEFT: "靠左进入{street}",
        Move.KEEP_RIGHT: "靠右进入{street}",
        Move.SLIGHT_LEFT: "左前方转弯进入{street}",
        Move.SLIGHT_RIGHT: "右前方转弯进入{street}",
        Move.LEFT: "左转进入{street}",
        Move.RIGHT: "右转进入{street}",
        Move.SHARP_LEFT: "左后方转弯进入{street}",
        Move.SHARP_RIGHT: "右后方转弯进入{street}",
        Move.U_TURN: "掉头进入{street}",
        Move.ROUNDABOUT: "进入环岛，从第{exit}个出口驶入{street}",
        Move.ARRIVE: "到达目的地，{side}",
    },
}
SIDES = {
    Language.EN: {Side.LEFT: "on the left", Side.RIGHT: "on the right", Side.AHEAD: "ahead"},
    Language.ZH: {Side.LEFT: "在左侧", Side.RIGHT: "在右侧", Side.AHEAD: "就在前方"},
}


def say_turn(turn: Turn, language: Language) -> str:
    """One instruction as a sentence without its metres."""
    return WORDS[language][turn.move].format(
        compass=COMPASS[language][round(turn.bearing_deg / 45.0) % 8],
        street=turn.street or NAMELESS[language],
        exit=turn.exit,
        side=SIDES[language][turn.side or Side.AHEAD],
    )
