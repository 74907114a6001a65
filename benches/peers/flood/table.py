"""Sets runs of the flood solver and its peers side by side: table.py RESULTS

One line of JSON a run. A run is compared with the last run of ours on one thread before it on a
domain of the same size, by processor time of the whole case and by work: cell updates a second of
processor time (ANUGA: of triangles, two a cell).
"""

import json
import sys


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        runs = [json.loads(line) for line in file]
    print(
        "| program | cells | steps | wall s | CPU s | M updates per CPU s "
        "| volume error | least depth m | CPU time to ours |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    ours = {}
    for run in runs:
        base = ours.setdefault(run["cells"], run)
        print(
            f"| {run['name']} | {run['cells']:,} | {run['steps']:,} | {run['wall_s']:.1f} "
            f"| {run['cpu_s']:.1f} | {run['updates'] / run['cpu_s'] / 1e6:.1f} "
            f"| {run['error']:.1e} | {run['least_m']:.1e} | {run['cpu_s'] / base['cpu_s']:.1f} |"
        )


if __name__ == "__main__":
    main()
