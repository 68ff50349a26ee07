"""Samples of repeated runs as medians, an aligned table and JSON."""

import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from statistics import median

GROUPS = ("web", "streams", "worker", "database", "redis", "client")
COLUMNS = ("ops/s", "p50 ms", "p95 ms", *(f"{group} ms" for group in GROUPS), "CPU ms")


@dataclass(frozen=True)
class Sample:
    """One run: how many operations in how many seconds, how long each took, what failed.

    `cpu` is {group: milliseconds of processor time per operation}; `client` is pgbench's own.
    """

    what: str
    operations: int
    seconds: float
    p50: float
    p95: float
    cpu: dict
    failed: int = 0

    @classmethod
    def of(cls, what, *, milliseconds, seconds, cpu, failed=0):
        ordered = sorted(milliseconds) or [0.0]
        return cls(
            what=what,
            operations=len(milliseconds),
            seconds=seconds,
            p50=ordered[len(ordered) // 2],
            p95=ordered[int(len(ordered) * 0.95)],
            cpu=cpu,
            failed=failed,
        )

    @property
    def rate(self):
        return self.operations / self.seconds

    @property
    def whole(self):
        """Web, worker, database and Redis together; the caller is not the product's cost."""
        return sum(spent for group, spent in self.cpu.items() if group != "client")


def print_table(samples):
    """One line per kind of run: the medians over its rounds."""
    lines = [("", *COLUMNS, "runs", "failed")]
    for what, runs in _grouped(samples).items():
        figures = [_median(runs, "rate"), _median(runs, "p50"), _median(runs, "p95")]
        figures += [median(run.cpu.get(group, 0) for run in runs) for group in GROUPS]
        figures.append(_median(runs, "whole"))
        failed = sum(run.failed for run in runs)
        lines.append((what, *map(_number, figures), str(len(runs)), str(failed)))
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    for first, *rest in lines:
        cells = (cell.rjust(size) for cell, size in zip(rest, widths[1:], strict=True))
        print(first.ljust(widths[0]), *cells, sep="  ")


def write_json(samples, path):
    """Every run, and the medians per kind, as the table shows them."""
    medians = {
        what: {
            "per_second": _median(runs, "rate"),
            "p50_ms": _median(runs, "p50"),
            "p95_ms": _median(runs, "p95"),
            "cpu_ms": {g: median(run.cpu.get(g, 0) for run in runs) for g in GROUPS},
            "cpu_ms_whole": _median(runs, "whole"),
        }
        for what, runs in _grouped(samples).items()
    }
    with open(path, "w") as file:
        json.dump({"medians": medians, "runs": [asdict(s) for s in samples]}, file, indent=1)


def _grouped(samples):
    groups = defaultdict(list)
    for sample in samples:
        groups[sample.what].append(sample)
    return groups


def _median(runs, attribute):
    return median(getattr(run, attribute) for run in runs)


def _number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
