"""The reference district, and errors that name file, line and key."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch.district_file import DistrictError, check_district, load_district
from dispatch.words import AreaLevel

SHANGHAI = Path(__file__).parent.parent / "simulator" / "districts" / "shanghai"
FILES = (
    "district.toml",
    "plans.toml",
    "units.csv",
    "posts.geojson",
    "gates.geojson",
    "areas.geojson",
    "hotlist.csv",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        shutil.copy(SHANGHAI / name, tmp_path / name)
    return tmp_path


def test_the_reference_district_is_like_the_real_one() -> None:
    district = load_district(SHANGHAI)
    assert (len(district.posts), sum(post.radios for post in district.posts)) == (106, 282)
    assert (len(district.units), sum(unit.officers for unit in district.units)) == (120, 300)
    assert len(district.gates) == 7
    assert {area.level for area in district.areas} == set(AreaLevel)
    assert all(post.groups for post in district.posts)
    assert {unit.kind.value for unit in district.units} == {
        "car",
        "motorcycle",
        "foot",
        "plain_clothes",
    }


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "key"),
    [
        ("units.csv", "C01,巡逻车01,car", "C01,巡逻车01,tank", 2, "kind"),
        ("units.csv", "C02,", "C01,", 3, "id"),
        ("units.csv", "C03,", "C 03,", 4, "id"),
        ("units.csv", "BT02-1", "NOWHERE", 4, "beat"),
        ("posts.geojson", '"id": "P002"', '"id": "P001"', 3, "id"),
        ("posts.geojson", '"guards": 3', '"guards": "many"', 2, "guards"),
        ("posts.geojson", "[121.401217, 31.237675]", "[31.237675, 121.401217]", 2, "coordinates"),
        ("posts.geojson", '["G01"]', '["G99"]', 2, "groups"),
        ("gates.geojson", '"road"', '"rode"', 2, "rode"),
        ("areas.geojson", '"parent": "SH"', '"parent": "XX"', 3, "parent"),
        ("district.toml", 'timezone = "Asia/Shanghai"', "timezone = 8", 5, "timezone"),
        ("district.toml", "same_press_s = 10", "same_press_s = 0", 9, "same_press_s"),
        ("district.toml", "[rules]", "[rules", 7, "syntax"),
        ("plans.toml", "priority = 1", "priority = 9", 7, "priority"),
        ("plans.toml", 'capability = "patrol"', 'capability = "submarine"', 1, "capability"),
    ],
)
def test_an_error_names_file_line_and_key(  # noqa: PLR0917  # one case, read as a row
    folder: Path, file: str, old: str, new: str, line: int, key: str
) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    problems = check_district(folder)
    assert (file, line, key) in [(p.file, p.line, p.key) for p in problems], problems
    with pytest.raises(DistrictError, match=file):
        load_district(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "units.csv").unlink()
    problems = [problem for problem in check_district(folder) if problem.file == "units.csv"]
    assert [(problem.line, problem.key) for problem in problems] == [(1, "file")]
    assert "cannot be read" in problems[0].what


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data())
def test_any_damaged_line_gives_problems_or_a_district(folder: Path, data: st.DataObject) -> None:
    """Whatever an editor slips in on one line, the check answers and never raises."""
    file = data.draw(st.sampled_from(FILES))
    good = (SHANGHAI / file).read_text(encoding="utf-8")
    lines = good.splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    junk = st.text(max_size=40) | st.sampled_from(
        ["[", "{", '"', "\x00", "NaN", "1e999", "[" * 2000]
    )
    lines[at] = data.draw(junk | st.just(lines[at] * 2))
    (folder / file).write_text("\n".join(lines), encoding="utf-8", errors="surrogatepass")
    try:
        check_district(folder)
    finally:
        (folder / file).write_text(good, encoding="utf-8")
