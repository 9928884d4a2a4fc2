"""What a reader would send back: names that say nothing or the opposite, numbers for no reason."""

from __future__ import annotations

from tests.compiled import CORNERS, compile_file, compile_text

SHORTCUT = """
block unit(width) {
  active = bn -> relu
  x = active -> conv(width, 1)
  if in.channels == width { shortcut = in } else { shortcut = active -> conv(width, 3) }
  add [ x, shortcut ]
}
model Net() { input 8x8x4
  unit(4) -> unit(8) }
"""


def test_a_flag_says_where_something_is():
    code = compile_text(SHORTCUT).code
    assert "self.has_conv = in_features != width" in code
    assert "shortcut = self.shortcut_conv(active) if self.has_conv else x" in code


INVERTED = """
block unit(width, stride) {
  y = depthwise(3, stride = stride) -> conv(width, 1)
  if stride == 1 and in.channels == width { add [ y, in ] } else { y }
}
block pooled(width, stride) {
  if stride > 1 and in.channels != width { avg_pool(2) }
  conv(width, 1)
}
model Net() { input 8x8x4
  unit(4, 1) -> unit(8, 1) -> unit(8, 2) -> pooled(8, 2) -> pooled(4, 1) -> pooled(2, 2) }
"""


def test_a_flag_is_called_after_what_it_decides():
    code = compile_text(INVERTED).code
    assert "self.residual = stride == 1 and in_features == width" in code
    assert "self.has_avg_pool = stride > 1 and in_features != width" in code
    assert "active" not in code


NEGATED = """
block unit(width, plain = false) {
  conv(width, 1)
  if not plain { relu }
}
model Net() { input 8x8x4
  unit(4) -> unit(8, plain = true) }
"""


def test_a_choice_is_not_negated():
    assert "x if self.plain else nnx.relu(x)" in compile_text(NEGATED).code


OUT = """
model Net(rows = [[4, 3], [8, 1]]) {
  input 8x8x4
  for out, kernel in rows { stage layer { conv(out, kernel) } }
}
"""


def test_a_constructor_has_no_endpoints():
    assert "for out, kernel in rows:" in compile_text(OUT).code


LONG = """
model Net() {
  input 224x224x3
  stage entrance { conv(64, 3, stride = 2, bias = false) -> bn -> hard_swish }
  stage body { conv(64, 3) }
}
"""


def test_an_endpoint_has_a_line_of_its_own_where_both_would_take_three():
    code = compile_text(LONG).code
    assert ')))  # (N, 112, 112, 64)\n        out["entrance"] = x\n\n' in code


ALIKE = """
block unit(width, deep) {
  if deep { conv(width, 1) -> bn -> relu -> conv(width, 3) -> bn }
  else { conv(width, 1) -> bn -> relu -> max_pool(3, stride = 1, pad = same) }
}
block stem(small) {
  if small { conv(8, 3) -> bn -> relu }
  else { conv(8, 7, stride = 2) -> bn -> relu
    max_pool(2) }
}
model Net(small = true) {
  input 32x32x4
  stem(small)
  unit(4, false) -> unit(4, true)
}
model Large = Net(small = false)
"""


def test_what_both_arms_do_stands_outside():
    code = compile_text(ALIKE).code
    assert code.count("self.conv1 = Conv(in_features, width, (1, 1)") == 1
    assert code.count("nnx.relu(self.norm1(self.conv1(x)))") == 1
    assert "        self.norm = Norm(8, rngs=rngs)\n" in code
    assert "if not self.small:\n            x = nnx.max_pool(x, (2, 2), (2, 2))" in code


HANDED = """
block unit(width, stride, pooled, paths, path, residual) {
  if pooled { avg_pool(3, stride = 1, pad = same) }
  y = conv(width * path // 4, 3, stride = stride, groups = paths) -> conv(width, 1)
  if residual and stride == 1 and in.channels == width { add [ y, in ] } else { y }
}
model Net(depths = [2, 3], pooled = true, paths = 2, path = 4, residual = true) {
  input 32x32x4
  for i, depth in enumerate(depths) {
    stage layer {
      unit(8 * 2 ** i, 2, pooled, paths, path, residual)
      unit(8 * 2 ** i, 1, pooled, paths, path, residual) * (depth - 1)
    }
  }
}
model Other = Net(depths = [1, 2], pooled = false, paths = 4, path = 8, residual = false)
"""


def test_a_partial_has_what_all_uses_hand_on():
    code = compile_text(HANDED).code
    assert "            residual=self.residual,\n            rngs=rngs,\n        )\n" in code
    assert "unit(features, 8 * 2**i, 2)" in code
    assert code.count("self.residual") == 3  # handed on once; kept and read by a unit


