"""Tips: who may hand them in, what they come to, what is said back, and that none is lost."""

import json
from pathlib import Path

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from dispatch.words import IncidentId
from gateways.tips.app import PATH, TipApp, load_common_words
from gateways.tips.book import KEEP_MS, Tip, TipBook
from gateways.tips.rules import RULES, judge, read_rules
from gateways.tips.signature import MOST_REMEMBERED, WINDOW_MS, Gatekeeper, Refusal, sign
from gateways.tips.talk import MOST_A_MINUTE, TALK_MS, Message, Reply, Talk, alike
from gateways.tips.words import SENTENCES, STATES, Say, say
from geo.gazetteer import Gazetteer, Named
from geo.types import Point

START_MS = 1_764_000_000_000
SECRET = b"0123456789abcdef"
SQUARE = Point(121.473, 31.230)
BOOK = Gazetteer(
    (
        Named("人民广场", "landmark", (SQUARE,)),
        Named("南京西路", "street", (Point(121.45, 31.23), Point(121.46, 31.23))),
        Named("便利店", "landmark", (Point(121.41, 31.21),)),
        Named("便利店", "landmark", (Point(121.51, 31.25),)),
    ),
    {"有人": 900, "抢劫": 300, "在": 5000},
)


class Engine:
    """The door's twin: takes every alarm, keeps what it was told."""

    def __init__(self) -> None:
        self.at_ms = START_MS
        self.types = {rule.type for rule in RULES}
        self.raised: list[Tip] = []
        self.notes: list[str] = []
        self.state = "dispatched"
        self.refuses = False

    def now_ms(self) -> int:
        return self.at_ms

    def knows(self, type_: str) -> bool:
        return type_ in self.types

    def state_of(self, incident: IncidentId) -> str | None:
        return self.state if self.raised else None

    async def raise_alarm(self, tip: Tip) -> IncidentId | None:
        if self.refuses:
            return None
        self.raised.append(tip)
        return IncidentId(f"I{len(self.raised)}")

    async def add_note(self, tip: Tip, text: str) -> None:
        self.notes.append(f"{tip.incident}: {text}")


class Scene:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.engine = Engine()
        self.codes = iter(f"CODE{n:04}" for n in range(9999))
        self.count = 0
        self.open()

    def open(self) -> None:
        book = TipBook(self.path, self.engine.at_ms)
        self.talk = Talk(self.engine, book, BOOK, new_code=lambda: next(self.codes))

    async def say(self, text: str, sender: str = "138", **fields: object) -> Reply:
        self.count += 1
        fields = {"id": f"m{self.count}"} | fields
        return await self.talk.take(
            "sms", msgspec.convert({"sender": sender, "text": text} | fields, Message)
        )


@pytest.fixture(name="scene")
def fixture_scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "tips.jsonl")


async def test_a_robbery_with_its_place_is_an_alarm_at_once(scene: Scene) -> None:
    reply = await scene.say("人民广场有人持刀抢劫！")
    assert (reply.state, reply.incident, reply.code) == ("raised", "I1", "CODE0000")
    assert "人民广场" in reply.reply
    (tip,) = scene.engine.raised
    assert (tip.type, tip.place, tip.text) == ("robbery", SQUARE, "人民广场有人持刀抢劫！")


async def test_the_place_is_asked_for_and_the_answer_completes_the_tip(scene: Scene) -> None:
    first = await scene.say("有人抢劫")
    assert (first.state, scene.engine.raised) == ("asked", [])
    assert "什么地方" in first.reply
    second = await scene.say("人民广场")
    assert (second.state, second.code) == ("raised", first.code)
    assert scene.engine.raised[0].text == "有人抢劫\n人民广场"


async def test_after_two_questions_an_operator_reads_it(scene: Scene) -> None:
    assert (await scene.say("抢劫")).state == "asked"
    assert (await scene.say("快来")).state == "asked"
    assert (await scene.say("快点")).state == "waiting"
    assert [tip.texts for tip in scene.talk.book.list_waiting()] == [("抢劫", "快来", "快点")]


@pytest.mark.parametrize(
    "text", ["便利店有人抢劫", "人民广场打架", "今天天气不错", "人民广场没有人抢劫"]
)
async def test_what_is_unsure_or_not_urgent_waits_for_an_operator(scene: Scene, text: str) -> None:
    reply = await scene.say(text)
    assert (reply.state, scene.engine.raised) == ("waiting", [])
    assert "110" in reply.reply


async def test_a_type_without_a_plan_is_no_alarm(scene: Scene) -> None:
    scene.engine.types = {"dispute"}
    assert (await scene.say("人民广场抢劫")).state == "waiting"


