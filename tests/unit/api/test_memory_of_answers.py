"""Memory: an answer is recalled under an equal snapshot only, and the bytes stay bounded."""

from api.memory import Memory, Parcel


def test_an_answer_is_recalled_under_the_same_snapshot():
    memory, parcel = Memory(), Parcel(b"{}")
    memory.keep("question", "10:12:", parcel)

    assert memory.recall("question", "10:12:") is parcel
    assert memory.recall("question", "10:13:") is None
    assert memory.recall("another", "10:12:") is None


def test_the_bytes_kept_are_bounded_and_the_oldest_go_first():
    memory = Memory(capacity_bytes=80)
    for number in range(9):
        memory.keep(number, "s", Parcel(b"x" * 10))
        memory.recall(0, "s")

    assert memory.recall(0, "s") is not None
    assert memory.recall(1, "s") is None
    assert memory.recall(8, "s") is not None


def test_a_replaced_answer_gives_its_bytes_back():
    memory = Memory(capacity_bytes=80)
    for number in range(100):
        memory.keep("same", str(number), Parcel(b"x" * 10))
    for number in range(7):
        memory.keep(number, "s", Parcel(b"x" * 10))

    assert memory.recall("same", "99") is not None


def test_an_answer_too_large_for_the_memory_is_not_kept():
    memory = Memory(capacity_bytes=80)
    memory.keep("large", "s", Parcel(b"x" * 11))

    assert memory.recall("large", "s") is None
