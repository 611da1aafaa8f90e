"""Tells a story to the desk and writes down what it decides, line by line.

A story is plain text; tests/stories/README.md teaches its words to people who read no code.
"""

from tests.storybook.teller import StoryError, Teller

__all__ = ["StoryError", "Teller"]