async def test_a_position_from_the_phone_is_a_place(scene: Scene) -> None:
    reply = await scene.say("robbery!", lon=121.5, lat=31.2)
    assert reply.state == "raised"
    assert "GPS" in reply.reply
    assert scene.engine.raised[0].place == Point(121.5, 31.2)


async def test_the_same_message_again_changes_nothing(scene: Scene) -> None:
    first = await scene.say("人民广场抢劫", id="same")
    again = await scene.say("人民广场抢劫", id="same")
    assert (again.code, again.incident) == (first.code, "I1")
    assert len(scene.engine.raised) == 1
    assert scene.talk.book.find_message("sms", "same") is not None


async def test_the_same_words_again_are_the_same_tip_and_more_words_a_remark(scene: Scene) -> None:
    first = await scene.say("人民广场有人抢劫")
    again = await scene.say("人民广场有人抢劫!!")
    assert again.code == first.code
    more = await scene.say("往南京西路跑了")
    assert more.code == first.code
    assert scene.engine.notes == ["I1: 往南京西路跑了"]
    other = await scene.say("南京西路着火了")
    assert other.code != first.code
    assert len(scene.engine.raised) == 2


async def test_words_after_a_quarter_of_an_hour_are_a_new_matter(scene: Scene) -> None:
    first = await scene.say("有人抢劫")
    scene.engine.at_ms += TALK_MS + 1
    second = await scene.say("人民广场")
    assert second.code != first.code
    assert second.state == "waiting"


async def test_two_people_about_one_matter_are_shown_as_alike(scene: Scene) -> None:
    await scene.say("人民广场有人抢劫", sender="138")
    await scene.say("人民广场这里有人被抢了", sender="139")
    one, other = scene.talk.book.list_since(START_MS)
    assert (one.similar_to, other.similar_to) == (None, one.id)
    assert len(scene.engine.raised) == 2


async def test_the_code_tells_how_it_stands(scene: Scene) -> None:
    reply = await scene.say("人民广场抢劫")
    asked = await scene.say(f"查询 {reply.code}")
    assert (asked.state, STATES["dispatched"][0] in asked.reply) == ("dispatched", True)
    assert STATES["dispatched"][1] in (await scene.say(f"status {str(reply.code).lower()}")).reply
    assert (await scene.say("查询 AAAAAAAA")).state == "unknown"
    scene.engine.raised.clear()
    assert (await scene.say(f"查询 {reply.code}")).state == "closed"


async def test_an_operator_promotes_or_dismisses(scene: Scene) -> None:
    await scene.say("便利店那边出事了", sender="1")
    await scene.say("你好", sender="2")
    one, other = scene.talk.book.list_waiting()
    raised = await scene.talk.promote(one, "robbery", SQUARE, "人民广场", by="op1")
    assert (raised.state, raised.incident, raised.by) == ("raised", "I1", "op1")
    assert scene.talk.dismiss(other, by="op1").state == "dismissed"
    assert scene.talk.book.list_waiting() == []


async def test_what_the_engine_refuses_waits_for_an_operator(scene: Scene) -> None:
    scene.engine.refuses = True
    assert (await scene.say("人民广场抢劫")).state == "waiting"
    assert len(scene.talk.book.list_waiting()) == 1


async def test_a_flood_of_one_sender_is_held_off_and_others_are_heard(scene: Scene) -> None:
    states = [(await scene.say(f"喂{n}", sender="1")).state for n in range(MOST_A_MINUTE + 2)]
    assert states[-2:] == ["refused", "refused"]
    assert (await scene.say("人民广场抢劫", sender="2")).state == "raised"
    scene.engine.at_ms += 60_000
    assert (await scene.say("喂", sender="1")).state != "refused"
    assert (await scene.say("  ", sender="3")).state == "refused"


async def test_tips_outlive_the_engine_and_a_torn_line_is_cut_off(scene: Scene) -> None:
    first = await scene.say("有人抢劫", id="one")
    with scene.path.open("ab") as file:
        file.write(b'{"id":"half')
    scene.open()
    again = await scene.say("有人抢劫", id="one")
    assert again.code == first.code
    assert (await scene.say("人民广场")).state == "raised"
    scene.open()
    (tip,) = scene.talk.book.list_since(0)
    assert (tip.state, tip.incident, tip.messages) == ("raised", "I1", ("one", "m3"))
    assert scene.path.stat().st_mode & 0o777 == 0o600
    scene.engine.at_ms += KEEP_MS + 1
    scene.open()
    assert scene.talk.book.tips == {}


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("有人抢银行", "robbery"),
        ("没有抢劫", None),
        ("不是抢劫，是打架", "disturbance"),
        ("I was robbed", "robbery"),
        ("the fighter jet", None),
        ("There is a fight", "disturbance"),
        ("楼里冒烟", "fire"),
    ],
)
def test_words_mean_types(text: str, type_: str | None) -> None:
    judged = judge(text)
    assert (judged.type if judged else None) == type_


