"""Every story in tests/stories goes as it is written."""

import sys
from pathlib import Path

import pytest

from tests.storybook import Teller

STORIES = sorted((Path(__file__).parent / "stories").glob("*.story"))


def test_there_are_stories() -> None:
    assert len(STORIES) >= 10


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_story(path: Path) -> None:
    written = path.read_text(encoding="utf-8")
    assert Teller().tell(written) == written


if __name__ == "__main__":
    for name in sys.argv[1:]:
        story = Path(name)
        story.write_text(Teller().tell(story.read_text(encoding="utf-8")), encoding="utf-8")
