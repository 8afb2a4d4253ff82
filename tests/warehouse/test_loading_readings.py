"""Loading is idempotent, balanced, and independent of the order of arrival."""

import itertools

import numpy as np
import pandas as pd
import psycopg2.errors
import pytest
import sqlalchemy.exc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.warehouse import documents
from include.warehouse.engine import transaction

pytestmark = pytest.mark.postgres


def rows_of(series_id, at, values):
    return pd.DataFrame({"series_id": series_id, "at": pd.DatetimeIndex(at), "value": np.asarray(values, float)})


def day_of(fleet, key="1", day="2026-02-01", value=5.0):
    at = pd.date_range(f"{day}T10:00", f"{day}T20:00", freq="5min")
    return rows_of(fleet.series[key, "ac_power_kw"], at, np.full(len(at), value))


def stored(fleet):
    return fleet.read("SELECT series_id, measured_at, value FROM mart.reading ORDER BY 1, 2")


def test_the_same_rows_in_another_document_change_nothing(small_fleet):
    rows = day_of(small_fleet)
    small_fleet.load(small_fleet.register("a"), rows)
    small_fleet.roll_up()
    before = small_fleet.read("SELECT xmin::text AS version, * FROM mart.reading ORDER BY series_id, measured_at")

    counts = small_fleet.load(small_fleet.register("b"), rows.sample(frac=1, random_state=1))

    assert (counts.inserted_rows, counts.updated_rows, counts.unchanged_rows) == (0, 0, len(rows))
    after = small_fleet.read("SELECT xmin::text AS version, * FROM mart.reading ORDER BY series_id, measured_at")
    pd.testing.assert_frame_equal(before, after)
    assert small_fleet.read("SELECT count(*) AS n FROM ops.dirty_day")["n"].item() == 0


def test_a_document_received_later_wins_and_the_earlier_value_stays_on_record(small_fleet):
    first, second = small_fleet.register("a"), small_fleet.register("b")
    small_fleet.load(first, day_of(small_fleet, value=5.0))

    counts = small_fleet.load(second, day_of(small_fleet, value=6.0).head(3))

    assert (counts.updated_rows, counts.unchanged_rows) == (3, 0)
    assert stored(small_fleet)["value"].tolist()[:4] == [6.0, 6.0, 6.0, 5.0]
    record = small_fleet.read("SELECT document_id, value FROM mart.superseded_reading")
    assert record.drop_duplicates().values.tolist() == [[first, 5.0]]


def test_a_document_received_earlier_but_loaded_later_does_not_win(small_fleet):
    first, second = small_fleet.register("a"), small_fleet.register("b")
    small_fleet.load(second, day_of(small_fleet, value=6.0))

    counts = small_fleet.load(first, day_of(small_fleet, value=5.0))

    assert (counts.inserted_rows, counts.updated_rows) == (0, 0)
    assert set(stored(small_fleet)["value"]) == {6.0}
    assert small_fleet.read("SELECT DISTINCT document_id, value FROM mart.superseded_reading").values.tolist() == [[first, 5.0]]


def test_a_dense_and_a_sparse_merge_agree(small_fleet):
    base = day_of(small_fleet)
    small_fleet.load(small_fleet.register("a"), base)
    sparse = pd.concat([base.iloc[[0, 60, 119]].assign(value=9.0), day_of(small_fleet, day="2026-02-02").head(1)])
    dense = base.assign(value=100.0 + np.arange(len(base)))

    counts = small_fleet.load(small_fleet.register("sparse"), sparse)
    all_changed = small_fleet.load(small_fleet.register("dense"), dense)

    assert (counts.inserted_rows, counts.updated_rows, counts.unchanged_rows) == (1, 3, 0)
    assert (all_changed.inserted_rows, all_changed.updated_rows) == (0, len(base))
    assert stored(small_fleet)["value"].tolist() == [*(100.0 + i for i in range(len(base))), 5.0]


