"""The words of the run-sheet in both languages, and how its tables are written."""

from collections.abc import Iterable, Sequence
from html import escape

WORDS = {
    "run_sheet": ("运行单", "Run-sheet"),
    "desk": ("指挥台", "Desk"),
    "as_of": ("截至", "as of"),
    "every": (
        "中心中断时以此单为准，手工记录，恢复后按实际时间补录。",
        "When the centre is down work from this sheet, write by hand, enter it afterwards.",
    ),
    "open": ("未结警情", "Open incidents"),
    "none": ("无", "none"),
    "forces": ("警力", "Forces"),
    "incident": ("警情", "incident"),
    "priority": ("等级", "priority"),
    "type": ("类型", "type"),
    "place": ("地点", "place"),
    "since": ("报警时间", "raised"),
    "status": ("状态", "status"),
    "text": ("内容", "text"),
    "orders": ("调度指令", "orders"),
    "lacks": ("尚缺", "lacks"),
    "responder": ("力量", "responder"),
    "kind": ("种类", "kind"),
    "order": ("指令", "order"),
    "role": ("任务", "role"),
    "eta": ("预计到达", "ETA"),
    "position": ("位置", "position"),
    "for_you": ("本安保点任务", "Orders for this post"),
    "nearby": ("周边警情", "Incidents nearby"),
    "group": ("互助组", "mutual-aid group"),
    "channel": ("频道", "channel"),
    "neighbours": ("相邻安保点", "neighbouring posts"),
    "guards": ("保安", "guards"),
    "by_hand": ("手工记录", "By hand"),
    "time": ("时间", "time"),
    "who": ("何人", "who"),
    "what": ("何事", "what happened"),
    "exercise": ("演习", "EXERCISE"),
    "silent": ("静默", "silent"),
    "count": ("合计", "count"),
    "available": ("待命", "available"),
    "dispatched": ("已派", "dispatched"),
    "en_route": ("途中", "en route"),
    "on_scene": ("到场", "on scene"),
    "busy": ("忙", "busy"),
    "out_of_service": ("停勤", "out of service"),
    "off_duty": ("下班", "off duty"),
    "pending": ("待派", "pending"),
    "contained": ("已控制", "contained"),
    "issued": ("已发", "issued"),
    "delivered": ("已送达", "delivered"),
    "accepted": ("已接受", "accepted"),
    "respond": ("处警", "respond"),
    "hold": ("控制现场", "hold"),
    "observe": ("观察", "observe"),
    "ring": ("围堵", "ring"),
    "stop": ("拦截", "stop"),
    "unit": ("警力", "unit"),
    "post": ("安保点", "post"),
    "gate": ("卡口", "gate"),
}

STYLE = """
body{font:11pt/1.35 sans-serif;margin:1.2cm;color:#000;background:#fff}
h1{font-size:16pt;margin:0}h2{font-size:12.5pt;margin:.9em 0 .3em;border-bottom:2px solid #000}
table{border-collapse:collapse;width:100%;page-break-inside:auto}tr{page-break-inside:avoid}
td,th{border:1px solid #555;padding:2px 5px;text-align:left;vertical-align:top}
th{background:#eee}.p1{font-weight:bold;border-left:5px solid #000}
.exercise{border:3px dashed #000;padding:2px 6px;font-weight:bold}
.lines td{height:1.6em}footer{font:8pt monospace;word-break:break-all;margin-top:1em}
@page{size:A4;margin:1cm}
"""


def label(word: str) -> str:
    """A word in both languages; a word that is not ours stands as it is."""
    zh, en = WORDS.get(word, (word, ""))
    return escape(f"{zh} {en}".strip())


def table(heads: Iterable[str], rows: Iterable[Sequence[str]], mark: str = "") -> str:
    """A table; cells are HTML already, heads are words."""
    head = "".join(f"<th>{label(one)}</th>" for one in heads)
    body = "".join(
        f"<tr{mark}>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def page(title: str, parts: Iterable[str]) -> str:
    """A whole document that needs nothing from anywhere, up to its end mark."""
    return (
        '<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
        + "\n".join(parts)
        + "</body></html>\n"
    )
