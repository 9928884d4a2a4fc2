"""The parser of the command line, which complains as the diagnostics do."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, NoReturn

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

# A width of its own: argparse imports a lot to measure the terminal, for every option.
FORMATTER = partial(argparse.RawDescriptionHelpFormatter, width=96)


class Parser(argparse.ArgumentParser):
    """Complains in the style of the diagnostics, and in a line or two."""

    given: ClassVar[Sequence[str]] = ()  # the words of the call

    def error(self, message: str) -> NoReturn:
        from cnndsl.terminal import complaint

        help = self._meant(message) or f"`{self.prog} --help` shows how to call it"
        self.exit(2, complaint(message, help))

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        """Help and version, to where results go; argparse itself would swallow a full disk."""
        from cnndsl.cli.console import Console

        if file is sys.stdout:
            Console().line(message.removesuffix("\n"))
        else:
            super()._print_message(message, file)

    def _meant(self, message: str) -> str | None:
        """What a command or an option that there is not was probably to be."""
        from cnndsl.suggest import did_you_mean

        if choice := re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message):
            return did_you_mean(choice[1], re.findall(r"[\w-]+", choice[2]))
        known = {name for parser in self._called() for name in parser._option_string_actions}
        options = [word.partition("=")[0] for word in self.given if word.startswith("--")]
        unknown = next((option for option in options if option not in known), None)
        return None if unknown is None else did_you_mean(unknown, known)

    def _called(self) -> Iterator[argparse.ArgumentParser]:
        """This parser, and that of the command that the call names."""
        yield self
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                named = [word for word in self.given if word in action.choices]
                yield from (action.choices[word] for word in named[:1])
