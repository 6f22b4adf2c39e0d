"""What `nasbench table show` prints of a table."""

from __future__ import annotations

from rich import box
from rich.table import Table as Grid

from nasbench.tables.record import Table, TableHeader


def facts(table: Table) -> list[str]:
    """Lines on what the table was made of."""
    header, run = table.header, table.header.run
    made_by = run.provenance
    return [
        f"{table.name}: {len(table.rows)} architectures of space {header.space}, sha256 {table.checksum[:12]}",
        f"task {run.task}, checkpoint {run.model}, source {run.source}, scale {run.scale}, seed {run.seed}: "
        f"{header.data_note}",
        _trained(header),
        f"built by nasbench {made_by['versions']['nasbench']}, commit {made_by['commit']}: nasbench table build "
        f"{' '.join(made_by['overrides'])}",
    ]


def _trained(header: TableHeader) -> str:
    if not header.phases:
        return f"each network trained by itself, for {header.run.config['training']['epochs']:g} epochs"
    cost = sum(phase.cost for phase in header.phases) / header.run.epoch_macs
    return f"super-network {header.phases[0].weights}: COST of {cost:.2f} training epochs of the full network"


def front(table: Table) -> Grid:
    """The true Pareto front on validation, from the smallest network on."""
    objectives, metric = table.header.run.objectives, table.header.run.metric
    columns = ("architecture", "encoder parameters", *objectives, f"validation {metric}", f"test {metric}")
    out = Grid(box=box.SIMPLE_HEAD, title=f"true front: {len(table.front)} architectures", title_justify="left")
    for column in columns:
        out.add_column(column, justify="left" if column == "architecture" else "right")
    rows = sorted(map(table.row, table.front), key=lambda row: row.sizes.encoder_parameters)
    for row in rows:
        values = [*(row.validation[name] for name in objectives), row.scores[metric], row.test_scores.get(metric)]
        shown = ("-" if value is None else f"{value:.4f}" for value in values)
        out.add_row(str(row.architecture.to_json()), f"{row.sizes.encoder_parameters:,}", *shown)
    return out
