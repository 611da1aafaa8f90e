"""From the words of a tip to an incident type: a table that a department changes as it likes."""

import re
import tomllib
from typing import Annotated

import msgspec
from msgspec import Meta

from dispatch.district import Word
from dispatch.district_lines import toml_lines
from dispatch.problem import Problem

NEGATIONS = ("没有", "不是", "并非", "没", "未", "no ", "not ", "without ", "isn't ")
REACH = 8
"""So many characters before a word, in the same clause, may deny it."""
_CLAUSE = re.compile(r"[，,。.！!？?；;、\n]")


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Any of these words means this type, unless one of `unless` stands anywhere in the text.

    `promote` lets the tip become an alarm by itself once its place is known; otherwise an
    operator decides. Earlier rules go first.
    """

    type: Word
    words: Annotated[tuple[str, ...], Meta(min_length=1)]
    unless: tuple[str, ...] = ()
    promote: bool = False


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What a text means by the table; `word` is the one that said so."""

    type: str
    word: str
    promote: bool


class _File(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    rule: list[Rule] = []


RULES = (
    Rule(type="bomb_threat", words=("炸弹", "爆炸物", "bomb", "explosive"), promote=True),
    Rule(
        type="robbery",
        words=("抢劫", "抢银行", "被抢", "打劫", "飞车抢夺", "抢包", "robbery", "robbed", "mugged"),
        promote=True,
    ),
    Rule(type="fire", words=("起火", "着火", "失火", "冒烟", "on fire", "smoke"), promote=True),
    Rule(
        type="assault",
        words=("持刀", "砍人", "捅人", "打人", "被打", "stabbed", "knife", "attacked", "assault"),
        promote=True,
    ),
    Rule(
        type="medical",
        words=("昏倒", "晕倒", "流血", "心脏病", "急救", "unconscious", "bleeding", "collapsed"),
        promote=True,
    ),
    Rule(
        type="traffic_accident",
        words=("车祸", "撞车", "撞人", "肇事", "追尾", "car crash", "hit and run", "collision"),
        promote=True,
    ),
    Rule(type="theft_of_vehicle", words=("偷车", "车被偷", "车被盗", "stolen car", "car stolen")),
    Rule(type="burglary", words=("入室", "撬门", "撬锁", "进贼", "break-in", "burglar")),
    Rule(type="domestic", words=("家暴", "夫妻打架", "domestic")),
    Rule(type="missing_person", words=("走失", "失踪", "走丢", "missing child", "missing person")),
    Rule(type="disturbance", words=("打架", "斗殴", "闹事", "扰民", "fight", "brawl", "noise")),
    Rule(
        type="suspicious_person", words=("可疑", "鬼鬼祟祟", "跟踪", "suspicious", "following me")
    ),
    Rule(type="citizen_help", words=("求助", "帮忙", "迷路", "help me", "lost")),
)


def judge(text: str, rules: tuple[Rule, ...] = RULES) -> Judged | None:
    """The first rule that the text meets; None when it meets none."""
    lowered = text.casefold()
    for rule in rules:
        if any(word.casefold() in lowered for word in rule.unless):
            continue
        for word in rule.words:
            if _said(lowered, word.casefold()):
                return Judged(type=rule.type, word=word, promote=rule.promote)
    return None


def _said(text: str, word: str) -> bool:
    """Whether the word stands there at least once without being denied; Latin words whole."""
    edge = r"\b" if word.isascii() else ""
    for found in re.finditer(f"{edge}{re.escape(word)}{edge}", text):
        before = _CLAUSE.split(text[max(0, found.start() - REACH) : found.start()])[-1]
        if not any(no in before for no in NEGATIONS):
            return True
    return False


def read_rules(
    text: str, file: str, types: frozenset[str]
) -> tuple[tuple[Rule, ...], list[Problem]]:
    """The `[[rule]]` tables of a TOML text, and what is wrong with them, by line.

    `types` are those that the district has plans for.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        return (), [Problem(file, int(line[1]) if line else 1, "syntax", str(error))]
    try:
        rules = msgspec.convert(raw, _File).rule
    except msgspec.ValidationError as error:
        number = re.search(r"rule\[(\d+)\]", str(error))
        line_of = toml_lines(text).get(("rule", int(number[1]) if number else 0), 1)
        return (), [Problem(file, line_of, "rule", str(error))]
    lines = toml_lines(text)
    problems = [
        Problem(file, lines.get(("rule", number), 1), "type", f"no plan for {rule.type}")
        for number, rule in enumerate(rules)
        if rule.type not in types
    ]
    return (tuple(rules) if not problems else ()), problems
