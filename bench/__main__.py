"""`make bench`: every benchmark, one after the other, with their defaults."""

import subprocess
import sys

BENCHMARKS = ("bench.load", "bench.drops", "bench.rollup")

for benchmark in BENCHMARKS:
    subprocess.run([sys.executable, "-m", benchmark], check=True)
    print()
