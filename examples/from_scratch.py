"""From an idea to a trained network: a spec, a folder of images, a run.

    python examples/from_scratch.py

Draws circles, squares and triangles into folders, one per kind, writes a spec for pictures of that
size, trains it, and asks it about pictures that it never saw. With your own, only `draw` goes.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw

from cnndsl.training import Settings, fit
from cnndsl.training.use import trained

SIDE = 24
KINDS = ("circle", "square", "triangle")
SPEC = """\
# Three convolutions and a linear classifier, for small gray pictures.
model Shapes(classes = 3) {
  input 24x24x1
  stage body {
    conv(16, 3, bias = false) -> bn -> relu -> max_pool(2)
    conv(32, 3, bias = false) -> bn -> relu -> max_pool(2)
    conv(32, 3, bias = false) -> bn -> relu
  }
  stage head { global_avg_pool -> dense(classes) }
  train {
    optimizer adamw
    schedule cosine(peak = 3e-3, warmup = 1)
    epochs 8
    batch 32
    augment flip, crop(pad = 2)
  }
}
"""


def draw(kind: str, rng: random.Random) -> Image.Image:
    """A white shape of any size and place on black."""
    image = Image.new("L", (SIDE, SIDE))
    pen = ImageDraw.Draw(image)
    size = rng.randint(9, 15)
    x, y = rng.randint(1, SIDE - size - 1), rng.randint(1, SIDE - size - 1)
    if kind == "circle":
        pen.ellipse((x, y, x + size, y + size), fill=255)
    elif kind == "square":
        pen.rectangle((x, y, x + size, y + size), fill=255)
    else:
        pen.polygon([(x, y + size), (x + size, y + size), (x + size // 2, y)], fill=255)
    return image


def write_pictures(folder: Path, count: int, seed: int) -> None:
    """So many pictures of every kind, in a folder per kind."""
    rng = random.Random(seed)
    for kind in KINDS:
        (folder / kind).mkdir(parents=True)
        for number in range(count):
            draw(kind, rng).save(folder / kind / f"{number:03}.png")


def main() -> float:
    parser = argparse.ArgumentParser(description="Trains a network of one's own on pictures.")
    parser.add_argument("--pictures", type=int, default=100, help="of every kind")
    parser.add_argument("--epochs", type=int, help="in place of the spec's")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="shapes-"))
    write_pictures(folder / "pictures", options.pictures, seed=0)
    write_pictures(folder / "new", 3, seed=1)
    spec = folder / "shapes.cnn"
    spec.write_text(SPEC, encoding="utf-8")

    settings = Settings(str(spec), data=str(folder / "pictures"), epochs=options.epochs)
    finished = fit(settings, folder / "run", say=print)
    print(f"{100 * finished.accuracy:.1f} % of the held-out pictures; see {folder}/run/report.html")

    new = sorted((folder / "new").rglob("*.png"))
    for path, guesses in zip(new, trained(folder / "run").predict(new), strict=True):
        print(f"{path.parent.name}: {guesses[0].name}, {100 * guesses[0].probability:.0f} %")
    return finished.accuracy


if __name__ == "__main__":
    main()
