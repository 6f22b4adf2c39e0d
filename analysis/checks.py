"""The questions of `analysis.checklist`, each answered from the runs of a comparison with the evidence for it."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from analysis.architectures import extent
from analysis.comparison import Comparison
from analysis.drawing import NothingToDrawError
from analysis.labels import GROUPS, described, group_config
from analysis.selection import front
from analysis.table import seconds
from analysis.trajectory import spent_epochs
from analysis.true_regret import true_hypervolume
from analysis.variants import variants
from nasbench.options import flatten
from nasbench.records import Status
from nasbench.results import Run


class Answer(StrEnum):
    YES = "yes"
    PARTLY = "partly"
    NO = "no"
    NOT_RECORDED = "not recorded"


@dataclass(frozen=True, slots=True)
class Finding:
    """An answer and the evidence for it, a sentence or a list."""

    answer: Answer
    evidence: str


def code(comparison: Comparison) -> Finding:
    known = Counter(commit(run) for run in comparison.finished())
    clean = bool(known) and not any(name.startswith("unknown") or "uncommitted" in name for name in known)
    return Finding(_yes(clean), _counted(known))


def commit(run: Run) -> str:
    """The code of a run in words."""
    name = run.header.provenance.get("commit")
    changes = ", with uncommitted changes" if run.header.provenance.get("dirty") else ""
    return f"{name[:12] if name else 'unknown code'}{changes}"


def search_spaces(comparison: Comparison) -> Finding:
    spaces = {}
    for label in comparison.methods:
        for run in comparison.finished(label)[:1]:
            if config := group_config(run.header, "space"):
                spaces[label] = described(config)
    if not spaces:
        return Finding(Answer.NOT_RECORDED, "no run names a search space")
    try:
        whole = extent(comparison.finished(), comparison.networks)
        bounds = f"up to {whole.layers} layers of {whole.heads} heads and {whole.units} units"
    except NothingToDrawError:
        full = next(iter(comparison.finished())).header.full
        bounds = f"up to {full.encoder_parameters:,} encoder parameters"
    return Finding(Answer.YES, f"{_listed(spaces)}; {bounds}")


def configurations(comparison: Comparison) -> Finding:
    runs = comparison.finished()
    without = [run for run in runs if "seed" not in run.header.config]
    return Finding(
        _yes(bool(runs) and not without),
        f"{len(runs)} run files hold the whole configuration; seeds {_seeds(runs)}",
    )


def same_problem(comparison: Comparison) -> Finding:
    training = {json.dumps(flatten(run.header.config.get("training", {}))) for run in comparison.finished()}
    alike = "training settings are the same" if len(training) < 2 else "training settings differ between methods"
    return Finding(
        Answer.YES if len(training) < 2 else Answer.PARTLY,
        f"equal content of data and checkpoint and equal task settings are what makes a comparison here; {alike}",
    )


def budgets(comparison: Comparison) -> Finding:
    spent = _means(comparison, spent_epochs)
    if not spent:
        return Finding(Answer.NOT_RECORDED, "there is no finished run")
    kept = {label: [_within_budget(run) for run in comparison.finished(label)] for label in spent}
    over = [label for label, found in kept.items() if False in found]
    unknown = any(None in found for found in kept.values())
    told = f"mean COST in epochs {_listed({label: f'{value:.2f}' for label, value in spent.items()})}"
    beyond = (
        f"; above it: {', '.join(over)}" if over else "; run files do not tell whether it was kept" if unknown else ""
    )
    answer = Answer.NO if over else Answer.NOT_RECORDED if unknown else Answer.YES
    return Finding(answer, f"{comparison.setting.budget} a method; {told}{beyond}")


def _within_budget(run: Run) -> bool | None:
    """Whether nothing was begun that the budget did not allow (`nasbench.budget.Budget`); None for an unknown unit."""
    header, last = run.header, run.trials[-1:]
    amount, unit = header.budget.get("amount", 0), header.budget.get("unit")
    if header.budget_macs is not None:
        return spent_epochs(run) * header.epoch_macs <= header.budget_macs * (1 + 1e-9)
    if unit == "trials":
        return len(run.trials) < amount + 1
    if unit == "seconds":  # the last batch may begin as long as there is some left
        before = [trial.evaluation.seconds for end in last for trial in run.trials[: end.batch]]
        return not last or sum(phase.seconds for phase in run.phases) + sum(before) < amount
    return None


def confounders(comparison: Comparison) -> Finding:
    facts = [
        flatten(run.header.numerics)
        | flatten({name: run.header.provenance.get(name) for name in ("cpu", "platform", "versions")})
        for run in comparison.finished()
    ]
    names = dict.fromkeys(name for fact in facts for name in fact)
    differing = {name: sorted({fact.get(name, "none") for fact in facts}) for name in names}
    differing = {name: values for name, values in differing.items() if len(values) > 1}
    told = "; ".join(f"{name}: {', '.join(values)}" for name, values in differing.items())
    return Finding(_yes(not differing), told or "numerics, processor, platform and versions are equal")


def selection(comparison: Comparison) -> Finding:
    strangers = []
    for run in comparison.finished():
        on_front = set(front(run))
        strangers += [f"{run.path.name} trial {t.trial}" for t in run.tests if t.trial not in on_front]
    tests = sum(len(run.tests) for run in comparison.finished())
    if strangers:
        return Finding(Answer.NO, f"test rows of trials off the validation front: {', '.join(strangers[:5])}")
    return Finding(_yes(tests > 0), f"all {tests} test rows are of members of validation fronts")


def over_time(comparison: Comparison) -> Finding:
    trials = sum(len(run.trials) for run in comparison.finished())
    return Finding(_yes(trials > 0), f"each of {trials} trials has its COST so far; see the figure of hypervolume")


def random_search(comparison: Comparison) -> Finding:
    found = [
        label
        for label in comparison.methods
        if any(group_config(r.header, "search").get("search") == '"random_search"' for r in comparison.finished(label))
    ]
    return Finding(_yes(bool(found)), ", ".join(found) or "no finished run searches at random")


def seeds(comparison: Comparison) -> Finding:
    found = {label: f"seeds {_seeds(comparison.finished(label)) or 'none'}" for label in comparison.methods}
    counts = [len(comparison.finished(label)) for label in comparison.methods]
    several = [count > 1 for count in counts]
    answer = _yes(all(several)) if all(several) or not any(several) else Answer.PARTLY
    return Finding(answer, _listed(found))


def ablations(comparison: Comparison) -> Finding:
    methods = dict.fromkeys(run.header.method for run in comparison.finished())
    found = [
        f"{method} by {group} ({', '.join(of_group.runs)})"
        for method in methods
        for group in GROUPS
        if (of_group := variants(comparison, method, group))
    ]
    return Finding(_yes(bool(found)), "; ".join(found) or "no runs of a method differ in one option alone")


def tables(comparison: Comparison) -> Finding:
    number = sum(true_hypervolume(run) is not None for run in comparison.finished())
    return Finding(_yes(number > 0), f"{number} of {len(comparison.finished())} runs search on a table")


def whole_cost(comparison: Comparison) -> Finding:
    parts = Counter(phase.name for run in comparison.finished() for phase in run.phases)
    told = f"; billed phases: {', '.join(parts)}" if parts else ""
    return Finding(_yes(bool(comparison.finished())), f"COST counts phases and trials{told}")


def tuning(comparison: Comparison) -> Finding:
    return Finding(Answer.NOT_RECORDED, "run files hold the hyperparameters, not how they were found")


def data(comparison: Comparison) -> Finding:
    header = next(iter(comparison.methods.values()))[0].header
    settings = flatten({name: header.config.get(name, {}) for name in ("task", "limits")})
    splits = {name: value for name, value in settings.items() if not name.endswith("_target_") and value != "{}"}
    prints = {name: value[:12] for name, value in header.fingerprints.items()}
    told = f"sha256 of {_listed(prints)}; {_listed(splits)}"
    return Finding(Answer.PARTLY, f"{told}; of the sizes of splits only their limits are recorded")


def measure(comparison: Comparison) -> Finding:
    header = next(iter(comparison.methods.values()))[0].header
    objectives = ", ".join(header.objectives)
    return Finding(
        Answer.YES,
        f"metric {header.metric}; objectives {objectives}, minimised; hypervolume of raw objectives with reference "
        f"point ({', '.join('1' for _ in header.objectives)})",
    )


def counts(comparison: Comparison) -> Finding:
    runs = [run for labelled in comparison.methods.values() for run in labelled]
    finished = comparison.finished()
    told = f"{len(finished)} finished and {len(runs) - len(finished)} unfinished runs"
    trials, tests = sum(len(run.trials) for run in finished), sum(len(run.tests) for run in finished)
    return Finding(_yes(bool(finished)), f"{told}; in the finished ones {trials} trials and {tests} test evaluations")


def failures(comparison: Comparison) -> Finding:
    statuses = [trial.evaluation.status for run in comparison.finished() for trial in run.trials]
    lost = Counter(str(status) for status in statuses if status is not Status.OK)
    return Finding(Answer.YES, _counted(lost) if lost else "every trial has objectives")


def variation(comparison: Comparison) -> Finding:
    found = seeds(comparison)
    told = "means and standard deviations over seeds" if found.answer is not Answer.NO else "one run of each method"
    return Finding(found.answer, told)


def run_time(comparison: Comparison) -> Finding:
    spent = {label: f"{value:.0f} s" for label, value in _means(comparison, seconds).items()}
    return Finding(_yes(bool(spent)), f"a run, on average: {_listed(spent)}")


def hardware(comparison: Comparison) -> Finding:
    found = Counter(machine(run) for run in comparison.finished())
    return Finding(_yes(bool(found) and "unknown processor" not in " ".join(found)), _counted(found))


def machine(run: Run) -> str:
    """The hardware of a run in words."""
    facts, numerics = run.header.provenance, run.header.numerics
    memory = facts.get("memory_bytes")
    parts = [
        facts.get("cpu") or "unknown processor",
        f"{facts['cores']} cores" if facts.get("cores") else "",
        f"{memory / 2**30:.0f} GiB" if memory else "",
        f"{numerics.get('threads', '?')} threads",
        str(numerics.get("accelerator") or numerics.get("device") or ""),
    ]
    return ", ".join(part for part in parts if part)


def dependencies(comparison: Comparison) -> Finding:
    found = Counter(_listed(run.header.provenance.get("versions") or {}) for run in comparison.finished())
    known = bool(found) and "" not in found
    return Finding(_yes(known), _counted(found) if known else "some runs name none")


def energy(comparison: Comparison) -> Finding:
    return Finding(Answer.NOT_RECORDED, "COST in multiply-accumulates and seconds are stored, joules are not")


def _yes(holds: bool) -> Answer:
    return Answer.YES if holds else Answer.NO


def _means(comparison: Comparison, of: Callable[[Run], float]) -> dict[str, float]:
    finished = {label: comparison.finished(label) for label in comparison.methods}
    return {label: statistics.fmean(map(of, runs)) for label, runs in finished.items() if runs}


def _seeds(runs: Iterable[Run]) -> str:
    return ", ".join(str(seed) for seed in sorted({run.header.seed for run in runs}))


def _listed(values: Mapping[str, object]) -> str:
    return "; ".join(f"{name}: {value}" for name, value in values.items())


def _counted(values: Counter[str]) -> str:
    return "; ".join(f"{value} ({number})" for value, number in sorted(values.items()))
