"""What is said back to somebody who sent a tip, in the language he wrote in."""

import re
from enum import StrEnum

_CJK = re.compile(r"[\u3400-\u9fff]")


class Say(StrEnum):
    """The sentences of the conversation."""

    RAISED = "raised"
    AGAIN = "again"
    NOTED = "noted"
    ASK_PLACE = "ask_place"
    WAITING = "waiting"
    STATE = "state"
    UNKNOWN_CODE = "unknown_code"
    TOO_MANY = "too_many"
    EMPTY = "empty"


SENTENCES = {
    Say.RAISED: (
        "已接警：{place}。正在派警。查询码 {code}，回复“查询 {code}”可了解处理情况。",
        "Reported: {place}. Officers are being sent. To ask about it send 'status {code}'.",
    ),
    Say.AGAIN: (
        "这条信息已经收到，查询码 {code}。有新情况请继续发送。",
        "We have this already, code {code}. Send more if anything changes.",
    ),
    Say.NOTED: ("已补充到您的报警，查询码 {code}。", "Added to your report, code {code}."),
    Say.ASK_PLACE: (
        "收到。请告诉我们在什么地方：路名、门牌、附近的商店或单位。查询码 {code}。",
        "Received. Where is it? A street, a number, a shop nearby. Your code is {code}.",
    ),
    Say.WAITING: (
        "收到，值班民警会查看。查询码 {code}。紧急情况请拨打110。",
        "Received; an officer will read it. Your code is {code}. In an emergency call 110.",
    ),
    Say.STATE: ("查询码 {code}：{state}。", "Code {code}: {state}."),
    Say.UNKNOWN_CODE: ("没有查询码 {code}。", "There is no code {code}."),
    Say.TOO_MANY: (
        "信息过多，请稍候。紧急情况请拨打110。",
        "Too many messages; please wait. In an emergency call 110.",
    ),
    Say.EMPTY: ("没有内容。请说明发生了什么、在哪里。", "It was empty. What happened, and where?"),
}

STATES = {
    "asked": ("等待您说明地点", "waiting to hear where it is"),
    "waiting": ("等待民警查看", "waiting for an officer to read it"),
    "raised": ("已立案", "on record"),
    "dismissed": ("已查看，未立案", "read, no case opened"),
    "pending": ("等待派警", "waiting for officers"),
    "dispatched": ("已派警", "officers are on their way"),
    "on_scene": ("民警已到场", "officers are there"),
    "contained": ("现场已控制", "under control"),
    "closed": ("已处理完毕", "dealt with"),
}


def is_chinese(text: str) -> bool:
    """Whether the answer should be Chinese."""
    return _CJK.search(text) is not None


def say(what: Say, *, zh: bool, code: str = "", place: str = "", state: str = "") -> str:
    """One sentence; `state` is a key of `STATES`."""
    pick = 0 if zh else 1
    told = STATES[state][pick] if state else ""
    return SENTENCES[what][pick].format(code=code, place=place, state=told)
