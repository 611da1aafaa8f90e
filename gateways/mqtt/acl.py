"""Who may say and hear what at the broker: rules for Mosquitto and EMQX from a district's book.

Each device logs in with its own id as user name and reaches only its own topics, those of its
mutual-aid groups, and what everybody may read. The engine's user reaches the whole root.
"""

from collections.abc import Iterator

import msgspec

from dispatch.district import District
from dispatch.words import ResponderKind
from gateways.mqtt.wire import SENDERS, root_of


class Grant(msgspec.Struct, frozen=True):
    """What one user may publish to and subscribe to; topics in full."""

    user: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def list_grants(district: District) -> Iterator[Grant]:
    """The grants of all devices, in the order of the book."""
    for unit in district.units:
        yield _grant(district, ResponderKind.UNIT, unit.id, ())
    for post in district.posts:
        yield _grant(district, ResponderKind.POST, post.id, post.groups)
    for gate in district.gates:
        yield _grant(district, ResponderKind.GATE, gate.id, ())


def _grant(district: District, kind: ResponderKind, name: str, groups: tuple[str, ...]) -> Grant:
    root = root_of(district.id)
    own = f"{root}{kind}/{name}/"
    publish = [own + word for word, kinds in SENDERS.items() if kind in kinds]
    subscribe = [own + "order", own + "receipt", own + "reject", own + "notice"]
    if kind is ResponderKind.UNIT:
        publish.append(own + "fix")
        subscribe.append(own + "check/result")
    for group in groups:
        publish.append(f"{root}group/{group}/alarm")
        subscribe += [f"{root}group/{group}/alarm", f"{root}group/{group}/notice"]
    subscribe += [root + "all/notice", root + "engine/state"]
    return Grant(name, tuple(publish), tuple(subscribe))


def mosquitto_acl(district: District, engine_user: str) -> str:
    """The text of a Mosquitto `acl_file`; what is not granted is denied."""
    lines = [f"user {engine_user}", f"topic readwrite {root_of(district.id)}#"]
    for grant in list_grants(district):
        lines += ["", f"user {grant.user}"]
        lines += [f"topic write {topic}" for topic in grant.publish]
        lines += [f"topic read {topic}" for topic in grant.subscribe]
    return "\n".join(lines) + "\n"


def emqx_acl(district: District, engine_user: str) -> str:
    """The text of an EMQX `acl.conf`: first match decides, the last line denies the rest."""
    lines = [_emqx(engine_user, "all", (root_of(district.id) + "#",))]
    for grant in list_grants(district):
        lines.append(_emqx(grant.user, "publish", grant.publish))
        lines.append(_emqx(grant.user, "subscribe", grant.subscribe))
    lines.append("{deny, all}.")
    return "\n".join(lines) + "\n"


def _emqx(user: str, action: str, topics: tuple[str, ...]) -> str:
    listed = ", ".join(f'"{topic}"' for topic in topics)
    return f'{{allow, {{user, "{user}"}}, {action}, [{listed}]}}.'
