"""The table of the bench: table.py RESULTS FOLDER, one line of `peer.py` a program.

Features are those in tiles, a feature counted once for each tile; `jomo tiles verify --json` has
counted them.
"""

import json
import os
import sys


def main() -> None:
    runs = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
    ours = next(run for run in runs if run["name"] == "jomo")
    print("| program | wall s | CPU s | ratio of CPU | memory MiB | archive MB | copies of features z8 | z14 | sound |")
    print("|---|---|---|---|---|---|---|---|---|")
    for run in runs:
        archive = os.path.join(sys.argv[2], run["name"] + ".pmtiles")
        checked = json.load(open(archive + ".json", encoding="utf-8"))
        copies = {zoom["zoom"]: zoom["copies"] for zoom in checked["zooms"]}
        faults = checked["counts"]["faults"]
        sound = "yes" if faults == 0 else f"{faults} broken rules"
        print(
            f"| {run['name']} | {run['wall_s']:.1f} | {run['cpu_s']:.1f} | {run['cpu_s'] / ours['cpu_s']:.2f} | {run['mib']:.0f} "
            f"| {os.path.getsize(archive) / 1e6:.1f} | {copies.get(8)} | {copies.get(14)} | {sound} |"
        )


main()
