"""Places out of texts: written, shortened, misheard, in pinyin, at crossings, and not at all."""

import json
from pathlib import Path

import jieba
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.gazetteer import Found, Gazetteer, Named
from geo.gazetteer_text import fold
from geo.types import Point

SQUARE, EAST, SCHOOL = Point(121.473, 31.230), Point(121.506, 31.234), Point(121.40, 31.23)
CROSSING = Point(121.46, 31.22)
NAMES = (
    Named("人民广场", "landmark", (SQUARE,)),
    Named("上海东方医院", "landmark", (EAST,)),
    Named("曹杨第二中学附属学校", "landmark", (SCHOOL,)),
    Named("中国工商银行（南京西路支行）", "post", (Point(121.45, 31.23),)),
    Named("南京西路", "street", (Point(121.45, 31.23), CROSSING, Point(121.47, 31.23))),
    Named("陕西北路", "street", (Point(121.46, 31.24), Point(121.4601, 31.2201))),
    Named("中山东一路", "street", (Point(121.49, 31.23), Point(121.49, 31.24))),
    Named("东方", "landmark", (Point(121.50, 31.20),)),
    Named("便利店", "landmark", (Point(121.41, 31.21),)),
    Named("便利店", "landmark", (Point(121.51, 31.25),)),
    Named("静安区", "area", (Point(121.44, 31.22), Point(121.46, 31.24))),
    Named("Apple Store", "landmark", (Point(121.47, 31.24),)),
)
COMMON = {
    "东方向": 300,
    "方向": 3000,
    "附近": 5000,
    "有人": 5000,
    "抢劫": 800,
    "持刀": 200,
    "在": 9000,
}


@pytest.fixture(name="book", scope="module")
def fixture_book() -> Gazetteer:
    return Gazetteer(NAMES, COMMON, drop=("上海市", "上海"))


def first(found: list[Found]) -> tuple[str, str, Point]:
    return found[0].name, found[0].how, found[0].place


@pytest.mark.parametrize(
    ("text", "name", "how", "place"),
    [
        ("人民广场有人持刀抢劫", "人民广场", "written", SQUARE),
        ("在东方医院附近", "上海东方医院", "shortened", EAST),
        ("上海东方医院门口", "上海东方医院", "written", EAST),
        ("人民广厂有人抢劫", "人民广场", "sound", SQUARE),
        ("robbery at renmin guangchang now", "人民广场", "pinyin", SQUARE),
        ("RENMINGUANGCHANG!", "人民广场", "pinyin", SQUARE),
        ("在 apple store 门口", "Apple Store", "written", Point(121.47, 31.24)),
        ("工商银行", "", "", SQUARE),
        ("中国工商银行被抢", "中国工商银行（南京西路支行）", "written", Point(121.45, 31.23)),
        ("南京西路与陕西北路路口打架", "南京西路/陕西北路", "crossing", CROSSING),
        ("南京西路陕西北路", "南京西路/陕西北路", "crossing", CROSSING),
        ("陕西北路,靠近静安区", "陕西北路", "written", Point(121.46, 31.24)),
        ("什么也没说", "", "", SQUARE),
    ],
)
def test_the_place_a_text_names(
    book: Gazetteer, text: str, name: str, how: str, place: Point
) -> None:
    found = book.find(text)
    if not name:
        assert found == []
        return
    assert first(found)[:2] == (name, how)
    if how != "crossing":
        assert found[0].place == place
    else:
        assert abs(found[0].place.lon - place.lon) < 0.001


def test_the_span_is_of_the_text_as_it_was_given(book: Gazetteer) -> None:
    text = "Ｈｅｌｐ 在人民广场！"
    (found,) = book.find(text)
    assert text[found.start : found.end] == "人民广场"
    assert (found.radius_m, found.kind) == (30.0, "landmark")


def test_a_name_inside_another_word_counts_less(book: Gazetteer) -> None:
    whole = next(one for one in book.find("东方有人") if one.name == "东方")
    inside = next(one for one in book.find("往东方向") if one.name == "东方")
    assert inside.score < whole.score


def test_a_name_of_two_places_is_told_as_two_and_neither_is_sure(book: Gazetteer) -> None:
    both = book.find("便利店被偷")
    assert [one.name for one in both] == ["便利店", "便利店"]
    assert len({one.place for one in both}) == 2
    assert both[0].score < book.find("人民广场")[0].score / 2


def test_streets_that_do_not_meet_are_two_streets(book: Gazetteer) -> None:
    found = book.find("南京西路与中山东一路")
    assert {one.name for one in found} == {"南京西路", "中山东一路"}
    assert all(one.how == "written" for one in found)


def test_a_landmark_outranks_the_area_around_it(book: Gazetteer) -> None:
    found = book.find("静安区人民广场")
    assert [one.name for one in found] == ["人民广场", "静安区"]


@given(st.text(max_size=60))
def test_any_text_may_be_read(text: str) -> None:
    book = Gazetteer(NAMES, COMMON)
    assert len(fold(text)) == len(text)
    for one in book.find(text):
        assert 0 <= one.start < one.end <= len(text)
        assert 0 < one.score <= 1


@given(
    st.sampled_from([one for one in NAMES if one.name != "便利店"]),
    st.text("abc 有人在，。", max_size=10),
)
def test_a_written_name_is_always_found(one: Named, around: str) -> None:
    book = Gazetteer(NAMES, COMMON)
    name = one.name.partition("（")[0]
    found = book.find(f"{around} {name} {around}")
    assert one.name in {hit.name for hit in found}


def test_the_reference_district_by_its_own_names() -> None:
    """Every landmark of the shipped district is found first in a sentence, or shares its name."""
    folder = Path(__file__).resolve().parent.parent / "simulator/districts/shanghai"
    places = json.loads((folder / "places.geojson").read_text(encoding="utf-8"))["features"]
    named = [
        Named(one["properties"]["name"], "landmark", (Point(*one["geometry"]["coordinates"]),))
        for one in places
        if one["properties"].get("name")
    ]
    cutter = jieba.Tokenizer()
    common, _ = cutter.gen_pfdict(cutter.get_dict_file())
    book = Gazetteer(named, common, drop=("上海市", "上海"))
    sample = [one for one in named[:: max(1, len(named) // 150)] if len(one.name) >= 4]
    hit = 0
    for one in sample:
        found = book.find(f"你好我在{one.name}旁边，有人打架")
        hit += any(same.name == one.name for same in found[:2])
    assert len(sample) > 50
    assert hit >= 0.97 * len(sample)
