"""The options of the commands that read specs."""

from __future__ import annotations

import argparse

FORMATS = ("human", "concise", "json", "github", "sarif")  # of diagnostics
EXAMPLES = {
    "compile": """\
examples:
  cnndsl compile specs/vgg16.cnn                  write generated/vgg16.py
  cnndsl compile specs/*.cnn --check              are the modules what the specs say?
  cnndsl compile ResNet50                         of the zoo: write generated/resnet50.py
  cnndsl compile specs --watch                    write what changes, until Ctrl-C
  cnndsl compile net.cnn -o - --set classes=10    print the module for ten classes""",
    "check": """\
examples:
  cnndsl check specs                              every spec below a folder
  cnndsl check specs/vgg16.cnn --json             for an editor or a script
  cnndsl check specs --output-format github       for a workflow; concise and sarif, too
  cnndsl check net.cnn --run                      are its own layers what it says of them?
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
}


def add_specs(parser: argparse.ArgumentParser) -> None:
    help = "specs to read, folders of specs, or models of the zoo by name; `-` is standard input"
    parser.add_argument("specs", nargs="+", metavar="SPEC", help=help)
    add_stdin_filename(parser)


def add_stdin_filename(parser: argparse.ArgumentParser) -> None:
    help = "what to call standard input, and whose folder its `use` reads from"
    parser.add_argument("--stdin-filename", metavar="NAME", help=help)


def add_watch(parser: argparse.ArgumentParser) -> None:
    help = "go on, and once more with what changes, used files included; Ctrl-C ends it"
    parser.add_argument("--watch", action="store_true", help=help)


def add_choice(parser: argparse.ArgumentParser, required: bool = False) -> None:
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


def add_compile(parser: argparse.ArgumentParser) -> None:
    add_specs(parser)
    help = "a folder, a file ending in .py, or - for standard output (default: `output` in "
    help += "[tool.cnndsl] of pyproject.toml, or generated/)"
    parser.add_argument("-o", "--output", metavar="DIR|FILE|-", help=help)
    add_choice(parser)
    help = "write nothing; exit with 1 if a module is missing or stale"
    parser.add_argument("--check", action="store_true", help=help)
    help = "write nothing; show what would change, and exit with 1 if anything would"
    parser.add_argument("--diff", action="store_true", help=help)
    add_watch(parser)
    help = "replace files that were edited since, or that cnndsl did not write"
    parser.add_argument("--force", action="store_true", help=help)
    help = "print one stage of the compiler instead: the syntax tree, the networks, the tree of "
    help += "the module, the module, or the one that trains its networks"
    parser.add_argument("--emit", choices=("ast", "ir", "tree", "py", "training"), help=help)


def add_check(parser: argparse.ArgumentParser) -> None:
    add_specs(parser)
    add_watch(parser)
    help = "how to print the diagnostics (default: human)"
    parser.add_argument("--output-format", choices=FORMATS, default="human", help=help)
    help = "exit with 1 for warnings, too (default: as [tool.cnndsl] of pyproject.toml says)"
    strict = argparse.BooleanOptionalAction
    parser.add_argument("--strict", action=strict, default=None, help=help)
    help = (
        "import the classes that ops of the specs name (`op … from`), and hold what the specs say "
    )
    help += "of them against what they do; of specs that you trust"
    parser.add_argument("--run", action="store_true", dest="asks_classes", help=help)
    help = "the same as --output-format json"
    parser.add_argument(
        "--json", action="store_const", const="json", dest="output_format", help=help
    )


def add_fmt(parser: argparse.ArgumentParser) -> None:
    help = "specs, or folders of specs; `-` is standard input"
    parser.add_argument("specs", nargs="+", metavar="SPEC", help=help)
    help = "write nothing; exit with 1 if a spec has another layout"
    parser.add_argument("--check", action="store_true", help=help)
    help = "write nothing; show what would change, and exit with 1 if anything would"
    parser.add_argument("--diff", action="store_true", help=help)
    help = "write the shapes of stages in as assertions"
    parser.add_argument("--annotate", action="store_true", help=help)
    add_stdin_filename(parser)


def add_summary(parser: argparse.ArgumentParser) -> None:
    add_specs(parser)
    add_choice(parser)
    parser.add_argument("--layers", action="store_true", help="every layer, by its attribute")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
