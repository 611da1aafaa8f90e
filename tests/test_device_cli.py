"""`street110 device`: enrolled, listed, revoked; frames read one JSON line each, whatever comes."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from gateways.devices.registry import Protocol, Registry
from street110.cli import app
from street110.device_books import book_of, write_unknown

MINE = ["owntracks", "osmand", "tak"]


def run(*words: str, give: bytes = b"") -> Result:
    return CliRunner().invoke(app, ["device", *words], input=give)


def test_a_device_is_enrolled_listed_and_revoked(tmp_path: Path) -> None:
    where = ["--state", str(tmp_path)]
    added = run("add", "osmand", "0042", "unit", "U01", "--make-secret", *where)
    assert added.exit_code == 0, added.output
    secret = added.output.split("secret ")[1].strip()
    device = Registry(book_of(tmp_path)).find(Protocol.OSMAND, "42")
    assert device is not None
    assert (device.responder, device.secret) == ("U01", secret)
    assert os.stat(book_of(tmp_path)).st_mode & 0o077 == 0  # noqa: PTH116 - the mode is the point
    listed = run("list", *where).output
    assert "osmand 0042 unit U01 secret" in listed
    assert secret not in listed
    assert run("revoke", "osmand", "42", *where).exit_code == 0
    assert run("list", *where).output == ""
    assert run("revoke", "osmand", "42", *where).exit_code == 1


def test_refused_devices_are_listed_with_the_command_that_enrols_them(tmp_path: Path) -> None:
    book = Registry(book_of(tmp_path))
    book.refuse(Protocol.TAK, "it's; rm -rf", "10.0.0.9", 1000)
    book.refuse(Protocol.OSMAND, "77", "10.0.0.8", 2000)
    write_unknown(book)
    told = run("list", "--unknown", "--state", str(tmp_path)).output
    assert "street110 device add osmand '77' unit ID" in told
    assert "'it'\\''s; rm -rf'" in told
    run("add", "osmand", "77", "unit", "U01", "--state", str(tmp_path))
    assert "osmand" not in run("list", "--unknown", "--state", str(tmp_path)).output


def test_two_secrets_and_bad_settings_are_refused(tmp_path: Path) -> None:
    where = ["--state", str(tmp_path)]
    for wrong in (
        ["--secret", "x", "--make-secret"],
        ["--utc-offset", "9999"],
        ["--test-every", "1"],
    ):
        assert run("add", "osmand", "1", "unit", "U01", *wrong, *where).exit_code == 2
    assert not book_of(tmp_path).exists()


def test_the_settings_of_a_device_change_what_is_read() -> None:
    line = b"id=5&lat=31.2&lon=121.4&timestamp=1700000000"
    plain = json.loads(run("decode", "osmand", "--now", "2023-11-14T22:13:30Z", give=line).output)
    shifted = json.loads(run("decode", "osmand", "--datum", "gcj02", give=line).output)
    assert plain["understood"][0]["time_utc"] == "2023-11-14T22:13:20.000Z"
    assert "history" not in plain["understood"][0]
    assert plain["reply_text"].startswith("HTTP/1.1 200")
    assert shifted["understood"][0]["history"] is True
    assert 0.003 < plain["understood"][0]["lon"] - shifted["understood"][0]["lon"] < 0.006


@pytest.mark.parametrize("protocol", MINE)
def test_any_line_is_answered_by_a_line(protocol: str) -> None:
    lines = [b"", b"\xff\x00\x9f", b"7e" * 40, b"{" * 9000, b"A" * 1_200_000, b"<event>", b"0" * 99]
    done = run("decode", protocol, give=b"\n".join(lines))
    assert done.exit_code == 0, done.output
    told = [json.loads(line) for line in done.output.splitlines()]
    assert [one["frame"] for one in told] == list(range(1, len(lines) + 1))
    assert all(one["rejected"]["reason"] != "decoder_fault" for one in told if "rejected" in one)
    assert told[4]["rejected"]["reason"] == "too_long"


@pytest.mark.parametrize("protocol", MINE)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(give=st.binary(max_size=200))
def test_bytes_never_crash_it(protocol: str, give: bytes) -> None:
    done = run("decode", protocol, give=give)
    assert done.exit_code == 0
    assert "decoder_fault" not in done.output
