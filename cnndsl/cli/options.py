"""The options of every command."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from cnndsl._version import __version__
from cnndsl.cli import options_specs as specs
from cnndsl.cli import options_training as training
from cnndsl.cli import options_weights as weights
from cnndsl.cli.parser import FORMATTER, Parser
from cnndsl.tasks import TASKS

if TYPE_CHECKING:
    from cnndsl.cli.console import Console

COMMANDS = {
    "compile": "write the Flax modules of specs",
    "check": "prove the shapes and the counts of specs",
    "fmt": "give specs their one layout",
    "summary": "show parameters, MACs and shapes of networks",
    "list": "list the networks that come with cnndsl",
    "show": "print a spec that comes with cnndsl",
    "new": "start a spec from one that comes with cnndsl",
    "ops": "list the ops, or describe one",
    "explain": "explain an error code",
    "weights": "inspect and compare files of weights, bring them into networks and out",
    "train": "train a network on images",
    "eval": "judge a trained network by images",
    "predict": "ask a trained network what images show",
    "lsp": "serve an editor, over the language server protocol",
    "completion": "print a completion script for a shell",
}
_EXAMPLES = {
    **specs.EXAMPLES,
    "list": """\
examples:
  cnndsl list
  cnndsl list 'ResNet*' --json
  cnndsl list --task segmentation --max-params 40M""",
    "show": """\
examples:
  cnndsl show ResNet50                            the spec of a model
  cnndsl show resnet.cnn""",
    "new": """\
examples:
  cnndsl new net.cnn --like ResNet50""",
    "ops": """\
examples:
  cnndsl ops
  cnndsl ops conv""",
    "explain": """\
examples:
  cnndsl explain
  cnndsl explain E301""",
    **weights.EXAMPLES,
    **training.EXAMPLES,
    "lsp": """\
examples:
  cnndsl lsp                                      as editors start it: see docs/editor.md""",
    "completion": """\
examples:
  eval "$(cnndsl completion bash)"                in ~/.bashrc
  eval "$(cnndsl completion zsh)"                 in ~/.zshrc, after compinit
  cnndsl completion fish > ~/.config/fish/completions/cnndsl.fish""",
}


def parse_arguments(argv: Sequence[str]) -> argparse.Namespace:
    """The call as values; `run` is the command's function. Raises `SystemExit`."""
    Parser.given = argv
    return build_parser().parse_args(argv)


@cache  # a process may make many calls
def build_parser() -> Parser:
    parser = Parser(
        prog="cnndsl",
        description="Compiles CNN architectures, written the way papers state them, to Flax.",
        epilog="`cnndsl COMMAND --help` describes a command.",
        allow_abbrev=False,
        formatter_class=FORMATTER,
    )
    parser.add_argument("--version", action="version", version=f"cnndsl {__version__}")
    _color(parser, default="auto")
    commands = parser.add_subparsers(
        metavar="COMMAND",
        required=True,
        parser_class=Parser,
        prog=parser.prog,
    )
    for name, help in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=help,
            description=help[0].upper() + help[1:] + ".",
            epilog=_EXAMPLES[name],
            formatter_class=FORMATTER,
            allow_abbrev=False,
        )
        _color(command, default=argparse.SUPPRESS)
        _ADD[name](command)
        command.set_defaults(run=_lazily(name))
    return parser


def _lazily(name: str) -> Callable[[argparse.Namespace, Console], int]:
    """A command's `run`; only the command that is called is imported."""

    def run(arguments: argparse.Namespace, console: Console) -> int:
        from importlib import import_module

        return import_module(f"cnndsl.cli.{name}").run(arguments, console)

    return run


def _color(parser: argparse.ArgumentParser, default: str) -> None:
    choices = ("auto", "always", "never")
    help = "colour what is printed (auto: on a terminal, unless NO_COLOR is set)"
    parser.add_argument("--color", choices=choices, default=default, help=help)


def _add_list(parser: argparse.ArgumentParser) -> None:
    help = "the models whose names match, in any case (default: all)"
    parser.add_argument("glob", nargs="?", default="*", metavar="GLOB", help=help)
    help = "the networks of one task: " + ", ".join(TASKS)
    parser.add_argument("--task", choices=TASKS, metavar="TASK", help=help)
    help = "those of at most so many trainable parameters, as 25.6M"
    parser.add_argument("--max-params", type=_count, metavar="N", help=help)
    help = "those of at most so many MACs, as 4.1G"
    parser.add_argument("--max-macs", type=_count, metavar="N", help=help)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def _count(text: str) -> int:
    """`25_557_032`, `25.6M` and `4.1G`, as papers and specs write counts."""
    written = re.fullmatch(r"(\d[\d_,]*(?:\.\d+)?)([kKMGBT]?)", text)
    if written is None:
        raise argparse.ArgumentTypeError(f"`{text[:40]}` is no count such as 25.6M, 4.1G or 60000")
    number = Decimal(written[1].replace("_", "").replace(",", ""))
    return int(number * 1000 ** "_KMGT".index(written[2].upper().replace("B", "G") or "_"))


def _add_show(parser: argparse.ArgumentParser) -> None:
    help = "a model of the zoo, or a spec of it, such as resnet.cnn"
    parser.add_argument("name", metavar="NAME", help=help)


def _add_new(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a .cnn file to write, which is not there yet")
    help = "the model of the zoo, or the spec of it, that it starts from"
    parser.add_argument("--like", required=True, metavar="NAME", help=help)


def _add_ops(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="an op, such as conv")


def _add_explain(parser: argparse.ArgumentParser) -> None:
    help = "a code, such as E301; without one, all are listed"
    parser.add_argument("code", nargs="?", metavar="CODE", help=help)


def _add_lsp(parser: argparse.ArgumentParser) -> None:
    help = "speak over standard input and output, which is the only way there is"
    parser.add_argument("--stdio", action="store_true", help=help)


def _add_completion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell")


_ADD = {
    "compile": specs.add_compile,
    "check": specs.add_check,
    "fmt": specs.add_fmt,
    "summary": specs.add_summary,
    "list": _add_list,
    "show": _add_show,
    "new": _add_new,
    "ops": _add_ops,
    "explain": _add_explain,
    "weights": weights.add_weights,
    "train": lambda parser: training.add_train(parser, specs.add_choice),
    "eval": training.add_eval,
    "predict": training.add_predict,
    "lsp": _add_lsp,
    "completion": _add_completion,
}
