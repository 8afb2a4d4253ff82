"""The same document through dlt in its best configuration: one Arrow table, Parquet over ADBC, merge by upsert.

Runs in an environment of its own (`bench/requirements-dlt.txt`); prints {"cpu_s", "wall_s"} without imports, children included.
"""

import gzip
import json
import os
import sys
import tempfile
import time

import dlt
import orjson
import pyarrow as pa
import pyarrow.compute as pc


def main() -> None:
    path, url = sys.argv[1:]
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"
    pipeline = dlt.pipeline(
        "bench",
        destination=dlt.destinations.postgres(url),
        dataset_name="dlt_bench",
        pipelines_dir=tempfile.mkdtemp(),
    )
    start, cpu = time.perf_counter(), _cpu_s()
    pipeline.run(
        table(path),
        table_name="reading",
        write_disposition={"disposition": "merge", "strategy": "upsert"},
        primary_key=["sensor_uuid", "measured_at"],
        loader_file_format="parquet",
    )
    print(json.dumps({"cpu_s": _cpu_s() - cpu, "wall_s": time.perf_counter() - start}))


def table(path: str) -> pa.Table:
    with gzip.open(path) as file:
        batch = orjson.loads(file.read())
    sensors, stamps, values = [], [], []
    for equipment in batch:
        for sensor in equipment["sensor"]:
            readings = sensor["readings"]
            sensors += [sensor["sensor_uuid"]] * len(readings)
            stamps += [reading["timestamp"] for reading in readings]
            values += [reading["valor"] for reading in readings]
    measured_at = pc.cast(pa.array(stamps), pa.timestamp("us", "UTC"))
    return pa.table({"sensor_uuid": sensors, "measured_at": measured_at, "value": values})


def _cpu_s() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


if __name__ == "__main__":
    main()
