"""What the documents show exists: commands, options, files, settings, reasons for dependencies."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer
from typer.testing import CliRunner

from street110.cli import app
from street110.config import Config, load_config

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
CALL = re.compile(r"^(?:\S*/)?street110 +([a-z].*)$")
LINK = re.compile(r"\]\(([^)\s]+)\)")
WEB = ("http://", "https://", "mailto:")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def list_code(page: Path) -> Iterator[str]:
    """Each line of a fenced block and each code span of the running text."""
    text = page.read_text(encoding="utf-8")
    for block in FENCE.findall(text):
        yield from (line.strip() for line in block.splitlines()[1:-1])
    yield from SPAN.findall(FENCE.sub("", text))


def list_calls() -> list[str]:
    code = (line for page in PAGES for line in list_code(page))
    calls = {found[1].split(" #")[0].strip() for line in code if (found := CALL.match(line))}
    return sorted(calls)


def find_command(words: list[str]) -> tuple[list[str], Any]:
    """The longest run of words that names a command, and the command itself."""
    command: Any = typer.main.get_command(app)
    path: list[str] = []
    for word in words:
        commands = getattr(command, "commands", None)
        if commands is None:
            break
        assert word in commands, f"street110 {' '.join(path)} has no command {word!r}"
        command = commands[word]
        path.append(word)
    return path, command


def test_the_documents_show_commands() -> None:
    assert any(call.startswith("serve") for call in list_calls())


@pytest.mark.parametrize("call", list_calls())
def test_command_and_options_exist(call: str) -> None:
    words = call.split()
    path, command = find_command(words)
    known = {o for param in command.params for o in (*param.opts, *param.secondary_opts)}
    shown = {word.split("=")[0] for word in words if word.startswith("--")}
    assert shown <= known | {"--help"}
    assert CliRunner().invoke(app, [*path, "--help"]).exit_code == 0


def test_every_make_target_shown_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    code = [line for page in PAGES for line in list_code(page)]
    shown = {word for line in code for word in re.findall(r"^make ([a-z]+)", line)}
    assert {"demo", "test"} <= shown <= targets


def list_anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, by the rule of the usual code hosts."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ +(.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_relative_links_lead_somewhere(page: Path) -> None:
    dead = []
    for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if link.startswith(WEB):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in list_anchors(target)):
            dead.append(link)
    assert dead == []


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {re.split(r"[^A-Za-z0-9-]", each)[0] for each in wanted}
    page = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| ([a-z][\w-]*) \|", page, re.MULTILINE)) - {"package"} == names


@pytest.mark.parametrize("page", sorted((ROOT / "docs/zh").glob("*.md")), ids=name_of)
def test_translation_has_the_parts_of_its_original(page: Path) -> None:
    def outline(text: str) -> list[str]:
        return re.findall(r"^ *(#+(?= )|```)", text, re.MULTILINE)

    original = (ROOT / "docs" / page.name).read_text(encoding="utf-8")
    assert outline(page.read_text(encoding="utf-8")) == outline(original)


def list_keys(struct: type[msgspec.Struct], prefix: str = "") -> Iterator[str]:
    """Dotted names of all settings."""
    for field in msgspec.structs.fields(struct):
        inner = getattr(field.type, "__args__", (field.type,))
        parts = [t for t in inner if isinstance(t, type) and issubclass(t, msgspec.Struct)]
        if parts:
            yield from list_keys(parts[0], f"{prefix}{field.name}.")
        else:
            yield prefix + field.name


def test_every_setting_is_described() -> None:
    page = (ROOT / "docs/configure.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([\w.]+)` \|", page, re.MULTILINE) == list(list_keys(Config))


def test_the_configuration_shown_is_accepted(tmp_path: Path) -> None:
    page = (ROOT / "docs/configure.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    file = tmp_path / "street110.toml"
    file.write_text(shown[0], encoding="utf-8")
    config = load_config(file)
    assert config.mqtt.tls is not None
    assert config.district == str(tmp_path / "district")


@pytest.mark.parametrize("script", ["status-tables", "readme-numbers"])
def test_what_is_drawn_from_the_code_is_up_to_date(script: str) -> None:
    drawn = [sys.executable, ROOT / "scripts" / script, "--check"]
    assert subprocess.run(drawn, cwd=ROOT, check=False).returncode == 0
