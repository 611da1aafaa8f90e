"""The contract as AsyncAPI 3.0, drawn from the types that the gateway decodes and encodes with."""

import inspect
import json
from typing import Any, NamedTuple

import msgspec

from gateways.mqtt import wire

TITLE = "street110 devices"
_KIND = {"enum": ["unit", "post", "gate"], "description": "what the responder is"}
_PARAMETERS = {
    "district": {"description": "id of the district"},
    "kind": _KIND,
    "id": {"description": "id of the responder in the district's book"},
    "group": {"description": "id of the mutual-aid group"},
}


class Channel(NamedTuple):
    """One topic of the contract; `up` is from a device to the engine."""

    name: str
    topic: str
    up: bool
    qos: int
    body: Any
    about: str
    retain: bool = False


CHANNELS = (
    Channel("fix", "unit/{id}/fix", True, 0, wire.FixUp, "One fix of a unit, or a list of them."),
    Channel("fixes", "fixes", True, 0, wire.FixUp, "A list of fixes; each names its unit."),
    Channel("status", "{kind}/{id}/status", True, 1, wire.StatusUp, "A responder's own state."),
    Channel("alarm", "{kind}/{id}/alarm", True, 1, wire.AlarmUp, "A call for help."),
    Channel("ack", "{kind}/{id}/ack", True, 1, wire.AckUp, "The answer to an order."),
    Channel("sighting", "{kind}/{id}/sighting", True, 1, wire.SightingUp, "A suspect was seen."),
    Channel("check", "unit/{id}/check", True, 1, wire.CheckUp, "Ask the hot list for a plate."),
    Channel(
        "groupAlarm",
        "group/{group}/alarm",
        True,
        1,
        wire.AlarmUp,
        "The alarm of a post, with `post`, to its neighbours' terminals and to the engine.",
    ),
    Channel("order", "{kind}/{id}/order", False, 1, wire.OrderDown, "An order to a responder."),
    Channel("recall", "{kind}/{id}/order", False, 1, wire.RecallDown, "An order is recalled."),
    Channel(
        "receipt", "{kind}/{id}/receipt", False, 1, wire.ReceiptDown, "Your alarm is on record."
    ),
    Channel("reject", "{kind}/{id}/reject", False, 1, wire.RejectDown, "What was wrong."),
    Channel(
        "checkResult", "unit/{id}/check/result", False, 1, wire.CheckResultDown, "The plate's."
    ),
    Channel(
        "groupNotice", "group/{group}/notice", False, 1, wire.NoticeDown, "To a mutual-aid group."
    ),
    Channel(
        "ownNotice",
        "{kind}/{id}/notice",
        False,
        1,
        wire.NoticeDown,
        "To one responder; with `answer` its reading is counted.",
    ),
    Channel("help", "neighbours/help", False, 1, wire.HelpDown, "To neighbouring centres."),
    Channel("allNotice", "all/notice", False, 1, wire.NoticeDown, "To everybody."),
    Channel("state", "engine/state", False, 1, wire.EngineState, "Who hears you.", retain=True),
)


def describe() -> dict[str, Any]:
    """The AsyncAPI document."""
    bodies = list(dict.fromkeys(channel.body for channel in CHANNELS))
    _, schemas = msgspec.json.schema_components(bodies, ref_template="#/components/schemas/{name}")
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": TITLE,
            "version": wire.VERSION,
            "description": inspect.cleandoc(wire.__doc__ or ""),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": _channels(),
        "operations": {channel.name: _operation(channel) for channel in CHANNELS},
        "components": {
            "messages": {channel.name: _message(channel) for channel in CHANNELS},
            "schemas": schemas,
        },
    }


def render() -> str:
    """The document as text. It is JSON, which every YAML reader takes."""
    return json.dumps(describe(), ensure_ascii=False, indent=2) + "\n"


def _address(channel: Channel) -> str:
    return wire.root_of("{district}") + channel.topic


def _channel_name(address: str) -> str:
    """Order and recall share a topic, so channels are named by their address."""
    return address.removeprefix(wire.root_of("{district}")).translate(str.maketrans("", "", "{}"))


def _channels() -> dict[str, Any]:
    channels: dict[str, Any] = {}
    for channel in CHANNELS:
        address = _address(channel)
        key = _key(channel)
        entry = channels.setdefault(key, {"address": address, "messages": {}, "parameters": {}})
        entry["messages"][channel.name] = {"$ref": f"#/components/messages/{channel.name}"}
        for name, parameter in _PARAMETERS.items():
            if "{" + name + "}" in address:
                entry["parameters"][name] = parameter
    return channels


def _key(channel: Channel) -> str:
    return _channel_name(_address(channel)).replace("/", ".")


def _operation(channel: Channel) -> dict[str, Any]:
    binding: dict[str, Any] = {"qos": channel.qos}
    if channel.retain:
        binding["retain"] = True
    return {
        # Said from the engine's side, as AsyncAPI asks of the application described.
        "action": "receive" if channel.up else "send",
        "channel": {"$ref": f"#/channels/{_key(channel)}"},
        "summary": channel.about,
        "messages": [{"$ref": f"#/channels/{_key(channel)}/messages/{channel.name}"}],
        "bindings": {"mqtt": binding},
    }


def _message(channel: Channel) -> dict[str, Any]:
    body: dict[str, Any] = {"$ref": f"#/components/schemas/{channel.body.__name__}"}
    many = {"type": "array", "items": body, "maxItems": wire.MAX_FIXES}
    if channel.name == "fix":
        body = {"oneOf": [body, many]}
    elif channel.name == "fixes":
        body = many
    return {"name": channel.name, "summary": channel.about, "payload": body}
