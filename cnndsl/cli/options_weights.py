"""The options of `cnndsl weights` and its actions."""

from __future__ import annotations

import argparse

from cnndsl.cli.options_specs import add_choice
from cnndsl.cli.parser import FORMATTER, Parser

EXAMPLES = {
    "weights": """\
examples:
  cnndsl weights inspect resnet50.pth
  cnndsl weights import resnet50.pth --model ResNet50 -o resnet50.safetensors
  cnndsl weights import resnet50.pth --spec specs/resnet.cnn --model ResNet50 --dry-run
  cnndsl weights export resnet50.safetensors --layout torchvision -o resnet50.pth
  cnndsl weights diff resnet50.pth resnet50.safetensors""",
}


def add_weights(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(
        dest="action", metavar="ACTION", required=True, parser_class=Parser, prog=parser.prog
    )
    inspect, bring, send, diff = (
        actions.add_parser(name, help=help, formatter_class=FORMATTER, allow_abbrev=False)
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
        add_choice(action, required=action is bring)
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
