"""The run-sheet: complete, printable, from nowhere but itself, and impossible to change unseen."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.commands import LoadDistrict, RaiseAlarm
from dispatch.words import IncidentId, ResponderId, SourceKind
from gateways.runsheet import (
    DESK_FILE,
    Scene,
    Signer,
    render_all,
    render_desk,
    render_post,
    replace_file,
    verify,
    write_all,
)
from gateways.runsheet_words import WORDS
from geo.types import Position
from tests.world import START_MS, Town, spot


def press(
    town: Town,
    post: str,
    kind: str,
    text: str | None = None,
    *,
    silent: bool = False,
    exercise: bool = False,
) -> None:
    command = RaiseAlarm(
        id=f"a{post}",
        source_kind=SourceKind.POST,
        source=ResponderId(post),
        type=kind,
        sent_ms=town.now_ms,
        text=text,
        silent=silent,
        exercise=exercise,
    )
    town.desk.handle(command, town.now_ms, "test")


@pytest.fixture(name="town")
def fixture_town() -> Town:
    town = Town()
    press(town, "P002", "robbery", "<b>三人</b> & 持刀")
    return town


def signer(tmp_path: Path) -> Signer:
    return Signer.open(tmp_path / "key.pem")


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.names.update(name for name, _ in attrs)


def test_the_desks_sheet_has_every_open_incident_order_and_responder(town: Town) -> None:
    position = Position(lon=121.41, lat=31.21, at_ms=START_MS)
    scene = Scene(now_ms=START_MS + 60_000, positions={ResponderId("U02"): position})
    sheet = render_desk(town.board, scene)
    assert "2025-11-25 00:01:00 +0800" in sheet
    for incident in town.board.list_open():
        assert incident.id in sheet
        assert all(order in sheet for order in incident.orders)
    assert all(responder in sheet for responder in town.board.responders)
    assert "&lt;b&gt;三人&lt;/b&gt; &amp; 持刀" in sheet
    assert "121.41000, 31.21000" in sheet


def test_a_sheet_runs_nothing_and_asks_for_nothing(town: Town) -> None:
    scene = Scene(now_ms=START_MS)
    for sheet in (
        render_desk(town.board, scene),
        render_post(town.board, scene, town.board.posts[ResponderId("P001")]),
    ):
        reader = Reader()
        reader.feed(sheet)
        assert not reader.tags & {"script", "link", "img", "iframe", "object", "a", "form", "base"}
        assert not reader.names & {"src", "href", "srcset", "style", "onclick", "onload"}
        assert re.search(r"url\(|@import|https?://", sheet) is None
        assert "default-src 'none'" in sheet


def test_a_post_sees_its_orders_and_its_neighbours_and_no_silent_alarm() -> None:
    town = Town(units=8)
    press(town, "P004", "robbery", "内容甲", exercise=True)
    press(town, "P005", "duress", silent=True)
    robbery, duress = town.board.list_open()
    if robbery.type != "robbery":
        robbery, duress = duress, robbery
    ordered = {
        order.responder for order in town.board.orders.values() if order.incident == robbery.id
    }
    scene = Scene(now_ms=START_MS)
    sheets = {post.id: render_post(town.board, scene, post) for post in town.board.posts.values()}
    silent_orders = {o.responder for o in town.board.orders.values() if o.incident == duress.id}
    for post, sheet in sheets.items():
        assert (f"<b>{duress.id}</b>" in sheet) == (post in silent_orders)
        assert ("内容甲" in sheet) == (post in ordered)
        assert "南街" in sheet
    assert any("EXERCISE" in sheet for sheet in sheets.values())
    real = Town(units=8)
    press(real, "P004", "robbery")
    assert "演习" not in render_desk(real.board, scene)


def test_every_word_on_a_sheet_has_both_languages(town: Town) -> None:
    assert all(zh and en and zh != en for zh, en in WORDS.values())
    text = re.sub(r"<[^>]+>", " ", render_desk(town.board, Scene(now_ms=START_MS)))
    for zh, en in (WORDS["open"], WORDS["forces"], WORDS["by_hand"], WORDS["dispatched"]):
        assert f"{zh} {en}" in text


@given(st.data())
def test_one_changed_byte_is_seen(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    key = signer(tmp_path_factory.mktemp("key"))
    sheet = key.sign("<html>运行单</html>\n")
    assert verify(sheet, key.public_key())
    place = data.draw(st.integers(0, len(sheet) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != sheet[place]))
    changed = sheet[:place] + bytes([other]) + sheet[place + 1 :]
    assert not verify(changed, key.public_key())
    assert not verify(sheet + b"more", key.public_key())
    assert not verify(sheet[:place], key.public_key())


def test_another_key_does_not_verify(tmp_path: Path) -> None:
    one, other = Signer.open(tmp_path / "one.pem"), Signer.open(tmp_path / "two.pem")
    sheet = one.sign("x")
    assert verify(sheet, Signer.open(tmp_path / "one.pem").public_key())
    assert not verify(sheet, other.public_key())
    assert not verify(sheet, b"short")
    assert (tmp_path / "one.pem").stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_no_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("nothing")
    with pytest.raises(ValueError, match=r"."):
        Signer.open(tmp_path / "key.pem")


def test_sheets_are_written_whole_and_old_posts_go(town: Town, tmp_path: Path) -> None:
    key = signer(tmp_path)
    folder = tmp_path / "sheets"
    folder.mkdir()
    (folder / "post-GONE.html").write_text("old")
    sheets = render_all(town.board, Scene(now_ms=START_MS), key)
    write_all(folder, sheets, key.public_key())
    names = {path.name for path in folder.iterdir()}
    assert names == {DESK_FILE, "public-key.txt", *(f"post-P00{n}.html" for n in range(1, 6))}
    public = bytes.fromhex((folder / "public-key.txt").read_text().strip())
    assert all(verify((folder / name).read_bytes(), public) for name in sheets)


def test_a_failed_write_leaves_the_old_sheet(tmp_path: Path) -> None:
    path = tmp_path / "desk.html"
    replace_file(path, b"old", durable=True)
    with pytest.raises(TypeError):
        replace_file(path, "text", durable=False)  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"


def test_an_empty_board_has_a_sheet() -> None:
    town = Town(units=0, posts=0)
    town.desk.handle(LoadDistrict(district=town.district), START_MS, "test")
    assert WORDS["none"][0] in render_desk(town.board, Scene(now_ms=START_MS))
    assert IncidentId("I1") not in town.board.incidents
    assert spot(0, 0).lon == 121.40