def test_repeats_within_a_document_are_counted_and_contradictions_set_aside(small_fleet):
    rows = day_of(small_fleet).head(4)
    repeated = pd.concat([rows, rows.head(2), rows.head(1).assign(value=8.0)])

    counts = small_fleet.load(small_fleet.register("a"), repeated)

    # 7 rows: the first instant is said three times (5, 5, 8), the second twice (5, 5).
    assert (counts.parsed_rows, counts.inserted_rows, counts.duplicate_rows, counts.quarantined_rows) == (7, 4, 1, 2)
    assert stored(small_fleet)["value"].tolist() == [8.0, 5.0, 5.0, 5.0]


def test_only_changed_days_become_dirty_by_the_plants_own_calendar(small_fleet):
    series_id = small_fleet.series["1", "ac_power_kw"]
    at = ["2026-02-02T02:59:59", "2026-02-02T03:00:00"]

    small_fleet.load(small_fleet.register("a"), rows_of(series_id, at, [1, 1]))

    days = small_fleet.read("SELECT local_day FROM ops.dirty_day ORDER BY 1")["local_day"].astype(str).tolist()
    assert days == ["2026-02-01", "2026-02-02"]


def test_counts_that_do_not_balance_are_refused_by_the_database(small_fleet):
    document_id = small_fleet.register("a")

    with transaction(small_fleet.url) as connection:
        document = documents.lock_document(connection, document_id)
        counts = documents.LoadCounts(parsed_rows=3, inserted_rows=2)
        facts = {"loaded_at": document.received_at, "run_id": "t", "code_version": "t"}
        with pytest.raises(sqlalchemy.exc.IntegrityError) as caught:
            documents.write_load(connection, document, counts, **facts)
        connection.rollback()

    assert isinstance(caught.value.orig, psycopg2.errors.CheckViolation)
    assert "conservation" in str(caught.value.orig)


def test_a_replay_retracts_what_the_document_no_longer_says_and_reinstates_the_heir(small_fleet):
    rows = day_of(small_fleet).head(4)
    first, second = small_fleet.register("a"), small_fleet.register("b")
    small_fleet.load(first, rows.head(2))
    small_fleet.load(second, rows.assign(value=7.0))
    small_fleet.read("UPDATE landing.document SET state = 'landed' WHERE document_id = :second RETURNING 1", second=second)

    small_fleet.load(second, rows.iloc[2:].assign(value=7.0))

    assert stored(small_fleet)["value"].tolist() == [5.0, 5.0, 7.0, 7.0]


def test_a_load_that_fails_leaves_no_trace(small_fleet, monkeypatch):
    document_id = small_fleet.register("a")

    def broken(*_, **__):
        raise ConnectionError("the power went out")

    monkeypatch.setattr(documents, "write_load", broken)
    with pytest.raises(ConnectionError):
        small_fleet.load(document_id, day_of(small_fleet))
    monkeypatch.undo()

    assert len(stored(small_fleet)) == 0
    assert small_fleet.read("SELECT count(*) AS n FROM ops.dirty_day")["n"].item() == 0
    assert small_fleet.load(document_id, day_of(small_fleet)).inserted_rows == 121


READING = st.tuples(
    st.sampled_from(["1", "2"]), st.integers(0, 3 * 24 * 6 - 1), st.floats(0, 50, allow_nan=False, width=32)
)  # ten-minute slots of three days
DELIVERIES = st.lists(st.lists(READING, min_size=1, max_size=25), min_size=1, max_size=5)


