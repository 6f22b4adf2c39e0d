"""The articles of BBC News as text for pre-training."""

from __future__ import annotations

from dataclasses import dataclass

from transformers import PreTrainedTokenizerFast

from nasbench.tasks.bbc import ORIGIN, StorySplit, read_articles
from nasbench.tasks.corpus import PackedText, Packing


@dataclass(frozen=True, kw_only=True)
class BbcText:
    """The training articles of the division that `bbc_cloze` and `bbc_topics` make; its validation ones are held out.

    So nothing that a network is tested on is ever pre-trained on.

    Attributes:
        sequence_length, mask_probability, train_sequences, held_out_sequences: as in `corpus.Packing`.
        split_seed, validation_share, test_share: as in `bbc.StorySplit`.
    """

    name: str = "bbc_mlm"
    sequence_length: int = 64
    mask_probability: float = 0.15
    train_sequences: int | None = None
    held_out_sequences: int | None = 64
    split_seed: int = 128
    validation_share: float = 0.3
    test_share: float = 0.2

    def __post_init__(self) -> None:
        _ = self._packing, self._split

    def load(self, tokenizer: PreTrainedTokenizerFast) -> PackedText:
        articles = self._split.divide(read_articles())
        documents = {
            name: ["\n".join((a.title, *a.paragraphs)) for a in articles[split]]
            for name, split in (("train", "train"), ("held_out", "validation"))
        }
        return self._packing.pack(documents, tokenizer, origin=ORIGIN)

    @property
    def _packing(self) -> Packing:
        return Packing(
            length=self.sequence_length,
            probability=self.mask_probability,
            train_sequences=self.train_sequences,
            held_out_sequences=self.held_out_sequences,
        )

    @property
    def _split(self) -> StorySplit:
        return StorySplit(seed=self.split_seed, test_share=self.test_share, validation_share=self.validation_share)
