"""Whoever may write in a tenant's folder reaches nothing else, and holds back nobody else, whatever lies there."""

import contextlib
import io
import os
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from include.core.errors import HeliographError
from include.landing.claims import claim, recover, release
from include.landing.drops import deliver, is_being_written
from include.landing.refusals import Refusal, refuse, refuse_bytes
from tests.hostile.folder_states import CHANGES, STATES
from tests.hostile.scene import FEED, GOOD, NOBODY, Scene, at_last_moment, is_root, new_scene, untouched, without_rights


@pytest.fixture
def scene() -> Iterator[Scene]:
    with new_scene() as made:
        yield made


def test_the_corpus_is_large_enough():
    assert len(STATES) >= 80
    assert len(CHANGES) >= 15


# ------------------------------------------------------------------------------------------------ what is done with a folder


def look_at(scene: Scene) -> None:
    found = scene.look()
    for drop in [*found.ready, *(drop for drop, _ in found.faulty)]:
        is_being_written(drop, scene.drops)


def claim_all(scene: Scene) -> None:
    for drop in scene.look().ready:
        if drop.tenant == "evil":
            with contextlib.suppress(HeliographError), at_last_moment(scene):
                claim(drop, drops=scene.drops, claims=scene.claims)


def recover_all(scene: Scene) -> None:
    claim_all(scene)
    for claimed in recover(scene.claims)[0]:
        claimed.path.read_bytes()
        release(claimed)


def refuse_all(scene: Scene) -> None:
    found = scene.look()
    for drop in [*found.ready, *(drop for drop, _ in found.faulty)]:
        if drop.tenant == "evil":
            with contextlib.suppress(HeliographError), at_last_moment(scene):
                refuse(drop, refusal(drop.original_name), drops=scene.drops)
    with contextlib.suppress(HeliographError), at_last_moment(scene):
        refuse_bytes(io.BytesIO(b"what was loaded in vain"), refusal("a.json"), drops=scene.drops)


def deliver_one(scene: Scene) -> None:
    file = scene.home / "a.json"
    file.write_bytes(b"from the command line")
    with contextlib.suppress(HeliographError), at_last_moment(scene):
        deliver(file, drops=scene.drops, tenant="evil", feed=FEED)


ACTS = {"look": look_at, "claim": claim_all, "recover": recover_all, "refuse": refuse_all, "drop": deliver_one}


def refusal(name: str) -> Refusal:
    return Refusal("evil", FEED, name, "it cannot be read", datetime(2026, 3, 1, tzinfo=UTC))


def good_file_is_claimed(scene: Scene) -> None:
    (drop,) = [drop for drop in scene.look().ready if drop.tenant == "good"]
    claimed = claim(drop, drops=scene.drops, claims=scene.claims)
    assert claimed.path.read_bytes() == GOOD
    release(claimed)
    assert [path for path in scene.good_file.parents[1].rglob("*") if not path.is_dir()] == []


# ------------------------------------------------------------------------------------------------------------ as root, and not


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("name", [*STATES, *CHANGES])
def test_nothing_outside_is_touched_and_the_other_tenant_is_served(scene, name, act):
    make(scene, name)
    before = untouched(scene)

    ACTS[act](scene)
    good_file_is_claimed(scene)

    assert scene.outside_now() == before
    assert scene.leaks() == []


@pytest.mark.skipif(not is_root(), reason="already without rights")
@pytest.mark.parametrize("act", ["recover", "refuse", "drop"])
@pytest.mark.parametrize("name", [*STATES, *CHANGES])
def test_so_it_is_for_an_ordinary_user_whom_rights_hold_back(scene, name, act):
    make(scene, name)
    scene.give_to_sender()
    before = untouched(scene)

    def as_nobody() -> None:
        assert os.geteuid() == NOBODY
        ACTS[act](scene)
        good_file_is_claimed(scene)

    without_rights(as_nobody)

    assert scene.outside_now() == before
    assert scene.leaks() == []


@pytest.mark.parametrize("name", CHANGES)
def test_nor_does_it_help_to_change_things_before_a_folder_is_opened(scene, name):
    make(scene, name)
    before = untouched(scene)
    seen = scene.look()
    scene.at_last_moment()

    for drop in seen.ready:
        if drop.tenant == "evil":
            with contextlib.suppress(HeliographError):
                claim(drop, drops=scene.drops, claims=scene.claims)
    for drop, _ in seen.faulty:
        with contextlib.suppress(HeliographError):
            refuse(drop, refusal(drop.original_name), drops=scene.drops)

    good_file_is_claimed(scene)
    assert scene.outside_now() == before
    assert scene.leaks() == []


def make(scene: Scene, name: str) -> None:
    try:
        (STATES | CHANGES)[name](scene)
    except PermissionError:
        pytest.skip("this user cannot make that")
