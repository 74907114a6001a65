"""Runs one peer of the flood solver on a bed and prints a line of JSON.

    peer.py itzi|landlab|anuga BED.npy

Cells of 10 m in a closed box, an hour of 50 mm/h, Manning's n 0.05. Settings are the defaults of
each program; what is set otherwise says why. Only the run is timed, not the setting up. A process
uses one thread (OMP_NUM_THREADS=1 is set by run.sh).
"""

import json
import sys
import time
from datetime import datetime, timedelta
from importlib.metadata import version
from types import SimpleNamespace

import numpy as np

CELL_M = 10.0
RAIN_M_S = 0.050 / 3600.0
DURATION_S = 3600.0
MANNING = 0.05


def itzi(bed):
    """Local inertial (de Almeida et al. 2012), through its interface for arrays in memory."""
    from itzi.rasterdomain import DomainData
    from itzi.simulation_factories import create_memory_simulation

    rows, columns = bed.shape
    start = datetime(2000, 1, 1)
    times = SimpleNamespace(
        start=start,
        end=start + timedelta(seconds=DURATION_S),
        record_step=timedelta(seconds=DURATION_S),
        temporal_type="relative",
    )
    settings = dict(
        hmin=0.005, cfl=0.7, theta=0.9, g=9.80665, vrouting=0.1, dtmax=5.0, slmax=0.1,
        dtinf=60.0, inf_model="null",
        max_error=1.0,  # not to stop at its own 5 %: the error is reported instead
    )
    simulation = create_memory_simulation(
        sim_times=times,
        output_maps={"water_depth": "depth"},
        sim_param=settings,
        drainage_params={"swmm_inp": None},
        domain_data=DomainData(
            north=rows * CELL_M, south=0.0, east=columns * CELL_M, west=0.0,
            rows=rows, cols=columns,
        ),
        arr_mask=np.zeros(bed.shape, dtype=bool),
    )
    simulation.set_array("dem", bed.astype(np.float32))
    simulation.set_array("friction", np.full(bed.shape, MANNING, dtype=np.float32))
    simulation.set_array("rain", np.full(bed.shape, RAIN_M_S, dtype=np.float32))

    def run():
        simulation.initialize()
        steps = 1  # finalize() takes the last
        while simulation.sim_time < simulation.end_time:
            simulation.update()
            steps += 1
        simulation.finalize()
        return steps

    depth = lambda: np.asarray(simulation.get_array("water_depth"), dtype=np.float64)
    return run, depth, lambda: bed.size


def landlab(bed):
    """Local inertial (de Almeida et al. 2012), the component OverlandFlow."""
    from landlab import RasterModelGrid
    from landlab.components import OverlandFlow

    # The outermost nodes are the closed rim.
    grid = RasterModelGrid([size + 2 for size in bed.shape], xy_spacing=CELL_M)
    grid.add_field("topographic__elevation", np.pad(bed, 1, mode="edge").ravel(), at="node")
    grid.add_zeros("surface_water__depth", at="node")
    grid.set_closed_boundaries_at_grid_edges(True, True, True, True)
    flow = OverlandFlow(
        grid,
        mannings_n=MANNING,
        rainfall_intensity=RAIN_M_S,
        steep_slopes=True,  # without it the run breaks on valley sides
    )

    def run():
        done, steps = 0.0, 0
        while done < DURATION_S:
            step = min(flow.calc_time_step(), DURATION_S - done)
            flow.run_one_step(step)
            done += step
            steps += 1
        return steps

    inner = [size + 2 for size in bed.shape]
    depth = lambda: grid.at_node["surface_water__depth"].reshape(inner)[1:-1, 1:-1].copy()
    return run, depth, lambda: bed.size


def anuga(bed):
    """Finite volumes on triangles, algorithm DE0: every square is cut into two."""
    import anuga as peer

    rows, columns = bed.shape
    triangles = peer.rectangular(columns, rows, len1=columns * CELL_M, len2=rows * CELL_M)
    domain = peer.Domain(*triangles)
    domain.set_store(False)
    domain.set_minimum_storable_height(0.0)

    def elevation(x, y):
        column = np.clip((np.asarray(x) / CELL_M).astype(int), 0, columns - 1)
        row = np.clip((np.asarray(y) / CELL_M).astype(int), 0, rows - 1)
        return bed[row, column]

    domain.set_quantity("elevation", elevation, location="centroids")
    domain.set_quantity("friction", MANNING)
    domain.set_quantity("stage", expression="elevation")
    wall = peer.Reflective_boundary(domain)
    domain.set_boundary({name: wall for name in domain.get_boundary_tags()})
    peer.Rate_operator(domain, rate=RAIN_M_S)

    def run():
        steps = 0
        for _ in domain.evolve(yieldstep=DURATION_S, finaltime=DURATION_S):
            steps += domain.number_of_steps
        return steps

    def depth():
        stage = domain.quantities["stage"].centroid_values
        ground = domain.quantities["elevation"].centroid_values
        # Two triangles of equal area make a cell.
        return 0.5 * (stage - ground)

    return run, depth, lambda: domain.number_of_elements


def main():
    name, path = sys.argv[1:]
    bed = np.load(path)
    run, depth, elements = {"itzi": itzi, "landlab": landlab, "anuga": anuga}[name](bed)
    area_m2 = CELL_M * CELL_M
    before_m3 = float(depth().sum()) * area_m2
    cpu, wall = time.process_time(), time.perf_counter()
    steps = run()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    after = depth()
    rain_m3 = bed.size * area_m2 * RAIN_M_S * DURATION_S
    gained_m3 = float(after.sum()) * area_m2 - before_m3
    report = {
        "name": f"{name} {version(name)}",
        "cells": bed.size,
        "elements": elements(),
        "steps": steps,
        "updates": steps * elements(),
        "cpu_s": cpu,
        "wall_s": wall,
        "rain_m3": rain_m3,
        "error": (gained_m3 - rain_m3) / rain_m3,
        "least_m": float(after.min()),
        "most_m": float(after.max()),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
