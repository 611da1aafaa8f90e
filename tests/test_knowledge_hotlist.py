"""The hot list: plates as people write and misread them, and the import of files."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dispatch.district import WantedPlate
from dispatch.hotlist import HotList, read_plates
from dispatch.hotlist_plates import (
    LOOKS_LIKE,
    PROVINCES,
    TAIL,
    codes_of,
    decode,
    find_fault,
    kind_of,
    normalise,
    skeleton,
    split,
)
from dispatch.hotlist_plates import code as number_of


def make_list(*plates: str) -> HotList:
    return HotList(WantedPlate(plate=plate, reason=f"被盗 {plate}") for plate in plates)


@pytest.mark.parametrize(
    ("written", "plate"),
    [
        ("沪A·12345", "沪A12345"),
        (" 沪ａ１２３４５ ", "沪A12345"),
        ("沪a-1o0i5", "沪A10015"),
        ("沪AD12345", "沪AD12345"),
        ("沪O12345", "沪O12345"),
        ("粤Z1234港", "粤Z1234港"),
        ("B-AO 1234", "BAO1234"),
        ("沪A1*3？5", "沪A1?3?5"),
    ],
)
def test_one_form_for_all_ways_of_writing(written: str, plate: str) -> None:
    assert normalise(written) == plate


@pytest.mark.parametrize(
    ("plate", "kind"),
    [
        ("沪A12345", "ordinary"),
        ("沪AD12345", "new_energy"),
        ("沪A12345D", "new_energy"),
        ("粤Z1234港", "ordinary"),
        ("沪A1234567", "other"),
        ("BAO1234", "other"),
    ],
)
def test_kinds_of_plates(plate: str, kind: str) -> None:
    assert kind_of(plate) == kind


def test_the_very_plate_is_found_however_it_is_written() -> None:
    hot = make_list("沪A12345", "沪AD12345", "B-AO 1234")
    hit = hot.find("沪a 1234５")
    assert hit is not None
    assert (hit.plate, hit.reason, hit.certain) == ("沪A12345", "被盗 沪A12345", True)
    assert hot.find("BAO1234") is not None
    assert hot.find("沪A12346") is None
    assert hot.find("??") is None


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("沪A12345", [("沪A12345", 0, ())]),
        ("沪A123?5", [("沪A12345", 1, (5,))]),
        ("沪A1**45", [("沪A12345", 2, (3, 4))]),
        ("?A12345", [("沪A12345", 1, (0,))]),
        ("A12345", [("沪A12345", 1, (0,))]),
        ("沪4I2345", [("沪A12345", 2, (1,))]),
        ("沪AI234S", [("沪A12345", 2, (6,))]),
        ("沪A?234S", [("沪A12345", 3, (2, 6))]),
        ("沪AZ234S", []),
        ("苏A12345", []),
        ("沪A1***5", []),
        ("沪?", []),
    ],
)
def test_a_doubtful_character(asked: str, expected: list[tuple[str, int, tuple[int, ...]]]) -> None:
    hot = make_list("沪A12345", "苏B99999")
    assert [(hit.plate, hit.doubt, hit.differs) for hit in hot.list_like(asked)] == expected


def test_the_surest_comes_first_and_the_list_ends() -> None:
    hot = make_list("沪A10110", "沪A1O11D", "沪AQ0110", *(f"沪C0000{d}" for d in "123456789"))
    assert [(hit.plate, hit.doubt) for hit in hot.list_like("沪A10110")] == [
        ("沪A10110", 0),
        ("沪A1011D", 2),
    ]
    assert len(hot.list_like("沪C0000?")) == 9


ALNUM = st.sampled_from("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ")
PLATES = st.tuples(
    st.sampled_from(PROVINCES), st.sampled_from("ABCDEFGH"), st.lists(ALNUM, min_size=5, max_size=6)
).map(lambda parts: parts[0] + parts[1] + "".join(parts[2]))


@given(PLATES)
def test_a_plate_and_its_number_are_the_same(plate: str) -> None:
    assert normalise(plate) == plate
    assert find_fault(plate) is None
    assert decode(number_of(*split(plate))) == plate


@given(st.lists(PLATES | st.sampled_from(["BAO1234", "AB", "粤Z1234港", "X1234567"]), max_size=9))
def test_many_plates_have_the_numbers_of_each(plates: list[str]) -> None:
    codes, skeletons = codes_of(plates)
    assert codes.tolist() == [number_of(*split(plate)) for plate in plates]
    assert skeletons.tolist() == [skeleton(split(plate)[1]) for plate in plates]


@given(st.lists(PLATES, min_size=1, max_size=30, unique=True), st.data())
def test_a_plate_with_one_unread_or_misread_character_is_found(
    plates: list[str], data: st.DataObject
) -> None:
    hot = make_list(*plates)
    plate = data.draw(st.sampled_from(plates))
    place = data.draw(st.integers(2, len(plate) - 1))
    unread = plate[:place] + "?" + plate[place + 1 :]
    assert plate in [hit.plate for hit in hot.list_like(unread)]
    group = next((group for group in LOOKS_LIKE if plate[place] in group), None)
    assume(group is not None)
    other = data.draw(st.sampled_from(group or ""))
    misread = normalise(plate[:place] + other + plate[place + 1 :])
    assume(len(hot.list_like(misread)) < 20)
    assert plate in [hit.plate for hit in hot.list_like(misread)]


@given(st.lists(PLATES, max_size=30, unique=True), st.text(max_size=12))
def test_any_text_may_be_asked(plates: list[str], asked: str) -> None:
    hot = make_list(*plates)
    exact = hot.find(asked)
    like = hot.list_like(asked)
    assert (exact is not None) == (normalise(asked) in plates)
    assert all(hit.plate in plates for hit in like)


@given(st.lists(PLATES, min_size=1, max_size=20, unique=True), PLATES)
def test_fuzzy_agrees_with_looking_at_every_plate(plates: list[str], asked: str) -> None:
    alike = {a: group for group in LOOKS_LIKE for a in group}

    def near(plate: str) -> bool:
        wrong = [(a, b) for a, b in zip(plate, asked, strict=True) if a != b]
        return len(wrong) <= 1 and all(b in alike.get(a, "") for a, b in wrong)

    expected = {plate for plate in plates if len(plate) == len(asked) and near(plate)}
    assert {hit.plate for hit in make_list(*plates).list_like(asked)} == expected


def test_a_hundred_thousand_plates_lie_in_a_few_megabytes() -> None:
    rng = np.random.default_rng(1)
    letters = np.array(list("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"))
    tails = ["".join(row) for row in letters[rng.integers(0, 34, (100_000, 5))]]
    hot = HotList(WantedPlate(plate=f"沪B{tail}", reason="被盗") for tail in tails)
    assert len(hot) == len(set(tails))
    assert hot.find(f"沪B{tails[777]}") is not None
    assert f"沪B{tails[777]}" in [hit.plate for hit in hot.list_like(f"沪?{tails[777]}")]
    held = sum(a.nbytes for a in (hot._codes, hot._why, hot._skeletons, hot._by_skeleton))
    assert held < 4_000_000


CSV = "车牌号,协查原因,备注\n沪A·12345,被盗,x\n,空,\n沪A１２３４５,再次\n坏牌,?\n\n苏B99999\n"


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "gbk"])
def test_a_file_is_read_in_either_coding_and_its_errors_have_lines(coding: str) -> None:
    plates, problems = read_plates(CSV.encode(coding), "list.csv")
    assert [(one.plate, one.reason) for one in plates] == [("沪A12345", "被盗"), ("苏B99999", "")]
    assert [str(problem) for problem in problems] == [
        "list.csv:3: plate: missing (found '')",
        "list.csv:4: plate: stands already at line 2 (found '沪A１２３４５')",
        "list.csv:5: plate: cannot stand in a plate: 坏牌 (found '坏牌')",
    ]


def test_a_file_with_english_heads_or_none_at_all() -> None:
    plates, problems = read_plates(b"Reason,Plate\nstolen,SH 1234\n", "list.csv")
    assert [(one.plate, one.reason) for one in plates] == [("SH1234", "stolen")]
    assert problems == []
    for raw in (b"", b"a,b\n1,2\n", b"\xff\xff\xff"):
        plates, problems = read_plates(raw, "list.csv")
        assert plates == []
        assert [(problem.file, problem.line) for problem in problems] == [("list.csv", 1)]


@given(st.binary(max_size=200))
def test_any_bytes_are_a_list_or_problems(raw: bytes) -> None:
    plates, problems = read_plates(raw, "list.csv")
    assert all(find_fault(one.plate) is None for one in plates)
    assert plates or problems or raw.count(b"\n") <= 1 or not raw.strip()


def test_every_character_has_a_place_in_the_tail() -> None:
    assert len(set(TAIL)) == len(TAIL) < 128
    assert all(set(group) <= set(TAIL) for group in LOOKS_LIKE)