def test_channels_that_arguments_say_are_no_table():
    path = CORNERS / "packs_exchanged_by_width.cnn"
    code = compile_file(path).code
    assert "out_features" not in code
    assert "xs_features = (self.width, 2 * self.width, 4 * self.width)" in code
    assert "exchange(xs_features)" in code


PYRAMID = """
block pyramid(maps, width) {
  tops = [ for i in 0 .. len(maps) { maps[i] -> conv(width, 1) } ]
  levels = [ for i in 0 .. len(tops) { tops[i] -> conv(width, 3) } ]
  return levels
}
model Net() {
  input 16x16x3
  a = conv(4, 3)
  b = a -> conv(8, 3, stride = 2)
  maps = [ a, b ]
  levels = pyramid(maps, 8)
  levels[1]
}
"""


def test_a_list_that_a_loop_fills_is_one_expression():
    code = compile_text(PYRAMID).code
    wanted = "return [conv(top) for top, conv in zip(tops, self.levels_conv, strict=True)]"
    assert wanted in code
    assert "tops = [" in code


REREAD = """
block last(maps, width) {
  tops = [ for i in 0 .. len(maps) { maps[i] -> conv(width, 1) } ]
  for x in [1, 2] { tops = [ for i in 0 .. len(tops) { tops[i] -> conv(width, x) } ] }
  return tops
}
model Net() {
  input 16x16x3
  a = conv(4, 3)
  b = conv(8, 3)
  maps = [ a, b ]
  tops = last(maps, 8)
  add tops
}
"""


def test_lists_that_loops_make_again():
    """A compile proves its module."""
    assert " for " in compile_text(REREAD).code


SLICES = """
block halves(seen) {
  concat [ channels(0, seen) -> conv(seen, 3), channels(seen, in.channels) ]
}
model Net() {
  input 8x8x8
  halves(4) -> conv(12, 1) -> halves(6)
}
"""


def test_a_slice_ends_where_its_tensor_does():
    assert "x[..., self.seen :]" in compile_text(SLICES).code


NESTED = """
model Features(depths = [1, 2], classes = 10) {
  input 16x16x3
  for i, depth in enumerate(depths) { stage layer { conv(8 * 2 ** i, 3) -> conv(8, 3) * depth } }
  stage head { global_avg_pool -> dense(classes) }
}
model Net() {
  input 16x16x3
  features = Features(classes = 0)
  features.layer1 -> conv(2, 1)
}
"""


def test_what_the_constructor_alone_reads_is_no_attribute():
    code = compile_text(NESTED).code
    assert "        depths = (1, 2)\n\n" in code
    assert "self.depths" not in code


def test_a_flag_that_a_block_does_not_follow_is_no_argument():
    code = compile_file(CORNERS / "flags_alike_everywhere.cnn").code
    unit = code[code.index("class Unit(") : code.index("class Units(")]
    assert "deep" not in unit.split("def __init__", 1)[1]
    assert "(N, H, W, in_features) -> (N, H, W, 4 * width)" in unit


STEM = """
fn round8(c) = max(8, int(c + 4) // 8 * 8)
model Net(width = 1.0, rows = [[8, 1], [16, 2]], classes = 10) {
  input 32x32x3
  stage stem { conv(round8(16 * width), 3, bias = false) -> bn -> relu }
  stage body {
    for c, n in rows {
      { conv(round8(c * width), 3, bias = false) -> bn -> relu } * n
    }
  }
  stage head { global_avg_pool -> dense(classes) }
}
"""


def test_what_is_as_wide_does_not_work_it_out_again():
    code = compile_text(STEM).code
    assert code.count("round8(16 * width)") == 1
    assert "self.stem_norm = Norm(features, rngs=rngs)" in code


PERHAPS = """
block gather(xs, width, more) {
  held = []
  if more { held = [ held.., xs[0] ] }
  concat [ here, held.. ] -> conv(width, 1)
}
model Net() {
  input 8x8x3
  xs = [ conv(4, 3), conv(4, 3) ]
  gather(xs, 8, true) -> gather(xs, 8, false)
}
"""


def test_a_list_of_perhaps_one_is_a_choice():
    assert "held = [xs[0]] if self.more else []" in compile_text(PERHAPS).code


SUMS = """
block gather(xs, width) {
  concat [ here, here, xs.. ] -> conv(width, 1)
}
model Net() {
  input 8x8x3
  a = conv(4, 3)
  b = conv(6, 3)
  xs = [ a, b ]
  ys = [ a ]
  gather(xs, 8) -> gather(ys, 8)
}
"""


def test_a_sum_names_what_it_knows():
    assert "2 * in_features + sum(xs_features)" in compile_text(SUMS).code


