"""Code is read more often than run: what we ask of its looks, over every tracked file."""

import ast
import io
import re
import shutil
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("dispatch", "geo", "gateways", "simulator", "street110")
MOST_LINES_OF_A_MODULE = 400
MOST_LINES_OF_A_FUNCTION = 50
VENDORED = "gateways/pages/vendor/"

# The character classes keep these patterns from finding themselves.
UNFINISHED = re.compile(
    r"\b(T[O]DO|FI[X]ME|X[X]X)\b|Not[I]mplementedError"
    r"|(?i:\b(for[ ]now(?!(, \w+)* in\b)|place[h]older|not[ ]implemented|st[u]b)\b)"
)
MACHINE_PATH = re.compile(r"(?<![\w.])/(work|farm|home|root|mnt)/[\w.]|\.\./[s]hared\b")
WAY_OUT_OF_A_TEST = re.compile(r"\b(pytest\.(mark\.)?(skip|skipif|xfail)|import[o]rskip)\b")
CLOCKS_AND_DICE = frozenset({"time", "random", "uuid", "secrets"})
READS_THE_CLOCK = frozenset({"now", "utcnow", "today"})
EDGES_OF_THE_CORE = re.compile(r"dispatch/(runtime|journal\w*)\.py")
SPEAKS_ENGLISH = (".py", ".js", ".ts", ".toml", ".md", ".html", ".css", ".yaml", ".yml")


def list_tracked() -> list[str]:
    git = shutil.which("git")
    assert git is not None
    listed = subprocess.run(
        [git, "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    names = [name for name in listed.split("\0") if name and not name.startswith(VENDORED)]
    return [name for name in names if (ROOT / name).is_file()]


def read_text(name: str) -> str | None:
    """The text of a tracked file, or None for a picture, a map or another binary."""
    raw = (ROOT / name).read_bytes()
    if b"\0" in raw or name.endswith((".pbf", ".gz", ".png", ".parquet")):
        return None
    return raw.decode("utf-8")


FILES = list_tracked()
TEXTS = {name: text for name in FILES if (text := read_text(name)) is not None}
MODULES = {name: ast.parse(text, name) for name, text in TEXTS.items() if name.endswith(".py")}
OF_PACKAGES = {name: tree for name, tree in MODULES.items() if name.startswith(PACKAGES)}


def walk_functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def list_comments(text: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}


def find_lines(pattern: re.Pattern[str], name: str) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()}"
        for number, line in enumerate(TEXTS[name].splitlines(), 1)
        if pattern.search(line)
    ]


def test_the_lint_sees_the_tree() -> None:
    assert "dispatch/words.py" in OF_PACKAGES
    assert "tests/test_tidy.py" in MODULES


def test_modules_are_short() -> None:
    ours = [name for name in TEXTS if name.endswith((".py", ".js"))]
    lengths = {name: len(TEXTS[name].splitlines()) for name in ours}
    assert {n: long for n, long in lengths.items() if long > MOST_LINES_OF_A_MODULE} == {}


def test_functions_are_short() -> None:
    long = {
        f"{name}:{function.name}": lines
        for name, tree in MODULES.items()
        for function in walk_functions(tree)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > MOST_LINES_OF_A_FUNCTION
    }
    assert long == {}


def test_nothing_is_left_unfinished() -> None:
    written = [name for name in TEXTS if name.endswith(SPEAKS_ENGLISH)]
    assert [line for name in written for line in find_lines(UNFINISHED, name)] == []


def test_no_path_of_one_machine() -> None:
    assert [line for name in TEXTS for line in find_lines(MACHINE_PATH, name)] == []


def test_text_files_end_in_one_newline() -> None:
    ragged = [
        name
        for name, text in TEXTS.items()
        if text and (not text.endswith("\n") or text.endswith("\n\n"))
    ]
    assert ragged == []


def test_no_test_can_pass_by_not_running() -> None:
    tests = [name for name in TEXTS if name.startswith("tests/") and name != "tests/test_tidy.py"]
    assert [line for name in tests for line in find_lines(WAY_OUT_OF_A_TEST, name)] == []


def catches_everything(handler: ast.ExceptHandler) -> bool:
    caught = handler.type
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(
        name is None or (isinstance(name, ast.Name) and name.id in {"Exception", "BaseException"})
        for name in names
    )


def is_justified(handler: ast.ExceptHandler, comments: dict[int, str]) -> bool:
    """A broad handler raises again, or a comment beside it says why it may swallow."""
    if any(isinstance(node, ast.Raise) for node in ast.walk(handler)):
        return True
    beside = range(handler.lineno, handler.body[0].lineno + 1)
    said = " ".join(comments.get(line, "") for line in beside)
    return len(re.sub(r"noqa: ?[A-Z0-9, ]+", "", said).strip(" #-—")) >= len("a reason")


def test_nothing_swallows_every_error_without_a_reason() -> None:
    swallowed = [
        f"{name}:{node.lineno}"
        for name, tree in OF_PACKAGES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and catches_everything(node)
        and not is_justified(node, list_comments(TEXTS[name]))
    ]
    assert swallowed == []


def list_imports(tree: ast.Module) -> set[str]:
    imports = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    return imports | {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}


def asks_clock_or_dice(tree: ast.Module) -> set[str]:
    """The names by which a module could learn the time or draw lots."""
    attributes = [n for n in ast.walk(tree) if isinstance(n, ast.Attribute)]
    called = {n.attr for n in attributes if n.attr in READS_THE_CLOCK | {"random"}}
    return called | {name for name in list_imports(tree) if name.split(".")[0] in CLOCKS_AND_DICE}


def test_the_core_is_told_the_time_and_never_draws_lots() -> None:
    asking = {
        name: asked
        for name, tree in OF_PACKAGES.items()
        if name.startswith(("dispatch/", "geo/")) and not EDGES_OF_THE_CORE.fullmatch(name)
        if (asked := asks_clock_or_dice(tree))
    }
    assert asking == {}


def list_undocumented(tree: ast.Module) -> Iterator[str]:
    if ast.get_docstring(tree) is None:
        yield "the module"
    scopes: list[ast.Module | ast.ClassDef] = [tree]
    for scope in scopes:
        for node in scope.body:
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if not node.name.startswith("_") and ast.get_docstring(node) is None:
                yield f"{node.name}, line {node.lineno}"
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                scopes.append(node)


def test_every_public_name_says_what_it_is_for() -> None:
    silent = [
        f"{name}: {it}" for name, tree in OF_PACKAGES.items() for it in list_undocumented(tree)
    ]
    assert silent == []


@pytest.mark.parametrize(
    ("source", "justified"),
    [
        ("try:\n    f()\nexcept Exception:\n    pass\n", False),
        ("try:\n    f()\nexcept Exception:  # noqa: BLE001\n    pass\n", False),
        ("try:\n    f()\nexcept Exception:\n    log()\n    raise\n", True),
        (
            "try:\n    f()\nexcept Exception:  # noqa: BLE001 - a page must not stop it\n    p()\n",
            True,
        ),
        ("try:\n    f()\nexcept (ValueError, Exception):\n    pass\n", False),
    ],
)
def test_the_lint_knows_a_reason_when_it_sees_one(source: str, *, justified: bool) -> None:
    handlers = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.ExceptHandler)]
    assert [catches_everything(handler) for handler in handlers] == [True]
    assert is_justified(handlers[0], list_comments(source)) is justified
