"""Every story in tests/stories goes as it is written.

`python -m tests.test_stories FILE...` writes into a story how it went, to be read and kept.
"""

import sys
from pathlib import Path

import pytest

from tests.storybook import StoryError, Teller

STORIES = sorted((Path(__file__).parent / "stories").glob("*.story"))


def test_there_are_stories() -> None:
    assert len(STORIES) >= 40


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_story(path: Path) -> None:
    written = path.read_text(encoding="utf-8")
    assert Teller().tell(written) == written


@pytest.mark.parametrize(
    ("line", "help_"),
    [
        ("08:00:05  U01 jumps", "line 1: '08:00:05  U01 jumps': U01 can do gets, accepts"),
        ("08:00:05  operator sings", "an operator sends, recalls, closes"),
        ("08:00:05  X9 presses panic a1", "nobody is called 'X9'; there are operator, caller"),
        ("town: weather {rain = true}", "a town: line begins with one of rules, plan"),
        ("town: rules {ageing_s = -5}", "ageing_s"),
        ("08:00:05  U01 is asleep", "'asleep' is not a valid UnitStatus"),
        ("07:00:00  U01 gets I1-1", "is before 08:00:00; `clock jumps` turns time back"),
    ],
)
def test_a_misspelt_line_is_told_with_its_number_and_what_may_stand_there(
    line: str, help_: str
) -> None:
    with pytest.raises(StoryError, match="line 1") as told:
        Teller().tell(line + "\n")
    assert help_ in str(told.value)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        story = Path(name)
        try:
            story.write_text(Teller().tell(story.read_text(encoding="utf-8")), encoding="utf-8")
        except StoryError as error:
            sys.exit(f"{name}: {error}")