SLICED = """
model Net(depths = [1, 2, 2], factor = 2, width = 8, classes = 2) {
  input 16x16x4
  xs = [ conv(width, 3), conv(width, 3), conv(width, 3) ]
  concat xs[0 .. 2] -> conv(width, 1)
  for n in depths[1 .. len(depths)] { stage unit { conv(width, 3) * n } }
  for i in 0 .. 4 {
    conv(width, 3) -> relu
    if i >= 2 { conv(2, 3) as side }
  }
  conv(width * factor ** 2, 3) -> pixel_shuffle(factor) -> relu -> conv(classes, 3)
}
model Larger = Net(factor = 3)
"""


def test_slices_do_not_say_where_a_list_begins_and_ends():
    code = compile_text(SLICED).code
    assert "in depths[1:]" in code and "xs[:2]" in code


def test_nothing_is_added_that_is_negative():
    code = compile_text(SLICED).code
    assert 'out[f"side{i - 1}"]' in code and "+ -" not in code


def test_channels_between_positions_are_what_they_were_before():
    assert "conv(width, classes, (3, 3))" in compile_text(SLICED).code


ROUNDS = """
block unit(c, s) { conv(c, 3, stride = s) -> relu }
model Net(rows = [[4, 1], [8, 2]], classes = 5) {
  input 32x32x3
  for c, n in rows { for j in 0 .. n { stage s { unit(c, 2 if j == 0 else 1) } } }
  global_avg_pool -> dense(classes)
}
"""


def test_no_list_is_filled_that_nobody_reads():
    code = compile_text(ROUNDS).code
    assert "for j, block in enumerate(self.s):" in code
    assert "self.n" not in code


RATES = """
fn rates(n, top) = [top * i / max(n - 1, 1) for i in 0 .. n]
model Net(depth = 3, top = 0.1, classes = 5) {
  input 32x32x3
  let r = rates(depth, top)
  conv(4, 3)
  for i in 0 .. depth { add [ here, conv(4, 3) -> drop_path(r[i]) ] }
  global_avg_pool -> dense(classes)
}
"""


def test_a_function_of_the_spec_makes_its_list_in_the_module():
    code = compile_text(RATES).code
    assert "def rates(n: int, top: float) -> tuple[float, ...]:" in code
    assert "return tuple(top * i / max(n - 1, 1) for i in range(n))" in code
    assert "r = rates(depth, top)" in code


JOINED = """
block memory(long, width, n) {
  short = []
  for r in 0 .. n {
    conv(width, 3) -> relu
    short = [ short.., here ]
  }
  all = [ short.., long.. ]
  concat all -> conv(width, 1)
}
model Net(width = 4, n = 3) {
  input 8x8x3
  conv(width, 3)
  long = [ here ]
  for m in 0 .. 2 {
    memory(long, width, n)
    long = [ long.., here ]
  }
  here
}
"""


def test_a_list_does_not_take_in_what_is_another_with_it():
    code = compile_text(JOINED).code
    assert "all_ = [*short, *long]" in code
    assert "short.append(x)" in code and "extend" not in code


ITEMS = """
block unit(width, groups = 1) {
  add [
    if groups == 1 { conv(width, 3) -> relu -> conv(width, 3) }
    else { conv(width, 3, groups = groups) -> relu -> conv(width, 1) }
    if in.channels == width { here } else { conv(width, 1) }
  ]
}
model Net() { input 8x8x4
  unit(4) -> unit(8) -> unit(8, 2) }
"""


def test_a_merge_is_written_once_whatever_its_branches_are():
    code = compile_text(ITEMS).code
    assert code.count("y + x") == 1
    assert "branches" not in code


DOWN = """
model Net(width = 4, depth = 3) {
  input 32x32x3
  levels = []
  for i in 0 .. depth {
    stage down { conv(width * 2 ** i, 3, stride = 2) }
    levels = [ levels.., here ]
  }
  concat [ for k in 0 .. depth { levels[k] -> global_avg_pool } ] -> dense(2)
}
"""


def test_what_a_variable_has_just_got_is_not_worked_out_again():
    code = compile_text(DOWN).code
    assert "features = width * 2**i\n" in code
    assert "levels_features.append(features)" in code


NUMBERED = """
model Net(widths = [4, 8], levels = 3) { input 32x32x3
  for c in widths { for j in 0 .. 2 { conv(c, 3, stride = 2 - j) -> relu as s } }
  for i in 0 .. levels {
    for j in 0 .. i { conv(8, 3) -> relu as deep }
    max_pool(3, stride = 1)
  }
}
"""


def test_names_of_loops_in_loops_are_counted():
    code = compile_text(NUMBERED).code
    assert 'x = out[f"s{j + 1}"] = nnx.relu(conv(x))' in code
    assert 'number += 1\n                x = out[f"deep{number}"] = nnx.relu(conv(x))' in code
    assert "widths: tuple[int, int] = (4, 8)" in code
    assert "levels: int = 3" in code


