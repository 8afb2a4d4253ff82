import numpy as np
import pandas as pd

from include.core.frames import Fault
from include.core.quantities import QUANTITIES
from include.quality.checks import Checked
from include.steps.quarantine_rows import QuarantineRows

AMBIGUOUS = Fault("number_unambiguous", "'1,234' is 1234 or 1.234")
CUT = Fault("row_whole", "the last line is cut")


def frame_of(faults):
    return pd.DataFrame(
        {
            "row_number": np.arange(1, len(faults) + 1, dtype=np.int32),
            "subject": pd.Categorical(["7"] * len(faults)),
            "quantity": pd.Categorical(["ac_power_kw"] * len(faults), list(QUANTITIES)),
            "measured_at": pd.Series([pd.NaT] * len(faults), dtype="datetime64[us, UTC]"),
            "value": np.full(len(faults), np.nan),
            "state": np.full(len(faults), None, dtype=object),
            "raw": np.full(len(faults), "{}", dtype=object),
            "faults": pd.Series(faults, dtype=object),
        }
    )


def test_a_row_with_faults_tells_them_in_its_payload():
    frame = frame_of([None, (AMBIGUOUS,), (AMBIGUOUS, CUT)])
    rules = ("row_whole", "number_unambiguous")
    checked = Checked(np.zeros(3, bool), np.array([1, 2, 3]), rules, {}, "suite", "1", {})
    rows = QuarantineRows(most=10)

    rows.add_broken(frame, checked)

    assert [row.payload for row in rows.rows] == [
        {"raw": "{}"},
        {"raw": "{}", "reason": "'1,234' is 1234 or 1.234"},
        {"raw": "{}", "reason": "'1,234' is 1234 or 1.234; the last line is cut"},
    ]
    assert rows.rows[2].broken_rules == rules
