"""What is published about the contract is what the code does."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from typer.testing import CliRunner

from dispatch.letters import CheckResult, NoticeLetter, Recall, Receipt, Reject
from dispatch.model import Notice
from dispatch.words import GroupId, IncidentId, NoticeId, OrderId, ResponderId, ResponderKind
from gateways.broker import MosquittoTls
from gateways.mqtt.acl import emqx_acl, list_grants, mosquitto_acl
from gateways.mqtt.asyncapi import CHANNELS, describe, render
from gateways.mqtt.encode import Outgoing, encode
from geo.types import Point
from street110.cli_mqtt import app
from tests.mqtt_lab import NODELAY, ROOT, Device, Line, Mosquitto, now_ms, until
from tests.world import make_district

DOCS = Path(__file__).parent.parent / "docs"


def test_the_published_contract_is_the_generated_one() -> None:
    """Write it anew with `street110 mqtt asyncapi --output docs/asyncapi.yaml`."""
    assert (DOCS / "asyncapi.yaml").read_text(encoding="utf-8") == render()
    assert CliRunner().invoke(app, ["asyncapi"]).output == render()


def list_references(node: Any) -> list[str]:
    if isinstance(node, dict):
        found = [node["$ref"]] if "$ref" in node else []
        return found + [ref for value in node.values() for ref in list_references(value)]
    if isinstance(node, list):
        return [ref for value in node for ref in list_references(value)]
    return []


def test_every_reference_of_the_contract_leads_somewhere() -> None:
    contract = describe()
    references = list_references(contract)
    assert references
    for reference in references:
        node: Any = contract
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]
    for channel in contract["channels"].values():
        assert set(re.findall(r"{(\w+)}", channel["address"])) == set(channel["parameters"])


def test_the_contract_lists_every_schema_once_with_its_limits() -> None:
    schemas = describe()["components"]["schemas"]
    assert {channel.body.__name__ for channel in CHANNELS} <= set(schemas)
    assert schemas["FixUp"]["properties"]["lat"]["maximum"] == 90
    assert schemas["OrderDown"]["properties"]["action"] == {"enum": ["order"]}
    assert schemas["AlarmUp"]["required"] == ["id", "t", "type"]


UNIT = {"kind": ResponderKind.UNIT, "responder": ResponderId("U01")}
LETTERS: list[tuple[Any, str, dict[str, Any]]] = [
    (
        Receipt(**UNIT, id="a", incident=IncidentId("I1"), at_ms=5, silent=True),
        "unit/U01/receipt",
        {"id": "a", "incident": "I1", "t": 5, "silent": True},
    ),
    (
        Recall(
            **UNIT,
            order=OrderId("I1-1"),
            incident=IncidentId("I1"),
            at_ms=5,
            expires_ms=2_500,
            reason="diverted",
        ),
        "unit/U01/order",
        {
            "action": "recall",
            "id": "I1-1",
            "incident": "I1",
            "reason": "diverted",
            "t": 5,
            "expires": 2_500,
        },
    ),
    (
        Reject(**UNIT, id=None, field="t", value="x", error="no"),
        "unit/U01/reject",
        {"field": "t", "value": "x", "error": "no"},
    ),
    (
        Reject(**UNIT, id="a", field="t", value="x", error="no"),
        "unit/U01/reject",
        {"id": "a", "field": "t", "value": "x", "error": "no"},
    ),
    (
        CheckResult(
            responder=ResponderId("U01"), id="c", plate="沪A1", hit=True, reason="被盗", at_ms=5
        ),
        "unit/U01/check/result",
        {"id": "c", "plate": "沪A1", "hit": True, "reason": "被盗", "t": 5},
    ),
]


@pytest.mark.parametrize(("letter", "topic", "body"), LETTERS)
def test_a_letter_becomes_topic_and_body(letter: Any, topic: str, body: dict[str, Any]) -> None:
    outgoing = encode(letter, ROOT, 1_000)
    assert (outgoing.topic, json.loads(outgoing.payload)) == (ROOT + topic, body)
    assert (outgoing.qos, outgoing.retain) == (1, False)


@pytest.mark.parametrize(("group", "to"), [(GroupId("G1"), "group/G1"), (None, "all")])
def test_a_notice_goes_to_its_group_or_to_all(group: GroupId | None, to: str) -> None:
    notice = Notice(
        id=NoticeId("I1-N1"),
        group=group,
        incident=IncidentId("I1"),
        text="抢劫",
        place=Point(121.4, 31.2),
        sent_ms=1,
        expires_ms=3_001,
    )
    outgoing: Outgoing = encode(NoticeLetter(notice=notice), ROOT, 1_000)
    assert outgoing.topic == f"{ROOT}{to}/notice"
    assert outgoing.properties["message_expiry_interval"] == 3
    assert outgoing.properties["correlation_data"] == b"I1-N1"
    late = encode(NoticeLetter(notice=notice), ROOT, 9_000)
    assert late.properties["message_expiry_interval"] == 1


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    started: list[Mosquitto] = []

    def start(**settings: Any) -> Mosquitto:
        started.append(Mosquitto(tmp_path, **settings))
        return started[-1]

    yield start
    for broker in started:
        broker.stop()


def set_password(file: Path, user: str) -> None:
    file.touch()
    subprocess.run(["mosquitto_passwd", "-b", file, user, "secret"], check=True)
    file.chmod(0o644)


async def test_a_device_reaches_only_its_own_topics(
    tmp_path: Path, mosquitto: Callable[..., Mosquitto]
) -> None:
    passwords, rules = tmp_path / "passwords", tmp_path / "acl"
    for user in ("engine", "P001", "P002", "U01"):
        set_password(passwords, user)
    rules.write_text(mosquitto_acl(make_district(), "engine"))
    broker = mosquitto(password_file=passwords, acl_file=rules)
    secret = {"password": "secret"}
    async with (
        Line(tmp_path, broker.port, user="engine", **secret) as line,
        Device(broker.port, "post/P001", username="P001", **secret) as post,
        # On MQTT 3.1.1 Mosquitto has no way to say no but to hang up.
        Device(
            broker.port, "post/P002", username="P002", protocol=aiomqtt.ProtocolVersion.V5, **secret
        ) as thief,
    ):
        await post.press()
        await thief.publish("post/P001/alarm", {"id": "x", "t": now_ms(), "type": "dispute"})
        await thief.press()
        assert list(line.engine.board.alarms) == ["P001/ok1", "P002/ok1"]
        assert len(post.list_heard("/receipt")) == 1
    with pytest.raises(aiomqtt.MqttError):
        async with aiomqtt.Client(
            "127.0.0.1", broker.port, username="P001", socket_options=NODELAY
        ):
            pass


def test_the_rules_for_emqx_grant_the_same_and_deny_the_rest() -> None:
    district = make_district()
    lines = emqx_acl(district, "engine").splitlines()
    assert lines[-1] == "{deny, all}."
    assert lines[0] == f'{{allow, {{user, "engine"}}, all, ["{ROOT}#"]}}.'
    allowed = {
        (user, action, topic)
        for user, action, topics in (
            re.fullmatch(r'{allow, {user, "(\w+)"}, (\w+), \[(.*)\]}\.', line).groups()  # type: ignore[union-attr]
            for line in lines[1:-1]
        )
        for topic in re.findall(r'"([^"]+)"', topics)
    }
    granted = {
        (grant.user, action, topic)
        for grant in list_grants(district)
        for action, topics in (("publish", grant.publish), ("subscribe", grant.subscribe))
        for topic in topics
    }
    assert allowed == granted
    assert ("P001", "publish", f"{ROOT}group/G1/alarm") in granted
    assert not [topic for user, _, topic in granted if user == "U01" and "U02" in topic]


async def test_over_tls(tmp_path: Path, mosquitto: Callable[..., Mosquitto]) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(  # noqa: ASYNC221 - once, before anything runs
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *(
                "-nodes",
                "-keyout",
                key,
                "-out",
                certificate,
                "-days",
                "1",
                "-subj",
                "/CN=localhost",
            ),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    broker = mosquitto(tls=MosquittoTls(certificate=certificate, key=key))
    async with Line(tmp_path, broker.port, ca=str(certificate)) as line:
        assert line.gateway.connected
        async with aiomqtt.Client(
            "127.0.0.1",
            broker.port,
            tls_params=aiomqtt.TLSParameters(ca_certs=str(certificate)),
        ) as device:
            alarm = {"id": "tls", "t": now_ms(), "type": "dispute"}
            await device.publish(ROOT + "post/P001/alarm", json.dumps(alarm), qos=1)
            await until(lambda: "P001/tls" in line.engine.board.alarms)


def program_of(page: str, language: str) -> str:
    text = (DOCS / page).read_text(encoding="utf-8")
    found = re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)
    assert found
    return found[1]


async def test_the_ten_lines_of_python_ring_the_alarm(
    tmp_path: Path, mosquitto: Callable[..., Mosquitto]
) -> None:
    """The program on the page is run as it stands, but for where the broker listens."""
    program = program_of("mqtt.md", "python")
    assert len([line for line in program.splitlines() if line.strip()]) <= 12
    broker = mosquitto()
    async with Line(tmp_path, broker.port) as line:
        program = program.replace("1883", str(broker.port)).replace("huangpu", "town")
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", program), stdout=asyncio.subprocess.PIPE
        )
        assert child.stdout is not None
        async with asyncio.timeout(20):
            said = (await child.stdout.readline()).decode()
        child.kill()
        await child.wait()
        assert "receipt" in said
        assert len(line.engine.board.alarms) == 1