CUT = """
block heads(xs, c) { ys = [ for i in 0 .. len(xs) { xs[i] -> conv(c, 1) } ]
  return ys }
model Net(c = 4, k = 2, classes = 5) {
  input 16x16x3
  xs = [ for i in 0 .. 4 { conv(c + i, 3) } ]
  ys = heads(xs[0 .. k], c)
  concat ys -> global_avg_pool -> dense(classes)
}
"""


def test_a_part_of_a_pack_ends_where_the_author_says():
    code = compile_text(CUT).code
    assert "Heads(xs_features[:k], c, rngs=rngs)" in code
    assert "self.ys(xs[: self.k])" in code and "nnx.Linear(k * c, classes" in code


ODD = """
block net(n, g) {
  xs = [ here ]
  for i in 0 .. n { xs = [ xs.., xs[-1] -> conv(g, 3) ] }
  concat [ for i in 0 .. n + 1 { if i % 2 == 1 { xs[i] } } ]
}
block sums(n, kernel) {
  add [
    for _ in 0 .. n { conv(8, kernel) -> relu }
    if kernel > 1 { conv(8, 1) }
    if in.channels == 8 { bn }
  ]
}
model Net() { input 16x16x8
  conv(8, 3) -> net(4, 3) -> sums(2, 3) -> sums(1, 1) }
"""


def test_a_list_that_grows_at_times_grows_in_place():
    code = compile_text(ODD).code
    assert "            if i % 2 == 1:\n                branches.append(xs[i])\n" in code
    assert "        if self.kernel > 1:\n            branches.append(" in code
    assert "[*branches" not in code


OWN = """
block mlp(ratio) { conv(in.channels * ratio, 1) -> gelu -> conv(in.channels, 1) }
block encoder(ratio) {
  x = add [ here, bn -> mlp(ratio) ]
  add [ x, x -> bn -> mlp(ratio) ]
}
model Net() { input 8x8x4
  encoder(2) -> encoder(4) }
"""


def test_the_name_x_is_the_authors():
    code = compile_text(OWN).code
    assert "        y = self.x_mlp(y)\n        x = x + y" in code
    assert "        y = self.mlp(y)\n        return x + y\n" in code


TRUNK = """
block trunk(width, n = 2) {
  for i in 0 .. 3 {
    { conv(width * 2 ** i, 3) -> relu } * n
    max_pool(2)
  }
  conv(5, 1)
}
model Net(width = 4) { input 32x32x3
  trunk(width) }
"""


def test_what_a_loop_leaves_is_not_set_again_behind_it():
    assert compile_text(TRUNK).code.count("features = width * 2**i") == 1


PASSED = """
block gated(width, last = false) {
  z = conv(width, 2)
  r = in
  if not last { r = add [ z, in ] }
  r
}
model Net(width = 8, layers = 4) {
  input 256x3
  conv(width, 2)
  for l in 0 .. layers { gated(width, l == layers - 1) }
  conv(5, 1)
}
"""


def test_the_channels_of_a_result_are_those_that_its_branches_say():
    code = compile_text(PASSED).code
    assert "-> (N, L, width)" in code
    assert "layers: int = 4" in code


COUNTED = """
model Net(repeat = 2, widths = [8, 16, 16]) {
  input 16x16x3
  skips = []
  for w in widths {
    for _ in 0 .. repeat { stage b { conv(w, 3) -> relu } }
    skips = [ skips.., here ]
  }
  concat [ for i in 0 .. len(skips) {
    if skips[i].channels > 8 { skips[i] -> conv(4, 1) } else { skips[i] }
  } ]
  conv(3, 1)
}
"""


def test_what_counts_has_a_name_and_channels_are_asked_of_tensors():
    code = compile_text(COUNTED).code
    assert 'out[f"b{number}"]' in code and "for _ in enumerate" not in code
    assert "skip.shape[-1] > 8" in code
    assert "self.skips_features" not in code


MIXED = """
block cbr(filters, kernel) { conv(filters, kernel) -> bn -> relu }
block path(convs) { for filters, kernel in convs { cbr(filters, kernel) } }
model Net(kernels = [[3, 5], 1]) { input 8x8x4
  path([[4, 1]]) -> path([[8, 1x7], [8, 3]])
  for k in kernels { conv(8, k) -> relu } }
"""


def test_a_table_that_mixes_windows_stands_once():
    code = compile_text(MIXED).code
    assert "Cbr(features, filters, as_pair(kernel), rngs=rngs)" in code
    assert "Path(4, ((8, (1, 7)), (8, 3)), rngs=rngs)" in code
    assert "for k in kernels:" in code
