"""Runs one program and prints its name, seconds on the wall and of the processor, and greatest memory.

    peer.py NAME PROGRAM...          a program, from start to end
    peer.py freestiler IN OUT        freestiler's own work, reading by another library left out
"""

import json
import resource
import subprocess
import sys
import time


def used(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    name = sys.argv[1]
    who = resource.RUSAGE_CHILDREN
    read_mib = 0.0
    if name == "freestiler":
        import freestiler
        import geopandas

        who = resource.RUSAGE_SELF
        frame = geopandas.read_file(sys.argv[2], engine="pyogrio")
        read_mib = resource.getrusage(who).ru_maxrss / 1024
        before, begun = used(who), time.monotonic()
        freestiler.freestile(frame, sys.argv[3], layer_name="all", min_zoom=8, max_zoom=14, quiet=True)
    else:
        before, begun = used(who), time.monotonic()
        subprocess.run(sys.argv[2:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    told = {
        "name": name,
        "wall_s": time.monotonic() - begun,
        "cpu_s": used(who) - before,
        "mib": resource.getrusage(who).ru_maxrss / 1024,
        "read_mib": read_mib,
    }
    print(json.dumps(told))


main()
