"""Which tensors a child takes from its parent, and which of its modules learn first (Paraskeva et al. 2024)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from nasbench.models.block_network import BlockNetwork
from nasbench.spaces.genotype import BlockGene

Tensors = Mapping[str, Tensor]

SHELL = "shell."
"""What the names of embeddings and task head begin with; those of a block, with `blocks.<number>.`."""


def inherit(child: BlockNetwork, parent: Tensors, genes: Sequence[BlockGene], *, reuse_shape: bool) -> None:
    """Copy what the genes say is unchanged, and the shell, from the parent's pre-trained tensors.

    A module that was altered keeps the LayerNorm after it; one that was added has a fresh one.

    Args:
        reuse_shape: attention matrices are kept too where only the number of heads changed, not their shape.
    """
    own = child.state_dict()
    taken = {name: tensor for name, tensor in parent.items() if name.startswith(SHELL)}
    for mine, theirs in _origins(genes, reuse_shape).items():
        names = {name: theirs + name.removeprefix(mine) for name in own if name.startswith(f"{mine}.")}
        fits = all(own[name].shape == parent[source].shape for name, source in names.items())
        taken |= {name: parent[source] for name, source in names.items() if fits or ".norm." in name}
    child.load_state_dict({**own, **taken})


def adopt_shell(child: BlockNetwork, parent: Tensors) -> None:
    """Copy embeddings and task head alone: every block stays fresh."""
    child.load_state_dict({**child.state_dict(), **{n: t for n, t in parent.items() if n.startswith(SHELL)}})


def transfer(network: BlockNetwork, pretrained: Tensors) -> None:
    """Copy embeddings and blocks into a network under another task head, which stays as it is."""
    own = network.state_dict()
    network.load_state_dict({**own, **{name: tensor for name, tensor in pretrained.items() if name in own}})


def _origins(genes: Sequence[BlockGene], reuse_shape: bool) -> dict[str, str]:
    """Modules of the child, by name, and the modules of the parent whose tensors they take."""
    found: dict[str, str] = {}
    for i, block in enumerate(genes):
        if block.origin < 0:
            continue
        mine, theirs = f"blocks.{i}", f"blocks.{block.origin}"
        whole = block.kept or reuse_shape
        attention = ".attention" if whole else ".attention.norm"
        found[mine + attention] = theirs + attention
        for j, ff in enumerate(block.feed_forward):
            if ff.origin >= 0:
                norm = "" if ff.kept else ".norm"
                found[f"{mine}.feed_forward.{j}{norm}"] = f"{theirs}.feed_forward.{ff.origin}{norm}"
    return found


def fresh_modules(genes: Sequence[BlockGene]) -> list[str]:
    """Names of the modules that the parent has not, or has otherwise."""
    return [
        name
        for i, block in enumerate(genes)
        for name, kept in (
            (f"blocks.{i}.attention", block.kept),
            *((f"blocks.{i}.feed_forward.{j}", ff.kept) for j, ff in enumerate(block.feed_forward)),
        )
        if not kept
    ]


def first_to_learn(genes: Sequence[BlockGene], parent_blocks: int) -> tuple[list[str], str | None]:
    """Names of the modules that phase 0 trains, each with the LayerNorm after it, and what is to be said of the choice.

    Where blocks were removed and nothing is fresh, that is the block after the first gap (the last one, where the gap
    is at the end); where nothing changed at all, as in the base, everything.
    """
    fresh = fresh_modules(genes)
    if fresh:
        return fresh, None
    if len(genes) == parent_blocks:
        return ["shell", "blocks"], "nothing fresh: phase 0 trained everything"
    gap = next((i for i, block in enumerate(genes) if block.origin != i), len(genes) - 1)
    return [f"blocks.{gap}"], f"nothing fresh after a removal: phase 0 trained block {gap}"


def freeze_all_but(model: BlockNetwork, modules: Sequence[str]) -> None:
    """Let the parameters of these modules alone take gradients."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(any(name.startswith(f"{module}.") for module in modules))
