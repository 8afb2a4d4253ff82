import math

from include.core.frames import Fault
from include.sources.formats.columns import QUANTITY_CODES, Columns
from include.sources.formats.instants import UNREADABLE

POWER = QUANTITY_CODES["ac_power_kw"]
TWO_TIMES = Fault("time_unambiguous", "01:30 was twice")
TWO_NUMBERS = Fault("number_unambiguous", "'1,234' is 1234 or 1.234")
UNKNOWN_UNIT = Fault("unit_known", "unit 'furlong'")


def faults_of(columns):
    return [faults for piece in columns.rest() for faults in piece.frame["faults"]]


def test_a_fault_stays_with_its_row_over_the_cut_into_pieces(context):
    columns = Columns(context, piece_rows=2)
    device = columns.code("a")
    for number in range(1, 5):
        faults = (TWO_NUMBERS,) if number == 3 else ()
        columns.add(number, device, POWER, 0, math.nan if faults else 1.0, {"n": number}, *faults)

    pieces = list(columns.rest())

    assert [piece.frame["faults"].tolist() for piece in pieces] == [[None, None], [(TWO_NUMBERS,), None]]
    assert pieces[1].frame["raw"].tolist() == ['{"n":3}', None]


def test_a_row_keeps_all_of_its_faults(context):
    columns = Columns(context)
    columns.add_fault(1, TWO_TIMES)
    columns.add(1, columns.code("a"), POWER, 0, 1.0)
    columns.add(2, columns.code("a"), POWER, UNREADABLE, math.nan, {}, TWO_NUMBERS)
    columns.add_state(3, columns.code("a"), 0, None, {}, UNKNOWN_UNIT)

    assert faults_of(columns) == [None, (TWO_TIMES, TWO_NUMBERS), (UNKNOWN_UNIT,)]


def test_a_missing_value_has_no_row_to_be_at_fault(context):
    columns = Columns(context)
    columns.add(1, columns.code("a"), POWER, 0, None, {}, TWO_NUMBERS)
    columns.add(2, columns.code("a"), POWER, 0, 2.0)

    assert faults_of(columns) == [None]
