"""What a person sees of a walkthrough: chapters, their checks, and the sum of it."""

import os
from typing import Any, TextIO

_GREEN, _RED, _BOLD, _DIM, _PLAIN = "\033[32m", "\033[31m", "\033[1m", "\033[2m", "\033[0m"
_CLEAR_LINE = "\r\033[K"


class Report:
    """Prints to a stream; colour and passing notes only where that is a terminal."""

    def __init__(self, stream: TextIO, *, colour: bool = True) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._colour = colour and self._terminal and not os.environ.get("NO_COLOR")
        self.chapters = 0
        self.passed = 0
        self.failed = 0

    def chapter(self, title: str, total: int) -> None:
        """Begin the next chapter of `total`."""
        self.chapters += 1
        self._line(self._painted(_BOLD, f"\n{self.chapters:>2}/{total} {title}"))

    def ok(self, what: str) -> None:
        self.passed += 1
        self._line(f"  {self._painted(_GREEN, 'ok')}      {what}")

    def differs(self, what: str, expected: Any, got: Any) -> None:
        self.failed += 1
        self._line(f"  {self._painted(_RED, 'DIFFERS')} {what}")
        self._line(f"            expected: {expected}")
        self._line(f"            got:      {got}")

    def passing(self, note: str) -> None:
        """Show what is being waited for; on a terminal only, and gone with the next line."""
        if self._terminal:
            self._stream.write(f"{_CLEAR_LINE}  {self._painted(_DIM, note)}")
            self._stream.flush()

    def summary(self, seconds: float) -> None:
        checks = f"{self.passed + self.failed} checks in {self.chapters} chapters"
        verdict = (
            self._painted(_RED, f"{self.failed} of them differ from the contract")
            if self.failed
            else self._painted(_GREEN, "all as the contract says")
        )
        self._line(f"\n{checks}, {verdict} ({seconds:.1f} s).")

    def _painted(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_PLAIN}" if self._colour else text

    def _line(self, text: str) -> None:
        self._stream.write(f"{_CLEAR_LINE if self._terminal else ''}{text}\n")
        self._stream.flush()
