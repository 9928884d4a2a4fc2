"""Times checking the whole zoo, cold, against Keras building the networks that both have.

    python benchmarks/zoo_check.py [--runs 5] [--output FILE]

A check proves every spec of specs/ in one fresh process. Keras builds, in another one, each of its
applications that the zoo has too, with random weights; that takes minutes. The ratio is one of
processor times, so that what else the machine does hits neither side; that the check has more
networks than Keras, it leaves out of account. Exits with 1 past a target.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

from measuring import cnndsl, machine, output, processor_seconds, report, row, seconds, specs

CHECK_TARGET = 2.0  # seconds
RATIO_TARGET = 0.01

APPLICATIONS = (
    "DenseNet121",
    "DenseNet169",
    "DenseNet201",
    *(f"EfficientNetB{number}" for number in range(8)),
    "InceptionResNetV2",
    "InceptionV3",
    "MobileNet",
    "MobileNetV2",
    "NASNetLarge",
    "NASNetMobile",
    "ResNet50",
    "ResNet101",
    "ResNet152",
    "ResNet50V2",
    "ResNet101V2",
    "ResNet152V2",
    "VGG16",
    "VGG19",
    "Xception",
)


def build() -> dict[str, float]:
    """Processor seconds that Keras takes for every network, one after the other in this process."""
    import keras

    times = {}
    for name in APPLICATIONS:
        start = time.process_time()
        getattr(keras.applications, name)(weights=None)
        times[name] = round(time.process_time() - start, 3)
        keras.backend.clear_session(free_memory=True)
    return times


def measure(runs: int) -> dict[str, object]:
    command = [*cnndsl(), "check", *specs()]
    seconds(command)  # byte code and page cache
    check = statistics.median(seconds(command) for _ in range(runs))
    work = statistics.median(processor_seconds(command) for _ in range(runs))
    times = json.loads(output([sys.executable, __file__, "--build"], KERAS_BACKEND="jax"))
    keras = sum(times.values())
    return {
        "machine": machine("keras", "jax"),
        "figures": [
            row(f"cold check of all {len(specs())} specs (s)", check, CHECK_TARGET),
            row("its processor time (s)", work, None),
            row(f"processor time of Keras building {len(times)} of the networks (s)", keras, None),
            row("ratio of the processor times", work / keras, RATIO_TARGET),
        ],
        "keras": times,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Times checking the zoo against Keras.")
    parser.add_argument("--runs", type=int, default=5, help="runs of the check (default: 5)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the JSON to a file")
    parser.add_argument("--build", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()

    if options.build:
        print(json.dumps(build()))
        return
    result = measure(options.runs)
    report(result, options.output)
    if not all(figure["met"] for figure in result["figures"]):
        sys.exit(1)


if __name__ == "__main__":
    main()
