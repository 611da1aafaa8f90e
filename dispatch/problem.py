"""What is wrong with a file that a person wrote: where, which key, and what was expected."""

import msgspec


class Problem(msgspec.Struct, frozen=True, order=True):
    """One thing wrong with a district folder."""

    file: str
    line: int
    key: str
    what: str

    def __str__(self) -> str:
        """As compilers say it, so that editors can jump there."""
        return f"{self.file}:{self.line}: {self.key}: {self.what}"
