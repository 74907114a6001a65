"""What cycles of the forecast took: stages, and the cost of a cell of the plain.

    cost.py RUN.json...

The interval is that of the mean over the cycles (Student's t, 95 %): they share one region, so it
tells how the weather moves the cost, not how another terrain would. The prefecture is scaled by
cells and by nodes alone.
"""

import json
import math
import sys

# Two-sided 95 % quantiles of Student's t by degrees of freedom.
STUDENT = [math.nan, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]
# Cells of 10 m in Gunma that a flood can reach, and in all.
PREFECTURE_PLAIN = 9.5e6
PREFECTURE_CELLS = 64e6


def mean_and_half(values: list[float]) -> tuple[float, float]:
    """The mean, and half of its interval."""
    mean = sum(values) / len(values)
    degrees = min(len(values) - 1, len(STUDENT) - 1)
    if degrees == 0:
        return mean, math.nan
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return mean, STUDENT[degrees] * math.sqrt(variance / len(values))


def told(name: str, values: list[float], unit: str) -> float:
    """Prints a figure with its interval and gives its mean."""
    mean, half = mean_and_half(values)
    print(f"{name:52} {mean:10.3g} +- {half:8.2g} {unit}")
    return mean


def main() -> None:
    runs = [json.load(open(path, encoding="utf-8")) for path in sys.argv[1:]]
    threads = runs[0]["threads"]
    print(f"{len(runs)} cycles, {threads} threads, from files to staged tiles")
    stages = [{one["stage"]: one["took_s"] for one in run["timeline"]} for run in runs]
    for stage in stages[0]:
        told(f"  {stage}", [one[stage] for one in stages], "s")
    walls = [run["wall_s"] for run in runs]
    told("cycle, wall", walls, "s")
    print(f"{'cycle, longest':52} {max(walls):10.3g}")
    told("cycle, CPU", [run["cpu_s"] for run in runs], "s")
    print(f"{'peak memory':52} {max(run['peak_memory_bytes'] for run in runs) / 2**20:10.0f} MiB")

    hours = runs[0]["settings"]["inundation_hours"]
    cells = runs[0]["inundation"][0]["cells"]
    # A case: one member on the plain. Two cases of one member are computed once; cases share the
    # cores, so that only all of them together have a time.
    of_case = [
        threads * one["inundation"] / (cells * hours * len(run["inundation"])) * 1e6
        for one, run in zip(stages, runs, strict=True)
    ]
    cost_us = told("plain: core-time of a cell, an hour and a case", of_case, "us")
    levels = [one["catch-up"] + one["ahead"] for one in stages]
    basin_cells = runs[0]["counts"]["basin_cells"]
    level_us = told(
        "levels: core-time of a cell of the basin, a cycle",
        [threads * one / basin_cells * 1e6 for one in levels],
        "us",
    )
    rest = [run["wall_s"] - sum(one[s] for s in ("catch-up", "ahead", "inundation"))
            for run, one in zip(runs, stages)]
    rest_us = told("files, model, tiles: time of a cell of the plain", [r / cells * 1e6 for r in rest], "us")
    plain_s = 3 * hours * cost_us * 1e-6 * PREFECTURE_PLAIN
    levels_s = level_us * 1e-6 * PREFECTURE_CELLS
    rest_s = threads * rest_us * 1e-6 * PREFECTURE_PLAIN
    whole_s = plain_s + levels_s + rest_s
    print(f"prefecture, three cases, {hours} h: {whole_s / 60:.0f} core-minutes"
          f" (plain {plain_s / 60:.0f}, levels {levels_s / 60:.0f}, the rest {rest_s / 60:.0f})")
    print(f"cores for 8 min, if they share the work evenly: {math.ceil(whole_s / 480)}")


if __name__ == "__main__":
    main()
