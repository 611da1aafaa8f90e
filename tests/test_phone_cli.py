"""`street110 device add page`: a link and a QR code that pair one browser once."""

from pathlib import Path

from typer.testing import CliRunner, Result

from gateways.api.phone_book import PhoneBook
from gateways.devices.registry import Registry
from street110.cli import app
from street110.device_books import book_of

FAR_MS = 2_000_000_000_000


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["device", *words])


def test_a_page_gets_a_link_that_pairs_it(tmp_path: Path) -> None:
    where = ["--state", str(tmp_path)]
    words = ["add", "page", "tablet-3", "post", "P003", "--url", "https://s110.example/"]
    added = run(*words, *where)
    assert added.exit_code == 0, added.output
    assert "█" in added.output
    link = next(word for word in added.output.split() if word.startswith("https://"))
    assert link.startswith("https://s110.example/pages/phone/pair.html#")
    assert "page tablet-3 post P003 not-paired" in run("list", "page", *where).output
    book = PhoneBook(Registry(book_of(tmp_path)))
    assert book.pair(link.partition("#")[2], FAR_MS) is None
    assert book.pair(link.partition("#")[2], 0) is not None
    assert "page tablet-3 post P003 paired" in run("list", "page", *where).output
    assert run("revoke", "page", "tablet-3", *where).exit_code == 0


def test_the_code_may_be_drawn_into_a_file(tmp_path: Path) -> None:
    drawn = tmp_path / "tablet.svg"
    words = ["add", "page", "t", "unit", "U01", "--qr-file", str(drawn), "--state", str(tmp_path)]
    assert run(*words).exit_code == 0
    assert "<svg" in drawn.read_text()


def test_a_page_takes_no_secret_and_needs_a_name(tmp_path: Path) -> None:
    where = ["--state", str(tmp_path)]
    assert run("add", "page", "t", "unit", "U01", "--secret", "x", *where).exit_code == 2
    assert run("add", "page", "", "unit", "U01", *where).exit_code == 2
    assert not book_of(tmp_path).exists()
