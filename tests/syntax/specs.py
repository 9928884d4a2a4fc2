"""Specs of language.md that every part of the syntax is tested on."""

VGG = """\
# Very deep convolutional networks: 3x3 convolutions all the way.
#
# Simonyan & Zisserman, 2014, Table 1

# `n` convolutions, then half the resolution.
block convs(filters, n) {
  { conv(filters, 3x3) -> relu } * n
  max_pool(2x2)
}

# Configuration D.
model VGG16(classes = 1000, depths = [2, 2, 3, 3, 3]) {
  input 224x224x3
  stage conv1 { convs(64, depths[0]) }    : 112x112x64
  stage head {
    flatten
    { dense(4096) -> relu -> dropout(0.5) } * 2
    dense(classes)
  }
  expect params 138_357_544
}

# Configuration E.
model VGG19 = VGG16(depths = [2, 2, 4, 4, 4]) { expect params 143_667_240 }
"""

BLOCKS = """\
# Residual bottleneck; the shortcut is a projection only where the shape changes.
block bottleneck(width, stride = 1) {
  let out = 4 * width
  add [
    conv(width, 1, bias = false) -> bn -> relu
      -> conv(width, 3, stride = stride, bias = false) -> bn -> relu
      -> conv(out, 1, bias = false) -> bn
    shortcut(out, stride)
  ] -> relu
}
block shortcut(out, stride) {
  if stride != 1 or in.channels != out { conv(out, 1, stride = stride, bias = false) -> bn }
}

# DenseNet: a layer sees everything before it.
block dense_layer(growth) {
  concat [ here, bn -> relu -> conv(4 * growth, 1) -> bn -> relu -> conv(growth, 3) ]
}

# Squeeze and excitation.
block se(squeezed) {
  mul [ here, global_avg_pool(keep = true) -> conv(squeezed, 1) -> swish -> sigmoid ]
}

# NASNet's normal cell; `prev` is a tensor.
block normal(prev, filters) {
  if prev == none { p = in } else { p = prev -> adjust(like = in, filters = filters) }
  h = in -> relu -> conv(filters, 1, bias = false) -> bn
  padded = h -> pad([h.height % 2, 1, h.width % 2, 1])
  concat [
    p
    add [ h -> sep(filters, 5), p -> sep(filters, 3) ]
    add [ h -> avg_pool(3, stride = 1, pad = same), p ]
  ]
}
"""

EVERYTHING = """\
use "resnet_blocks.cnn"
fn round8(c) = max(8, int(c + 4) // 8 * 8)     # a compile-time function: one expression
fn make_divisible(c, divisor = 8) = (
  round_to(c, divisor) + (divisor if round_to(c, divisor) < 0.9 * c else 0)
)

block norm() { bn(momentum = 0.99, eps = 1.001e-5) }
block identity() { }

model EfficientNet(width = 1.0, depth = 1.0, size = 224) {
  input [size, size, 3]
  let table = [
    [3, 1, 16, 1, 1], [3, 2, 24, 6, 2], [5, 2, 40, 6, 2], [3, 3, 80, 6, 2]
    [5, 3, 112, 6, 1], [5, 4, 192, 6, 2], [3, 1, 320, 6, 1],
  ]
  let done = 0
  stage stem {
    conv(
      round8(32 * width),
      3,
      stride = 2
    ) -> norm
  } : [56, 56, 2 * growth]
  for kernel, repeats, filters, expand, stride in table {
    for i in 0 .. ceil(depth * repeats) {
      mbconv(round8(width * filters), kernel, stride if i == 0 else 1, rate * done / total)
      let done = done + 1
    }
    if i < len(depths) - 1 { stage transition { compress } } else if not skip {
      here
    }
    else { unit * (depths[i] - 1) * 2 }
  }
  aux aux1(weight = 0.3) { classifier(classes) }
  relu -> conv(64, 1x7, init = "he_normal") as features : 7x7x64
  here : shape
  expect params 25_557_032 within 1%
  expect macs 1_582_671_872 within 0.5 %
  expect output [classes]
  train {
    optimizer sgd(momentum = 0.9, nesterov = true)
    schedule cosine(peak = 0.1, warmup = 5)
    epochs 90
    weight_decay 1e-4
    augment random_resized_crop(224), flip
  }
}
model EfficientNetB1 = EfficientNet(1.0, 1.1, 240)
model Copy = EfficientNet { expect params 1 }
"""

ALL = (VGG, BLOCKS, EVERYTHING)
