"""How well readings that were not measured are told: stale, interpolated and outlying ones that people labelled in real series.

    python -m bench.quality [--labels FOLDER]

The series are shipped in `bench/series` (samples/README.md says whose they are); with `--labels` they are read from the
publishers' files in FOLDER. Marks are those of the product. Below the table stands how many readings of a cloudy month without
labels, the sample `serf-east` of July, are marked, of those that tell a power. Of gauges nobody labelled any: into the
temperature of the sample `serf-west-string` (one reading in 15 minutes) faults are put, ten times over.

The last line is one JSON object: `precision` and `recall` of each kind, and `marked_unlabelled` by kind; `gauge_recall` and
`gauge_marked_untouched` by kind.
"""

import argparse
import gzip
import json
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from include.analysis.series_marks import LEAST_LINE, interpolated, outliers, stale, still, usual_peak

SHIPPED: Final = Path(__file__).parent / "series"
UNLABELLED: Final = Path(__file__).parents[1] / "samples/drops/plant_measurements/serf-east-2016-07.json"
GAUGE: Final = Path(__file__).parents[1] / "samples/drops/sensor_readings/serf-west-string-2022-01.csv"
FILES: Final = {
    "stale": ("ac_power_inv_2173_stale_data.csv", "stale_data_mask"),
    "interpolated": ("ac_power_inv_2173_interpolated_data.csv", "interpolated_data_mask"),
    "outlier": ("ac_power_inv_7539_outliers.csv", "outlier"),
}
Marks = NDArray[np.bool_]


def read_labelled(kind: str, folder: Path | None = None) -> tuple[NDArray[np.int64], NDArray[np.float64], Marks]:
    """Instants [us], normalised powers, and which of them are labelled."""
    name, column = FILES[kind]
    table = pd.read_csv(folder / name if folder else SHIPPED / f"{name}.gz")
    labels = table[column].astype(str).str.upper() == "TRUE"
    return _instants(table["timestamp"]), table["value_normalized"].to_numpy(float), labels.to_numpy()


def marks_of(at_us: NDArray[np.int64], power: NDArray[np.float64]) -> dict[str, Marks]:
    """What the product marks, by kind."""
    return {"stale": stale(power), "interpolated": interpolated(at_us, power), "outlier": outliers(power)}


def _instants(texts: pd.Series) -> NDArray[np.int64]:
    return pd.to_datetime(texts, utc=True).astype("datetime64[us, UTC]").astype("int64").to_numpy()


def _unlabelled() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    body = UNLABELLED.read_bytes()
    rows = pd.DataFrame(json.loads(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body))
    rows = rows.dropna(subset=["potencia_ativa_watt"])
    rows = rows.assign(at=_instants(rows["datetime"].map(lambda each: each["$date"]))).sort_values("at")
    return rows["at"].to_numpy(), rows["potencia_ativa_watt"].to_numpy(float)


def gauge_marks(at_us: NDArray[np.int64], values: NDArray[np.float64], usual_span: float) -> dict[str, Marks]:
    """What the product marks of a gauge, by kind."""
    return {
        "stale": still(at_us, values, usual_span),
        "interpolated": interpolated(at_us, values, LEAST_LINE),
        "outlier": outliers(values, usual_span),
    }


def gauge() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Instants [us] and temperatures."""
    rows = pd.read_csv(GAUGE).dropna(subset=["temperature"])
    return _instants(rows["timestamp"]), rows["temperature"].to_numpy(float)


def with_faults(values: NDArray[np.float64], seed: int) -> tuple[NDArray[np.float64], dict[str, Marks]]:
    """The values with 8 hours that stand still, a line of 3 hours and three spikes of half their span; and where each is."""
    rng = np.random.default_rng(seed)
    faulty, truth = values.copy(), {kind: np.zeros(len(values), bool) for kind in FILES}
    first = int(rng.integers(20, len(values) - 100))
    faulty[first : first + 32] = np.median(values) + 0.0123
    truth["stale"][first : first + 32] = True
    line = first + 50
    faulty[line : line + 12] = np.linspace(values[line], values[line] + np.ptp(values) / 4, 12)
    truth["interpolated"][line : line + 12] = True
    outside = np.setdiff1d(np.arange(10, len(values) - 10), np.arange(first - 10, line + 22))
    spikes = rng.choice(outside[::10], 3, replace=False)
    faulty[spikes] += np.ptp(values) / 2
    truth["outlier"][spikes] = True
    return faulty, truth


def score_gauge(seeds: int = 10) -> tuple[dict[str, float], dict[str, float]]:
    """By kind the share of the faulty readings that is marked, and the share of the untouched ones that is."""
    found, faults, wrong, untouched = (dict.fromkeys(FILES, 0) for _ in range(4))
    at_us, values = gauge()
    for seed in range(seeds):
        faulty, truth = with_faults(values, seed)
        clean = ~np.logical_or.reduce(list(truth.values()))
        for kind, marks in gauge_marks(at_us, faulty, float(np.ptp(values))).items():
            found[kind] += int((marks & truth[kind]).sum())
            faults[kind] += int(truth[kind].sum())
            wrong[kind] += int((marks & clean).sum())
            untouched[kind] += int(clean.sum())
    return {kind: found[kind] / faults[kind] for kind in FILES}, {kind: wrong[kind] / untouched[kind] for kind in FILES}


def main() -> None:
    """Print the table and the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labels", type=Path, help="folder of the publishers' files")
    folder = parser.parse_args().labels
    figures: dict[str, dict[str, float]] = {"precision": {}, "recall": {}, "marked_unlabelled": {}}
    print("| kind | readings | labelled | marked | precision | recall |\n|---|---|---|---|---|---|")
    for kind in FILES:
        at_us, power, labels = read_labelled(kind, folder)
        marks = marks_of(at_us, power)[kind]
        hits = int((marks & labels).sum())
        figures["precision"][kind] = round(hits / max(int(marks.sum()), 1), 3)
        figures["recall"][kind] = round(hits / int(labels.sum()), 3)
        told = f"{figures['precision'][kind]:.2f} | {figures['recall'][kind]:.2f}"
        print(f"| {kind} | {len(power)} | {labels.sum()} | {marks.sum()} | {told} |")
    at_us, power = _unlabelled()
    tells = power > 0.01 * usual_peak(power)
    for kind, marks in marks_of(at_us, power).items():
        figures["marked_unlabelled"][kind] = round(float((marks & tells).sum() / tells.sum()), 4)
    marked = ", ".join(f"{kind} {share:.2%}" for kind, share in figures["marked_unlabelled"].items())
    print(f"marked of {tells.sum()} powers without labels: {marked}")
    recall, wrongly = score_gauge()
    for kind in FILES:
        print(f"of a gauge, {kind}: {recall[kind]:.2f} of the faulty readings marked, {wrongly[kind]:.2%} of the untouched ones")
    figures["gauge_recall"] = {kind: round(share, 3) for kind, share in recall.items()}
    figures["gauge_marked_untouched"] = {kind: round(share, 4) for kind, share in wrongly.items()}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