def test_a_department_brings_its_own_rules() -> None:
    text = '[[rule]]\ntype = "robbery"\nwords = ["飞贼"]\nunless = ["电影"]\npromote = true\n'
    rules, problems = read_rules(text, "tips.toml", frozenset({"robbery"}))
    assert problems == []
    assert judge("有飞贼", rules) is not None
    assert judge("电影里的飞贼", rules) is None
    _, problems = read_rules(text, "tips.toml", frozenset())
    assert [str(one) for one in problems] == ["tips.toml:1: type: no plan for robbery"]
    bad = f'{text}\n[[rule]]\ntype = "Robbery"\nwords = []\n'
    _, problems = read_rules(bad, "tips.toml", frozenset({"robbery"}))
    assert [(one.line, one.key) for one in problems] == [(7, "rule")]
    _, problems = read_rules("[[", "tips.toml", frozenset())
    assert problems[0].key == "syntax"


def test_every_sentence_and_state_is_said_in_both_languages() -> None:
    assert set(SENTENCES) == set(Say)
    for what in Say:
        zh, en = (say(what, zh=zh, code="AB", place="X", state="pending") for zh in (True, False))
        assert zh != en
        assert "{" not in zh + en


@given(st.text(max_size=30), st.text(max_size=30))
def test_likeness_is_a_share(one: str, other: str) -> None:
    assert 0 <= alike(one, other) == alike(other, one) <= 1
    assert alike(one, one) == 1


BODY = json.dumps({"id": "m1", "sender": "138", "text": "人民广场抢劫"}).encode()


def test_a_signature_is_taken_once_and_only_in_its_time() -> None:
    keeper = Gatekeeper({"sms": SECRET})
    good = sign(SECRET, START_MS, BODY)
    check = keeper.check
    assert check("chat", str(START_MS), good, BODY, START_MS) is Refusal.UNKNOWN_BRIDGE
    assert check("sms", "soon", good, BODY, START_MS) is Refusal.BAD_TIME
    assert check("sms", str(START_MS), good, BODY, START_MS + WINDOW_MS + 1) is Refusal.BAD_TIME
    assert check("sms", str(START_MS), good, BODY + b" ", START_MS) is Refusal.BAD_SIGNATURE
    assert check("sms", str(START_MS + 1), good, BODY, START_MS) is Refusal.BAD_SIGNATURE
    assert check("sms", str(START_MS), "ü", BODY, START_MS) is Refusal.BAD_SIGNATURE
    assert check("sms", str(START_MS), good, BODY, START_MS) is None
    assert check("sms", str(START_MS), good.upper(), BODY, START_MS + WINDOW_MS) is Refusal.REPLAYED
    later = START_MS + 2 * WINDOW_MS
    assert check("sms", str(later), sign(SECRET, later, BODY), BODY, later) is None
    assert MOST_REMEMBERED > 10_000


@pytest.mark.parametrize("secrets", [{"sms": b"short"}, {"a/b": SECRET}, {"": SECRET}])
def test_a_bridge_needs_a_name_and_a_secret(secrets: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match=r"bridge"):
        Gatekeeper(secrets)


async def test_the_webhook_answers_as_it_says(scene: Scene) -> None:
    registry = CollectorRegistry()
    app = TipApp(scene.talk, scene.engine, Gatekeeper({"sms": SECRET}), registry)
    async with TestClient(TestServer(app.make_app(), host="127.0.0.1")) as client:

        async def post(body: bytes, at_ms: int, bridge: str = "sms") -> tuple[int, dict[str, str]]:
            headers = {
                "X-Street110-Bridge": bridge,
                "X-Street110-Time": str(at_ms),
                "X-Street110-Signature": sign(SECRET, at_ms, body),
            }
            answer = await client.post(PATH, data=body, headers=headers)
            return answer.status, await answer.json()

        status, reply = await post(BODY, START_MS)
        assert (status, reply["state"], reply["incident"]) == (200, "raised", "I1")
        assert (await post(BODY, START_MS))[0] == 409
        status, again = await post(BODY, START_MS + 1)
        assert (status, again["code"]) == (200, reply["code"])
        assert (await post(BODY, START_MS, "other"))[0] == 401
        assert (await post(b'{"id": 1}', START_MS))[0] == 400
        assert (await post(b"\xff", START_MS))[0] == 400
        assert (await client.post(PATH, data=BODY)).status == 401
        assert (await client.post(PATH, data=b" " * 20_000)).status == 413
    assert len(scene.engine.raised) == 1
    assert registry.get_sample_value("street110_tips_total", {"result": "replayed"}) == 1


def test_the_common_words_come_with_the_library() -> None:
    words = load_common_words()
    assert words["派出所"] > 0
    assert len(words) > 300_000
