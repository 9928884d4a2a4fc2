"""What layers are called in summaries: names of their own, or names given from outside."""

from cnndsl.elaborate.paths import assign_paths, paths_of
from cnndsl.ir import Network
from cnndsl.pipeline import check_source
from cnndsl.source import Source
from cnndsl.summary import summarize_network
from cnndsl.walks import layers

TEXT = """\
block unit(width) { conv(width, 3) -> bn }
model Net {
  input 8x8x3
  stage stem { conv(4, 3) -> relu }
  stage body { unit(4) * 2 }
  aux side { flatten -> dense(2) }
  global_avg_pool -> dense(3)
}
"""


def network() -> Network:
    (found,) = check_source(Source("net.cnn", TEXT)).networks
    return found


def test_paths_say_stage_block_and_op():
    net = network()
    assert [row.path for row in summarize_network(net).layers] == [
        "stem.conv",
        "stem.relu",
        "body[0].conv",
        "body[0].bn",
        "body[1].conv",
        "body[1].bn",
        "side.flatten",
        "side.dense",
        "global_avg_pool",
        "dense",
    ]
    assert {"body[0]", "body[1]"} < set(paths_of(net).values())


def test_paths_can_be_given():
    net = network()
    first, *_, last = layers(net.frame)
    assign_paths(net, {first: "stem_conv", last: "head"})
    rows = [row.path for row in summarize_network(net).layers]
    assert (rows[0], rows[1], rows[-1]) == ("stem_conv", "stem.relu", "head")


def test_rows_without_a_name_take_none_of_a_stage():
    text = """\
block cell(n) { conv(n, 3) -> relu }
model Net {
  input 16x16x3
  conv(8, 3)
  stage conv1 { conv(4, 3) }
  cell(5) -> conv(8, 3)
  stage cell2 { cell(6) }
  cell(7) -> cell(8)
  aux cell3 { global_avg_pool -> dense(3) }
  global_avg_pool -> dense(3)
}
"""
    (net,) = check_source(Source("net.cnn", text)).networks
    summary = summarize_network(net)
    rows = [row.name for row in summary.stages]
    assert rows[:8] == ["conv2", "conv1", "cell1", "conv3", "cell2", "cell4", "cell5", "cell3"]
    paths = list(paths_of(net).values())
    assert len(set(paths)) == len(paths)
