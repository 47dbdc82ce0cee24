#!/usr/bin/env python3
"""How a hunt's time grows with the number of detections.

Usage: growth.py DAVY LOGS CONTENT [SEED]

Draws 10, 100 and 1,000 detections of the content (nine, three and three times), hunts over the logs with
each, start-up included and the content known, and prints the least, the median and the greatest of
the times in seconds, and the ratio of each median to that of ten. Of each draw the least of four runs
counts, after two that are not counted.
"""

import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

DRAWS = {10: 9, 100: 3, 1000: 3}


def draw(content, folder, detections, count):
    """A content with so many of the detections and all else."""
    for name in os.listdir(content):
        if name != "detections":
            os.symlink(os.path.join(content, name), os.path.join(folder, name))
    for path in random.sample(detections, min(count, len(detections))):
        place = os.path.join(folder, os.path.relpath(path, content))
        os.makedirs(os.path.dirname(place), exist_ok=True)
        shutil.copy(path, place)


def least(davy, logs, content, cache):
    times = []
    for _ in range(6):
        start = time.perf_counter()
        subprocess.run(
            [davy, "hunt", logs, "--content", content, "-o", os.devnull, "--format", "ndjson"],
            env=dict(os.environ, DAVY_CACHE=cache),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        times.append(time.perf_counter() - start)
    return min(times[2:])


def main():
    davy, logs, content = (os.path.abspath(path) for path in sys.argv[1:4])
    random.seed(int(sys.argv[4]) if len(sys.argv) > 4 else 1)
    detections = sorted(
        os.path.join(folder, name)
        for folder, _, names in os.walk(os.path.join(content, "detections"))
        for name in names
        if name.endswith((".yml", ".yaml"))
    )
    first = None
    for count, draws in DRAWS.items():
        times = []
        for _ in range(draws):
            with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as cache:
                draw(content, folder, detections, count)
                times.append(least(davy, logs, folder, cache))
        median = statistics.median(times)
        first = first or median
        print(f"{count:>5}: {min(times):.3f} {median:.3f} {max(times):.3f}  {median / first:.2f} x")


if __name__ == "__main__":
    main()
