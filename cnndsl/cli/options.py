"""The options of every command."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, NoReturn

from cnndsl._version import __version__
from cnndsl.cli import options_training as training

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

    from cnndsl.cli.console import Console

FORMATS = ("human", "concise", "json", "github", "sarif")  # of diagnostics
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
    "compile": """\
examples:
  cnndsl compile specs/vgg16.cnn                  write generated/vgg16.py
  cnndsl compile specs/*.cnn --check              are the modules what the specs say?
  cnndsl compile ResNet50                         of the zoo: write generated/resnet50.py
  cnndsl compile net.cnn -o - --set classes=10    print the module for ten classes""",
    "check": """\
examples:
  cnndsl check specs                              every spec below a folder
  cnndsl check specs/vgg16.cnn --json             for an editor or a script
  cnndsl check specs --output-format github       for a workflow; concise and sarif, too
  cnndsl check - --stdin-filename net.cnn < net.cnn

Lines and columns in JSON count from 1, in characters; end_column is the one after the last.""",
    "fmt": """\
examples:
  cnndsl fmt specs                                every spec below a folder
  cnndsl fmt specs/vgg16.cnn --diff               show what would change
  cnndsl fmt net.cnn --annotate                   write its shapes in as assertions
  cnndsl fmt - < net.cnn                          print the layout of standard input""",
    "summary": """\
examples:
  cnndsl summary specs/vgg16.cnn
  cnndsl summary specs/resnet.cnn --model ResNet50 --layers
  cnndsl summary ResNet50                         a model of the zoo
  cnndsl summary specs/vgg16.cnn --set classes=10 --json""",
    "list": """\
examples:
  cnndsl list
  cnndsl list 'ResNet*' --json""",
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
    "weights": """\
examples:
  cnndsl weights inspect resnet50.pth
  cnndsl weights import resnet50.pth --model ResNet50 -o resnet50.safetensors
  cnndsl weights import resnet50.pth --spec specs/resnet.cnn --model ResNet50 --dry-run
  cnndsl weights export resnet50.safetensors --layout torchvision -o resnet50.pth
  cnndsl weights diff resnet50.pth resnet50.safetensors""",
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


# A width of its own: argparse imports a lot to measure the terminal, for every option.
_FORMATTER = partial(argparse.RawDescriptionHelpFormatter, width=96)


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


def parse_arguments(argv: Sequence[str]) -> argparse.Namespace:
    """The call as values; `run` is the command's function. Raises `SystemExit`."""
    Parser.given = argv
    return build_parser().parse_args(argv)


def build_parser() -> Parser:
    parser = Parser(
        prog="cnndsl",
        description="Compiles CNN architectures, written the way papers state them, to Flax.",
        epilog="`cnndsl COMMAND --help` describes a command.",
        allow_abbrev=False,
        formatter_class=_FORMATTER,
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
            formatter_class=_FORMATTER,
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


def _specs(parser: argparse.ArgumentParser) -> None:
    help = "specs to read, folders of specs, or models of the zoo by name; `-` is standard input"
    parser.add_argument("specs", nargs="+", metavar="SPEC", help=help)
    _stdin_filename(parser)


def _stdin_filename(parser: argparse.ArgumentParser) -> None:
    help = "what to call standard input, and whose folder its `use` reads from"
    parser.add_argument("--stdin-filename", metavar="NAME", help=help)


def _choice(parser: argparse.ArgumentParser, required: bool = False) -> None:
    help = "of this model" if required else "of this model only"
    parser.add_argument("--model", metavar="NAME", required=required, help=help)
    parser.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a model parameter, as the language writes its value: depths=[2, 2, 2, 2]",
    )
    parser.add_argument(
        "--input",
        metavar="HxWxC",
        dest="set",
        action="append",
        type="input={}".format,
        help="an image of another size than the spec's, of which it then asserts nothing",
    )


def _add_compile(parser: argparse.ArgumentParser) -> None:
    _specs(parser)
    help = "a folder, a file ending in .py, or - for standard output (default: generated/)"
    parser.add_argument("-o", "--output", metavar="DIR|FILE|-", help=help)
    _choice(parser)
    help = "write nothing; exit with 1 if a module is missing or stale"
    parser.add_argument("--check", action="store_true", help=help)
    help = "write nothing; show what would change, and exit with 1 if anything would"
    parser.add_argument("--diff", action="store_true", help=help)
    help = "replace files that were edited since, or that cnndsl did not write"
    parser.add_argument("--force", action="store_true", help=help)
    help = "print one stage of the compiler instead: the syntax tree, the networks, the tree of "
    help += "the module, the module, or the one that trains its networks"
    parser.add_argument("--emit", choices=("ast", "ir", "tree", "py", "training"), help=help)


def _add_check(parser: argparse.ArgumentParser) -> None:
    _specs(parser)
    help = "how to print the diagnostics (default: human)"
    parser.add_argument("--output-format", choices=FORMATS, default="human", help=help)
    parser.add_argument("--strict", action="store_true", help="exit with 1 for warnings, too")
    help = "the same as --output-format json"
    parser.add_argument(
        "--json", action="store_const", const="json", dest="output_format", help=help
    )


def _add_fmt(parser: argparse.ArgumentParser) -> None:
    help = "specs, or folders of specs; `-` is standard input"
    parser.add_argument("specs", nargs="+", metavar="SPEC", help=help)
    help = "write nothing; exit with 1 if a spec has another layout"
    parser.add_argument("--check", action="store_true", help=help)
    help = "write nothing; show what would change, and exit with 1 if anything would"
    parser.add_argument("--diff", action="store_true", help=help)
    help = "write the shapes of stages in as assertions"
    parser.add_argument("--annotate", action="store_true", help=help)
    _stdin_filename(parser)


def _add_summary(parser: argparse.ArgumentParser) -> None:
    _specs(parser)
    _choice(parser)
    parser.add_argument("--layers", action="store_true", help="every layer, by its attribute")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def _add_list(parser: argparse.ArgumentParser) -> None:
    help = "the models whose names match, in any case (default: all)"
    parser.add_argument("glob", nargs="?", default="*", metavar="GLOB", help=help)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


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


def _add_weights(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(
        dest="action", metavar="ACTION", required=True, parser_class=Parser, prog=parser.prog
    )
    inspect, bring, send, diff = (
        actions.add_parser(name, help=help, formatter_class=_FORMATTER, allow_abbrev=False)
        for name, help in (
            ("inspect", "list the layers of a file"),
            ("import", "fill a network from a file"),
            ("export", "write weights as torchvision, timm or Keras have them"),
            ("diff", "compare two files; exit with 1 if they differ"),
        )
    )
    for action in (inspect, bring, send, diff):
        help = ".safetensors, .pth, .weights.h5, .h5, .keras or .npz"
        action.add_argument("file", metavar="FILE", help=help)
    inspect.add_argument("--json", action="store_true", help="print the tensors as JSON")
    diff.add_argument("other", metavar="OTHER", help="the file to compare it with")
    for action in (bring, send, diff):
        help = "the network's spec (default: that of the model in the zoo)"
        action.add_argument("--spec", metavar="SPEC", help=help)
        _choice(action, required=action is bring)
    bring.add_argument("-o", "--output", metavar="FILE", help="a .safetensors file to write")
    help = "a TOML file that says which layer is which"
    bring.add_argument("--map", metavar="FILE", help=help)
    help = "write nothing; show which layer would be filled from which"
    bring.add_argument("--dry-run", action="store_true", help=help)
    help = "leave out the layers that give the logits, of both"
    bring.add_argument("--skip-head", action="store_true", help=help)
    help = "write where every tensor went, and why; a .txt or a .json file"
    bring.add_argument("--report", metavar="FILE", help=help)
    help = "whose names the weights get"
    choices = ("torchvision", "timm", "keras")
    send.add_argument("--layout", required=True, choices=choices, help=help)
    help = "a .safetensors, .pth or, for Keras, .h5 file to write"
    send.add_argument("-o", "--output", required=True, metavar="FILE", help=help)


def _add_lsp(parser: argparse.ArgumentParser) -> None:
    help = "speak over standard input and output, which is the only way there is"
    parser.add_argument("--stdio", action="store_true", help=help)


def _add_completion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell")


_ADD = {
    "compile": _add_compile,
    "check": _add_check,
    "fmt": _add_fmt,
    "summary": _add_summary,
    "list": _add_list,
    "show": _add_show,
    "new": _add_new,
    "ops": _add_ops,
    "explain": _add_explain,
    "weights": _add_weights,
    "train": lambda parser: training.add_train(parser, _choice),
    "eval": training.add_eval,
    "predict": training.add_predict,
    "lsp": _add_lsp,
    "completion": _add_completion,
}