@settings(max_examples=settings.default.max_examples // 5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries=DELIVERIES, data=st.data())
def test_every_order_of_arrival_gives_the_same_readings_and_rollups(small_fleet, deliveries, data):
    frames = [
        rows_of(
            [small_fleet.series[key, "ac_power_kw"] for key, _, _ in rows],
            pd.Timestamp("2026-02-01T01:00") + pd.to_timedelta([10 * slot for _, slot, _ in rows], unit="min"),
            [value for _, _, value in rows],
        )
        for rows in deliveries
    ]
    orders = [list(range(len(frames))), data.draw(st.permutations(range(len(frames))))]
    eager = data.draw(st.booleans())
    outcomes = []

    for order in orders:
        small_fleet.empty()
        document_ids = [small_fleet.register(f"delivery {i}") for i in range(len(frames))]
        for i in order:
            small_fleet.load(document_ids[i], frames[i])
            if eager:
                small_fleet.roll_up()
        while waiting := small_fleet.waiting():
            for document_id in waiting:
                small_fleet.load(document_id, frames[document_ids.index(document_id)])
        small_fleet.roll_up()
        outcomes.append(
            [stored(small_fleet), *(small_fleet.rollups(grain) for grain in ("hour", "day", "week", "month", "year"))]
        )

    for one, other in zip(*outcomes, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)


SAID = st.dictionaries(st.integers(0, 2), st.sampled_from([1.0, 2.0]), max_size=3)
WORDINGS = st.lists(st.lists(SAID, min_size=1, max_size=3), min_size=2, max_size=5)
"""What each document says of three instants, as it is read today and as it is read later, when more is registered."""

A, B, C, NOTHING = {0: 1.0}, {0: 2.0}, {0: 3.0}, {}
READ_ANEW = {
    "confirmed": ([[A, NOTHING], [A]], [0, 1, 0]),
    "confirmed before it was loaded": ([[A], [A, NOTHING]], [1, 0, 1]),
    "confirmed over one in between": ([[A], [B], [A], [C, NOTHING]], [0, 2, 3, 1, 3]),
    "confirmed, then superseded": ([[A, NOTHING], [A], [B, NOTHING]], [0, 1, 2, 0, 2]),
    "superseded": ([[A], [B, NOTHING], [A, NOTHING]], [0, 1, 2, 1, 2]),
}
"""Documents that say less when they are read anew, and in which order they are read."""


HOURS = itertools.count()
"""Each archive tells of an hour of its own, so that nothing has to be cleared away between them."""


class Archive:
    """Documents of which each may be read more than once, and says something else each time."""

    def __init__(self, fleet, wordings):
        self.fleet, self.wordings = fleet, wordings
        self.hour = pd.Timestamp("2026-02-01", tz="UTC") + pd.Timedelta(hours=next(HOURS))
        self.ids = [fleet.register(f"document {place} of {self.hour}") for place in range(len(wordings))]
        self.times_read = [0] * len(wordings)

    def read(self, place):
        """Read one: for the first time, or once more with its next wording."""
        if self.times_read[place]:
            self.fleet.reopen(self.ids[place])
        self.times_read[place] += 1
        self._load(place)

    def settle(self):
        """Load what waits to be loaded once more, each as it was read last."""
        while waiting := set(self.fleet.waiting()) & {one for one, times in zip(self.ids, self.times_read, strict=True) if times}:
            for document_id in sorted(waiting):
                self._load(self.ids.index(document_id))

    def _load(self, place):
        said = self._said(place)
        at = self.hour.tz_localize(None) + pd.to_timedelta(list(said), unit="min")
        self.fleet.load(self.ids[place], rows_of(self.fleet.series["1", "ac_power_kw"], at, list(said.values())))

    def _said(self, place):
        return self.wordings[place][self.times_read[place] - 1]

    def held(self):
        """Values by minute."""
        rows = self.fleet.read(
            "SELECT measured_at, value FROM mart.reading WHERE measured_at >= :hour ORDER BY 1", hour=self.hour
        )
        return {int((row.measured_at - self.hour).total_seconds()) // 60: row.value for row in rows.itertuples()}

    def in_order_of_receipt(self):
        """What must be held: each instant as the last document says that says anything of it."""
        return {minute: value for place in range(len(self.ids)) for minute, value in self._said(place).items()}


@pytest.mark.parametrize(("wordings", "order"), READ_ANEW.values(), ids=READ_ANEW)
def test_what_another_document_said_again_holds_when_one_says_it_no_longer(small_fleet, wordings, order):
    archive = Archive(small_fleet, wordings)

    for place in order:
        archive.read(place)
    archive.settle()

    assert archive.held() == archive.in_order_of_receipt()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wordings=WORDINGS, data=st.data())
def test_documents_that_are_read_anew_in_any_order_leave_what_their_order_of_receipt_says(small_fleet, wordings, data):
    archive = Archive(small_fleet, wordings)
    readings_of_each = [place for place, of_it in enumerate(wordings) for _ in of_it]

    for place in data.draw(st.permutations(readings_of_each)):
        archive.read(place)
        if data.draw(st.booleans()):
            archive.settle()
    archive.settle()

    assert archive.held() == archive.in_order_of_receipt()
