"""The options of the commands that train networks and use them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TypeVar

Number = TypeVar("Number", int, float)

EXAMPLES = {
    "train": """\
examples:
  cnndsl train LeNet5ReLU                         on handwritten digits that need no download
  cnndsl train ResNet20 --data ~/cifar-10-batches-bin --epochs 10
  cnndsl train net.cnn --data photos --weights net.safetensors --freeze stem --freeze layer1
  cnndsl train --resume runs/resnet20-1           go on with a run that was interrupted""",
    "eval": """\
examples:
  cnndsl eval runs/resnet20-1                     by the images that its run held out
  cnndsl eval runs/resnet20-1 --data photos --json""",
    "predict": """\
examples:
  cnndsl predict runs/resnet20-1 cat.jpg dog.jpg
  cnndsl predict runs/resnet20-1 *.png --json""",
}
_DATA = (
    "`digits`, `hf:NAME`, a .npz file, or a folder: of a folder of images per class, of IDX files "
    "or of CIFAR's .bin files"
)


def _at_least(least: Number, kind: type[Number]) -> Callable[[str], Number]:
    def number(text: str) -> Number:
        value = kind(text)
        if not least <= value < float("inf"):
            raise ValueError(text)
        return value

    number.__name__ = f"{'integer' if kind is int else 'number'} from {least} on"
    return number


_COUNT = _at_least(1, int)
_WHOLE = _at_least(0, int)
_RATE = _at_least(0.0, float)


def add_train(
    parser: argparse.ArgumentParser, choice: Callable[[argparse.ArgumentParser], None]
) -> None:
    """`choice` adds --model and --set."""
    help = "a spec, or a model of the zoo by name; with --resume not needed"
    parser.add_argument("spec", nargs="?", metavar="SPEC", help=help)
    choice(parser)
    parser.add_argument(
        "--data", default="digits", metavar="SOURCE", help=f"{_DATA} (default: digits)"
    )
    help = "images of another size: resize them, pad them with black, or refuse them"
    parser.add_argument("--fit", choices=("resize", "pad", "exact"), default="resize", help=help)
    help = "the run's folder (default: the next of runs/)"
    parser.add_argument("-o", "--output", metavar="DIR", help=help)
    help = "go on with the run of this folder, after its last checkpoint"
    parser.add_argument("--resume", metavar="RUN", help=help)
    recipe = parser.add_argument_group("the recipe")
    recipe.add_argument("--epochs", type=_COUNT, metavar="N", help="in place of the recipe's")
    recipe.add_argument(
        "--batch", type=_COUNT, metavar="N", help="images per step, over all devices"
    )
    recipe.add_argument("--rate", type=_RATE, metavar="X", help="the highest learning rate")
    help = "of parameters, order and augmentation (default: 0)"
    recipe.add_argument("--seed", type=_WHOLE, default=0, metavar="N", help=help)
    help = "what the network computes in; parameters and loss stay float32 (default: float32)"
    recipe.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32", help=help)
    help = "find the gradients of a batch in N parts, to save memory"
    recipe.add_argument("--accumulate", type=_COUNT, default=1, metavar="N", help=help)
    tuning = parser.add_argument_group("fine-tuning")
    help = "begin with the weights of a file; the last layer stays new if its classes are others"
    tuning.add_argument("--weights", metavar="FILE", help=help)
    help = "the last layer stays new even if it fits: for other classes, of the same number"
    tuning.add_argument("--new-head", action="store_true", help=help)
    help = "a stage, or a layer or part as `summary --layers` names it, that does not learn; repeat"
    tuning.add_argument("--freeze", metavar="PATH", action="append", default=[], help=help)
    input = parser.add_argument_group("input and output")
    help = "images stay on the device, or stream to it (auto: they stay where they fit)"
    input.add_argument(
        "--memory", choices=("auto", "resident", "stream"), default="auto", help=help
    )
    help = "processes that read images that stream (default: 0, threads)"
    input.add_argument("--workers", type=_WHOLE, default=0, metavar="N", help=help)
    help = "a checkpoint also every N steps"
    input.add_argument("--save-steps", type=_COUNT, metavar="N", help=help)
    input.add_argument("--tensorboard", action="store_true", help="write figures for TensorBoard")
    input.add_argument("--json", action="store_true", help="print a line of JSON for every event")
    devices = parser.add_argument_group("many devices")
    help = "part large parameters and the optimizer's state among the devices"
    devices.add_argument("--fsdp", action="store_true", help=help)
    help = "the first process; not needed under Slurm, Open MPI or in an indexed job of Kubernetes"
    devices.add_argument("--coordinator", metavar="HOST:PORT", help=help)
    help = "which process this is, from 0, of how many"
    devices.add_argument("--process", metavar="I/N", help=help)


def add_eval(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_folder", metavar="RUN", help="the folder of a run")
    help = f"other images than those held out: {_DATA}"
    parser.add_argument("--data", metavar="SOURCE", help=help)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def add_predict(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_folder", metavar="RUN", help="the folder of a run")
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="image files")
    parser.add_argument("--json", action="store_true", help="print the guesses as JSON")
