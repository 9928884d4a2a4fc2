"""What is proven block by block is proven op by op."""

from __future__ import annotations

import pytest

from cnndsl.pipeline import compile_checked
from cnndsl.stack import deep_stack
from cnndsl.targets.flax.validate import Run
from cnndsl.targets.python.values import Failure
from cnndsl.walks import hands_packs
from tests.targets.mutations import mutants
from tests.targets.parse import parse_module
from tests.targets.test_validate import CORNERS, SPECS, checked, compiled, emitted, said

EACH = 20

# Of blocks that have layers which nothing uses, or that are not their own, and of endpoints of
# models in models.
OP_BY_OP = {
    *("arguments_in_branches", "flag_bound_in_branches", "flow_in_a_name"),
    *("heads_in_loops", "inputs_rebound", "layers_as_arguments", "layers_none_handed_on"),
    *("layers_run_unread", "models_in_models", "output_classes", "output_loop", "python_names"),
    *("frozen_unread", "lraspp", "repeated_tensor", "segmentation", "two_stream", "unused"),
    "yolov3",
    *("blocks_named_like_wrapped_ops", "layers_of_two_ranks", "layers_written_out"),
    *("variant_without_classifier", "blocks_named_like_tensors_of_a_used_file"),
}


@pytest.mark.parametrize("name", SPECS | CORNERS)
def test_a_network_is_proven_block_by_block(name):
    path = (SPECS | CORNERS)[name]
    told = [n for n in checked(path).networks if not n.shared and not hands_packs(n)]
    with deep_stack():
        run = Run(emitted(path))
        proven = [run.proves(n, {}) for n in told]
    assert all(proven) or name in OP_BY_OP


@pytest.mark.parametrize("name", ["densenet", "efficientnet_lite", "nasnet", "resnet", "xception"])
def test_a_mutant_that_is_proven_by_its_blocks_is_right(name):
    networks = checked(SPECS[name]).networks
    proven = 0
    for mutant in mutants(emitted(SPECS[name]), EACH, seed=3):
        try:
            run = Run(mutant.module)
        except Failure:
            continue
        for network in networks:
            if run.proves(network, {}):
                proven += 1
                assert said(run.model(network, {}, mutant.words)) == []
    assert proven < EACH * len(networks)


UNITS = """
block unit(w) { conv(w, 3) -> bn -> conv(w, 1) -> relu }
model Net {
  input 8x8x3
  unit(4) -> unit(4) -> unit(4)
}
"""


def proves(text: str, *changes: tuple[str, str]) -> bool:
    """Whether a spec's module is proven by its blocks once its text is another one."""
    _, found = compiled(text)
    code = compile_checked(found).code
    assert code is not None
    for before, after in changes:
        assert before in code
        code = code.replace(before, after)
    module, network = parse_module(code), found.networks[0]
    assert bool(Run(module).model(network, {}, "Net")) == bool(changes)
    return Run(module).proves(network, {})


def test_alike_instances_are_run_once():
    assert proves(UNITS)


def test_an_instance_that_is_used_twice_is_not_proven():
    assert not proves(UNITS, ("self.unit3(x)", "self.unit2(x)"))


def test_an_instance_that_is_never_used_is_not_proven():
    assert not proves(UNITS, ("self.unit3(x)", "x"))


def test_classes_that_share_what_changes_are_run_each_time():
    """Three instances, of which the third is another one than its arguments say."""
    assert not proves(
        UNITS,
        ("class Unit(", "COUNT = []\n\n\nclass Unit("),
        ("(1, 1), kernel_init", "(1, 1), use_bias=len(COUNT) < 3, kernel_init"),
        ("        self.norm =", "        COUNT.append(1)\n        self.norm ="),
    )
