"""Runs a story in a town of its own."""

from dispatch import commands as c
from dispatch.words import ResponderId
from dispatch.work import Outcome
from tests.storybook.clocks import clock, moment
from tests.storybook.saying import say, say_letter
from tests.storybook.township import change, load
from tests.storybook.verbs import KINDS, OUTSIDE, from_outside, of_operator, of_responder
from tests.world import Town, spot

PASSES = "(time passes)"


class StoryError(ValueError):
    """A line that cannot be understood; the text names its number and what it may say."""


class Teller:
    """Tells one story; `lines` is how it went."""

    def __init__(self) -> None:
        self.town = Town()
        self.lines: list[str] = []
        self.messages = 0
        self.again: c.AnyCommand | None = None
        self.ahead_ms = 0

    def tell(self, story: str) -> str:
        """The story as it went: equal to the story as written when the desk does as told.

        Raises:
            StoryError: a line is not in the language of the stories.
        """
        for number, line in enumerate(story.splitlines(), 1):
            try:
                self._line(line.rstrip())
            except (ValueError, KeyError, IndexError, AssertionError) as error:
                raise StoryError(f"line {number}: {line.strip()!r}: {error}") from error
        return "\n".join(self.lines) + "\n"

    def _line(self, line: str) -> None:
        if not line.strip() or line.startswith("#"):
            self.lines.append(line)
        elif line.startswith("town:"):
            self.lines.append(line)
            load(self.town, change(self.town.district, line.removeprefix("town:").strip()))
        elif line.startswith(" ") or line.endswith(PASSES):
            return
        else:
            at, _, what = line.partition("  ")
            self._pass_time(moment(at))
            self.lines.append(line)
            self._write(self._happen(what.strip().split()))

    def _pass_time(self, until_ms: int) -> None:
        """Tick at each moment the desk asked for."""
        desk, town = self.town.desk, self.town
        if until_ms < town.now_ms:
            raise ValueError(f"is before {clock(town.now_ms)}; `clock jumps` turns time back")
        while (due_ms := desk.next_due_ms()) is not None and due_ms < until_ms:
            town.now_ms = max(town.now_ms, due_ms)
            outcome = desk.handle(c.Tick(), town.now_ms, "clock")
            if any(say(event) for event in outcome.events):
                self.lines.append(f"{clock(town.now_ms)}  {PASSES}")
                self._write(outcome)
        town.now_ms = until_ms

    def _write(self, outcome: Outcome | None) -> None:
        """Indent what was decided below what happened."""
        if outcome is None:
            return
        said = [say(event) for event in outcome.events]
        said += [say_letter(letter) for letter in (*outcome.letters, *outcome.rejects)]
        told = list(dict.fromkeys(line for line in said if line))
        self.lines.extend(f"          {line}" for line in told)

    def _happen(self, words: list[str]) -> Outcome | None:
        """One line of a story as a command, a move or a jump of the clock."""
        who = words.pop(0)
        town = self.town
        if who == "clock":
            # clock jumps to 07:55:00
            town.now_ms = moment(words[2])
            return None
        if words and words[0] == "drives":
            row = town.board.force.rows[ResponderId(who)]
            town.positions.put(row, spot(float(words[2]), float(words[3])), town.now_ms)
            return None
        if who == "again":
            # the same message once more, as a network repeats it
            assert self.again is not None, "nothing was said before"
            command, sender = self.again, " ".join(words) or "network"
        else:
            command, sender = self._command(who, words)
            self.again = command
        return town.desk.handle(command, town.now_ms, sender)

    def _command(self, who: str, words: list[str]) -> tuple[c.AnyCommand, str]:
        self.messages += 1
        message, now_ms = f"m{self.messages}", self.town.now_ms
        if who == "operator":
            return of_operator(words, message, now_ms), "operator/wang"
        if who in OUTSIDE:
            return from_outside(who, words, now_ms), who
        if who[0] in KINDS and who[1:].isdigit():
            return of_responder(who, words, message, now_ms), who
        known = ", ".join(("operator", *OUTSIDE, "clock", "again", "U01, P001, K1 ..."))
        raise ValueError(f"nobody is called {who!r}; there are {known}")
