"""Weight inheritance: what a child takes from its parent, and what stays bit-equal while its fresh modules learn."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from nasbench.estimators.inheritance import first_to_learn
from nasbench.estimators.pretrain_evaluator import PRETRAINED, PretrainFinetuneEvaluator
from nasbench.records import Evaluation, Proposal, Status, Trial
from nasbench.spaces.genotype import BlockGene, Genotype, as_parent, to_architecture
from tests.estimators.pretraining import CHILD, estimator, gelu, problem, space

UNTOUCHED = {
    **{f"blocks.0.attention.{part}": f"blocks.0.attention.{part}" for part in ("query", "output", "norm")},
    "blocks.0.feed_forward.0": "blocks.0.feed_forward.0",
    "blocks.1.feed_forward.0": "blocks.1.feed_forward.0",
    "blocks.3.attention": "blocks.2.attention",
}
"""Modules of CHILD that are its parent's, and which they were."""
FRESH = ["blocks.0.feed_forward.1", "blocks.1.attention", "blocks.2.attention", "blocks.2.feed_forward.0"]
FRESH += ["blocks.3.feed_forward.0"]


def begun(folder: Path, **settings: object) -> PretrainFinetuneEvaluator:
    found = problem(folder)
    return estimator(**settings).start(found, space(found))


def trial(index: int, proposal: Proposal, evaluation: Evaluation) -> Trial:
    return Trial(index, index, proposal, evaluation, spent=0)


def stored(evaluator: PretrainFinetuneEvaluator, evaluation: Evaluation) -> dict[str, torch.Tensor]:
    tensors = evaluator._fresh[str(evaluation.weights)].tensors
    return {n.removeprefix(PRETRAINED): t for n, t in tensors.items() if n.startswith(PRETRAINED)}


def test_inherited_tensors_stay_bit_equal_through_phase_0_and_fresh_ones_learn(tmp_path: Path) -> None:
    evaluator = begun(tmp_path)
    proposal = Proposal(to_architecture(CHILD), fidelity=1)
    before = evaluator._beginning(proposal, evaluator.space.network(proposal.architecture), ()).state_dict()
    evaluation = evaluator.evaluate(proposal, ())
    assert evaluation.status is Status.STOPPED
    after = stored(evaluator, evaluation)
    parent = evaluator.base
    for mine, theirs in UNTOUCHED.items():
        names = [name for name in after if name.startswith(f"{mine}.")]
        assert names
        for name in names:
            assert torch.equal(after[name], parent[theirs + name.removeprefix(mine)])
    for name, tensor in after.items():
        learns = any(name.startswith(f"{module}.") for module in FRESH)
        assert learns or torch.equal(tensor, before[name])
        if name.startswith("shell."):
            assert torch.equal(tensor, parent[name])
    for module in FRESH:
        names = [name for name in after if name.startswith(f"{module}.") and name.endswith("weight")]
        assert all(not torch.equal(after[name], before[name]) for name in names)


def test_an_altered_module_keeps_its_layer_norm_and_draws_its_matrices_anew(tmp_path: Path) -> None:
    evaluator = begun(tmp_path)
    proposal = Proposal(to_architecture(CHILD), fidelity=1)
    model = evaluator._beginning(proposal, evaluator.space.network(proposal.architecture), ()).state_dict()
    parent = evaluator.base
    assert torch.equal(model["blocks.1.attention.norm.weight"], parent["blocks.1.attention.norm.weight"])
    assert torch.equal(model["blocks.3.feed_forward.0.norm.bias"], parent["blocks.2.feed_forward.0.norm.bias"])
    fresh = model["blocks.1.attention.query.weight"]
    assert fresh.shape == (20, 32)  # 20 heads of one channel
    assert 0.015 < fresh.std() < 0.025
    assert model["blocks.1.attention.query.bias"].eq(0).all()
    assert model["blocks.2.attention.norm.weight"].eq(1).all()


def test_matrices_of_the_same_shape_are_kept_only_where_it_is_asked_for(tmp_path: Path) -> None:
    genes = (BlockGene(8, (gelu(),), origin=0, kept=False), *as_parent((BlockGene(4, (gelu(),)),) * 3)[1:])
    proposal = Proposal(to_architecture(genes), fidelity=1)
    for reuse in (False, True):
        evaluator = begun(tmp_path, reuse_shape=reuse)
        model = evaluator._beginning(proposal, evaluator.space.network(proposal.architecture), ()).state_dict()
        same = torch.equal(model["blocks.0.attention.query.weight"], evaluator.base["blocks.0.attention.query.weight"])
        assert same is reuse


def test_without_inheritance_every_block_is_fresh_and_learns(tmp_path: Path) -> None:
    evaluator = begun(tmp_path, inherit=False)
    proposal = Proposal(to_architecture(CHILD), fidelity=1)
    model = evaluator._beginning(proposal, evaluator.space.network(proposal.architecture), ())
    parent = evaluator.base
    for name, tensor in model.state_dict().items():
        if name.startswith("blocks.") and name.endswith("query.weight"):
            assert (
                not torch.equal(tensor, parent[name]) if name in parent and parent[name].shape == tensor.shape else True
            )
        if name.startswith("shell."):
            assert torch.equal(tensor, parent[name])
    evaluator._free(model, proposal, "phase_0", ())
    assert {n.split(".")[0] for n, p in model.named_parameters() if p.requires_grad} == {"blocks"}


def test_a_child_inherits_pretrained_tensors_never_fine_tuned_ones_and_leaves_its_parents_alone(tmp_path: Path) -> None:
    evaluator = begun(tmp_path)
    founder = Proposal(to_architecture(CHILD), fidelity=2)
    first = trial(0, founder, evaluator.evaluate(founder, ()))
    assert first.evaluation.status is Status.OK
    evaluator.keep([first], [first])
    (folder,) = [p for p in tmp_path.iterdir() if p.name == first.evaluation.weights]
    bytes_before = (folder / "weights.safetensors").read_bytes()
    grown = (*as_parent(CHILD)[:3], BlockGene(2, (gelu(72),), origin=3, kept=False))
    child = Proposal(to_architecture(grown), fidelity=1, parent=0)
    evaluation = evaluator.evaluate(child, [first])
    after = stored(evaluator, evaluation)
    entry = evaluator.problem.weights.get(str(first.evaluation.weights))
    assert entry is not None
    name = "blocks.0.attention.query.weight"
    assert torch.equal(after[name], entry.tensors[PRETRAINED + name])
    assert not torch.equal(after[name], entry.tensors["model." + name])
    assert (folder / "weights.safetensors").read_bytes() == bytes_before


@pytest.mark.parametrize(("gap", "trained"), [(0, "blocks.0"), (1, "blocks.1"), (2, "blocks.1")])
def test_after_a_mere_removal_the_block_after_the_cut_learns_and_that_is_said(gap: int, trained: str) -> None:
    base: Genotype = as_parent((BlockGene(4, (gelu(),)),) * 3)
    modules, note = first_to_learn(tuple(b for b in base if b.origin != gap), 3)
    assert modules == [trained]
    assert note is not None
    assert trained.replace("blocks.", "block ") in note


def test_the_base_itself_trains_everything() -> None:
    base: Genotype = as_parent((BlockGene(4, (gelu(),)),) * 3)
    modules, note = first_to_learn(base, 3)
    assert modules == ["shell", "blocks"]
    assert note == "nothing fresh: phase 0 trained everything"
