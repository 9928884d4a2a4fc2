"""The server on every spec of the zoo: what it shows is what summaries say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import cnndsl
from tests.editor.client import Client

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.cnn"))
ROW = re.compile(r"\| (\w+) \| (\w+) \| ([\dx]+) \| ([\d,]+) \| ([\d,]+) \|")


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_hints_and_lenses_are_the_summary(path: Path, zoo: Client):
    uri = zoo.open(path)
    assert zoo.wait(uri) == []
    hints = zoo.hints(uri)
    text = path.read_text(encoding="utf-8")
    summaries = cnndsl.summarize(text, filename=str(path), folder=str(path.parent)).summaries
    shown = {
        (model, stage): (output, params, macs)
        for hint in hints
        for model, stage, output, params, macs in ROW.findall(
            hint.get("tooltip", {}).get("value", "")
        )
    }
    stages = {
        (summary.model, stage.name): (
            "x".join(map(str, stage.output)),
            f"{stage.params:,}",
            f"{stage.macs:,}",
        )
        for summary in summaries
        for stage in summary.stages
    }
    missing = stages.keys() - shown.keys()
    assert {key: stages[key] for key in shown} == shown
    lines = text.split("\n")
    labels = {hint["position"]["line"]: hint["label"] for hint in hints}
    assert len(labels) == len(hints)  # one to a line
    for _, stage in missing:  # a layer outside of any stage, or a row too many for a tooltip
        is_stage = any(re.search(rf"stage {stage.rstrip('0123456789')}\b", line) for line in lines)
        assert not is_stage or any("more" in h.get("tooltip", {}).get("value", "") for h in hints)
    for line, label in labels.items():
        assert lines[line].strip(), label
    lenses = [lens["command"]["title"] for lens in zoo.ask("codeLens", uri)]
    assert [title.split(" params")[0] for title in lenses] == [
        f"{summary.params:,}" for summary in summaries
    ]
    zoo.close(uri)


def test_a_literal_assertion_is_not_repeated(zoo: Client):
    path = SPECS[0].with_name("resnet.cnn")
    uri = zoo.open(path)
    zoo.wait(uri)
    lines = path.read_text(encoding="utf-8").split("\n")
    labels = {lines[h["position"]["line"]].strip(): h["label"] for h in zoo.hints(uri)}
    assert labels["} : 56x56x64"] == "9,536 params"
    assert labels["max_pool(3, stride = 2, pad = 1)"] == "56x56x64"
    assert labels["conv(64, 7, stride = 2, pad = 3, bias = false) -> bn -> relu"] == "112x112x64"
    zoo.close(uri)


def test_answers_come_within_a_tenth_of_a_second(zoo: Client):
    """On what the tests above asked; the first answer waits until the server has started."""
    asked = {m: t for m, t in zoo.slowest.items() if m.startswith("textDocument/")}
    assert asked
    assert max(asked.values()) < 1  # where others use the machine; 0.1 on an idle one
    assert zoo.logged == []
