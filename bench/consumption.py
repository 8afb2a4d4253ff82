"""How well unusual months of consumption are found, live: errors are injected into real meters, and no later month is used.

    python -m bench.consumption [--meters meters.csv] [--seeds 10] [--share 0.02]

Without `--meters` (columns customer, mes, consumo_kwh) the meters are those of the samples. All kinds are as likely; the
first twelve months of a meter are not scored. Whatever is found on untouched months counts as wrong, though some of these are
real. The rules of a fixed deviation are yardsticks; they see all months, later ones too.

The last line is one JSON object: `f1`, `precision`, `recall`, `alerts_per_meter_year` (on untouched meters).
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from include.analysis.consumption import judge_months

SAMPLES = Path(__file__).resolve().parents[1] / "samples" / "drops" / "consumption"
KINDS = {"zero": 0.0, "x 10": 10.0, "x 0.5": 0.5, "x 2": 2.0, "x 0.7": 0.7, "x 1.3": 1.3}
LEARNING_MONTHS = 12


def main() -> None:
    """Run and print the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--meters", type=Path)
    arguments.add_argument("--seeds", type=int, default=10)
    arguments.add_argument("--share", type=float, default=0.02)
    asked = arguments.parse_args()
    meters = read_meters(asked.meters)
    months = meters.shape[1] - LEARNING_MONTHS
    print(f"{len(meters)} real meters x {months} scored months, {asked.share:.0%} injected, {asked.seeds} seeds")
    print(f"{'rule':34} precision recall    F1  untouched  recall by kind")
    for name, rule in RULES.items():
        told = score(rule, meters, seeds=asked.seeds, share=asked.share)
        kinds = ", ".join(f"{kind} {share:.2f}" for kind, share in told["by_kind"].items())
        print(f"{name:34} {told['precision']:9.2f} {told['recall']:6.2f} {told['f1']:5.2f} {told['alerts']:10d}  {kinds}")
    ours = score(judged, meters, seeds=asked.seeds, share=asked.share)
    years = months / 12 * len(meters)
    figures = {name: round(ours[name], 3) for name in ("f1", "precision", "recall")}
    print(json.dumps({**figures, "alerts_per_meter_year": round(ours["alerts"] / years, 3)}))


def read_meters(file: Path | None = None) -> np.ndarray:
    """Consumption [kWh] by (meter, month)."""
    rows = pd.concat(_samples()) if file is None else pd.read_csv(file)
    rows = rows.set_axis(["customer", "month", "kwh"], axis=1)
    return rows.pivot(index="customer", columns="month", values="kwh").to_numpy(float)


def _samples() -> list[pd.DataFrame]:
    written = pd.read_csv(SAMPLES / "consumo-2017.csv", sep=";", decimal=",")
    parts = [
        written.assign(mes=pd.to_datetime(written["mes"], format="%m/%Y")),
        pd.read_json(SAMPLES / "consumo-2018.json"),
        pd.read_excel(SAMPLES / "consumo-2019.xlsx"),
    ]
    named = [part.set_axis(["name", "customer", "month", "kwh"], axis=1) for part in parts]
    return [part.assign(month=pd.to_datetime(part["month"])).drop(columns="name") for part in named]


def score(rule: Callable[[np.ndarray], np.ndarray], meters: np.ndarray, *, seeds: int, share: float) -> dict:
    """Precision, recall, F1, recall by kind, and the alerts on untouched meters, of a rule that says which months are unusual."""
    found = missed = wrong = 0
    hits, totals = np.zeros(len(KINDS)), np.zeros(len(KINDS))
    for seed in range(seeds):
        changed, kinds = inject(meters, seed=seed, share=share)
        told = rule(changed)[:, LEARNING_MONTHS:]
        is_wrong = kinds[:, LEARNING_MONTHS:] >= 0
        found += np.count_nonzero(told & is_wrong)
        missed += np.count_nonzero(~told & is_wrong)
        wrong += np.count_nonzero(told & ~is_wrong)
        for kind in range(len(KINDS)):
            of_kind = kinds[:, LEARNING_MONTHS:] == kind
            hits[kind] += np.count_nonzero(told & of_kind)
            totals[kind] += np.count_nonzero(of_kind)
    return {
        "precision": found / max(found + wrong, 1),
        "recall": found / max(found + missed, 1),
        "f1": 2 * found / max(2 * found + wrong + missed, 1),
        "by_kind": dict(zip(KINDS, hits / np.maximum(totals, 1), strict=True)),
        "alerts": int(np.count_nonzero(rule(meters)[:, LEARNING_MONTHS:])),
    }


def inject(meters: np.ndarray, *, seed: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Meters with a share of their scored months wrong, and the kind of error of each month (-1: none)."""
    random = np.random.default_rng(seed)
    changed, kinds = meters.copy(), np.full(meters.shape, -1)
    scored = np.argwhere(np.arange(meters.shape[1])[None, :] >= np.full((len(meters), 1), LEARNING_MONTHS))
    for meter, month in random.permutation(scored)[: round(share * len(scored))]:
        kind = random.integers(len(KINDS))
        changed[meter, month] *= list(KINDS.values())[kind]
        kinds[meter, month] = kind
    return changed, kinds


def judged(meters: np.ndarray) -> np.ndarray:
    """Ours."""
    return judge_months(meters).is_unusual


def two_deviations(meters: np.ndarray) -> np.ndarray:
    """More than two standard deviations from the meter's mean."""
    return np.abs(meters - meters.mean(axis=1, keepdims=True)) > 2 * meters.std(axis=1, ddof=1, keepdims=True)


def eighty_per_cent(meters: np.ndarray) -> np.ndarray:
    """A change of more than 80 % over the month before."""
    before = np.pad(meters[:, :-1], ((0, 0), (1, 0)), constant_values=np.nan)
    return np.abs(meters - before) > 0.8 * before


def global_mean(meters: np.ndarray) -> np.ndarray:
    """More than 1.5 times the mean of all meters."""
    return meters > 1.5 * meters.mean()


RULES = {
    "by the months before (ours)": judged,
    "2 standard deviations of the meter": two_deviations,
    "change of 80 % in a month": eighty_per_cent,
    "1.5 x mean of all meters": global_mean,
}

if __name__ == "__main__":
    main()
