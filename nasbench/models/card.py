"""The model card of an exported network: how to load it, and what its run says of it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from huggingface_hub import ModelCard, ModelCardData

from nasbench.records import Head

_PIPELINES = {
    Head.SEQUENCE_CLASSIFICATION: "text-classification",
    Head.REGRESSION: "text-classification",
    Head.MULTIPLE_CHOICE: "multiple-choice",
    Head.QUESTION_ANSWERING: "question-answering",
    Head.MASKED_LM: "fill-mask",
}


def model_card(head: Head, auto_class: str, custom: bool, sections: Mapping[str, Mapping[str, object]]) -> ModelCard:
    """The card, with a table for each section.

    Args:
        auto_class: name of the class of transformers that loads the model.
        custom: whether the model brings code of its own along.
    """
    data = ModelCardData(library_name="transformers", pipeline_tag=_PIPELINES[head], tags=["pruned", "nasbench"])
    trust = ", trust_remote_code=True" if custom else ""
    about = (
        "It is as small as its sub-network; its modelling code lies beside the weights, in `modeling_pruned.py`."
        if custom
        else "It has the shapes of the original network, with zeros where something was removed, and so no speed-up."
    )
    body = f"""# A pruned encoder

A sub-network of a pretrained encoder, found by neural architecture search. {about}

```python
from transformers import AutoTokenizer, {auto_class}

model = {auto_class}.from_pretrained(FOLDER{trust})
tokenizer = AutoTokenizer.from_pretrained(FOLDER{trust})
```
"""
    for title, rows in sections.items():
        body += f"\n## {_cell(title)}\n\n| | |\n|---|---|\n"
        body += "".join(f"| {_cell(name)} | {_cell(value)} |\n" for name, value in rows.items())
    return ModelCard(f"---\n{data.to_yaml()}\n---\n\n{body}")


def _cell(value: object) -> str:
    """A value as a table cell: large integers grouped, anything nested as JSON."""
    if isinstance(value, int) and not isinstance(value, bool):
        text = f"{value:,}"
    elif isinstance(value, Mapping | list | tuple):
        text = json.dumps(value, default=str)
    else:
        text = str(value)
    return " ".join(text.replace("|", "\\|").split())
