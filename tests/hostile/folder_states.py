"""What a hostile or tired sender can make of its own folder, one function a state, ready to be looked at."""

import os
import shutil
import socket
import stat
from collections.abc import Callable

from tests.hostile.scene import FEED, TOKEN, Scene

State = Callable[[Scene], None]
STATES: dict[str, State] = {}
CHANGES: dict[str, State] = {}
"""What happens between look and take."""


def state(name: str) -> Callable[[State], State]:
    return lambda make: STATES.setdefault(name, make)


def change(name: str) -> Callable[[State], State]:
    return lambda make: CHANGES.setdefault(name, make)


def up(scene: Scene, *names: str) -> str:
    """The way outside, relative to a feed's folder."""
    return "/".join(["..", "..", "..", "outside", *names])


# ------------------------------------------------------------------------------------------------- links where files belong

for name, target in {
    "an absolute link to a file outside": lambda scene: scene.outside / "secret.csv",
    "a relative link to a file outside": lambda scene: up(scene, "secret.csv"),
    "a link to a folder outside": lambda scene: scene.outside,
    "a link to the other tenant's file": lambda scene: scene.good_file,
    "a link to the folder of claims": lambda scene: scene.claims,
    "a link to a pipe outside": lambda scene: scene.outside / "pipe",
    "a link to an endless device": lambda _: "/dev/zero",
    "a link to the environment of the process": lambda _: "/proc/self/environ",
    "a link to a descriptor of the process": lambda _: "/proc/self/fd/1",
    "a link to itself": lambda _: "a.json",
    "a broken link": lambda _: "/nowhere/at/all",
    "a link to the feed's own folder": lambda _: ".",
}.items():
    STATES[name] = lambda scene, target=target: (scene.feed / "a.json").symlink_to(target(scene))


@state("a chain of links that ends outside")
def _(scene):
    (scene.feed / ".hop").symlink_to(up(scene))
    (scene.feed / "a.json").symlink_to(".hop/secret.csv")


@state("a link whose name has 255 bytes")
def _(scene):
    (scene.feed / ("x" * 255)).symlink_to(scene.outside / "secret.csv")


@state("a link named like a program of ours")
def _(scene):
    (scene.feed / "land_file_drops.py").symlink_to(scene.outside / "dags" / "dag.py")


@state("a hundred links")
def _(scene):
    for number in range(100):
        (scene.feed / f"{number}.json").symlink_to(scene.outside / "secret.csv")


# ------------------------------------------------------------------------------------------------------------- hard links


@state("a hard link to a file outside")
def _(scene):
    os.link(scene.outside / "secret.csv", scene.feed / "a.json")


@state("two names of one file")
def _(scene):
    (scene.feed / "a.json").write_bytes(b"x")
    os.link(scene.feed / "a.json", scene.feed / "b.json")


@state("names of one file in two feeds")
def _(scene):
    (scene.feed / "a.json").write_bytes(b"x")
    os.link(scene.feed / "a.json", scene.evil / "registry" / "a.json")


@state("a hard link to a link outside")
def _(scene):
    (scene.outside / "link").symlink_to("secret.csv")
    os.link(scene.outside / "link", scene.feed / "a.json", follow_symlinks=False)


# -------------------------------------------------------------------------------------------------------------- not files


@state("a pipe")
def _(scene):
    os.mkfifo(scene.feed / "a.json")


@state("a socket")
def _(scene):
    make_socket(scene.feed, "a.json")


@state("a character device")
def _(scene):
    os.mknod(scene.feed / "a.json", stat.S_IFCHR | 0o666, os.makedev(1, 5))


@state("a block device")
def _(scene):
    os.mknod(scene.feed / "a.json", stat.S_IFBLK | 0o666, os.makedev(7, 200))


@state("a folder named like a file")
def _(scene):
    (scene.feed / "a.json").mkdir()
    (scene.feed / "a.json" / "b.json").write_bytes(b"x")


@state("a deep tree of folders")
def _(scene):
    scene.feed.joinpath(*["d"] * 200).mkdir(parents=True)


@state("three hundred folders")
def _(scene):
    for number in range(300):
        (scene.feed / f"{number}.json").mkdir()


def make_socket(folder, name):
    here = os.open(".", os.O_RDONLY)
    os.chdir(folder)
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(name)
    finally:
        os.fchdir(here)
        os.close(here)


# ----------------------------------------------------------------------------------------------------------- sizes, rights


@state("a sparse file of a terabyte")
def _(scene):
    (scene.feed / "a.json").touch()
    os.truncate(scene.feed / "a.json", 10**12)


@state("an empty file")
def _(scene):
    (scene.feed / "a.json").touch()


for name, mode in {"closed to everybody": 0, "open to its owner only": 0o600, "that runs as its owner": 0o4755}.items():

    def _a_file(scene, mode=mode):
        (scene.feed / "a.json").write_bytes(b"x")
        (scene.feed / "a.json").chmod(mode)

    STATES[f"a file {name}"] = _a_file

RIGHTS = {"closed": 0, "that cannot be entered": 0o444, "that cannot be listed": 0o333, "that cannot be written": 0o555}
for place in ("tenant", "feed", "refused"):
    for name, mode in RIGHTS.items():

        def _a_folder(scene, place=place, mode=mode):
            (scene.feed / "a.json").write_bytes(b"x")
            (scene.feed / "b.json").symlink_to(scene.outside / "secret.csv")
            scene.refused.mkdir()
            {"tenant": scene.evil, "feed": scene.feed, "refused": scene.refused}[place].chmod(mode)

        STATES[f"a {place} folder {name}"] = _a_folder


@state("a folder of which only the owner of a file may take it")
def _(scene):
    (scene.feed / "a.json").write_bytes(b"x")
    scene.feed.chmod(0o1777)


# ----------------------------------------------------------------------------------------- where refused files are given back

REFUSED = {
    "an absolute link outside": lambda scene: scene.outside / "dags",
    "a relative link outside": lambda scene: up(scene, "dags"),
    "a link to the other tenant's feed": lambda scene: scene.good_file.parent,
    "a link to another file system": lambda _: "/dev/shm",
    "a link to the folder of claims": lambda scene: scene.claims,
    "a link to the feed itself": lambda _: ".",
    "a link to itself": lambda _: "refused",
    "a broken link": lambda _: "nowhere",
    "a broken link outside": lambda scene: scene.outside / "new",
}
for name, target in REFUSED.items():

    def _refused_link(scene, target=target):
        (scene.feed / "dag.py").symlink_to("/nowhere")
        scene.refused.symlink_to(target(scene))

    STATES[f"refused is {name}"] = _refused_link


@state("refused is a chain of links outside")
def _(scene):
    (scene.feed / "dag.py").symlink_to("/nowhere")
    (scene.feed / ".hop").symlink_to(up(scene))
    scene.refused.symlink_to(".hop/dags")


@state("refused is a file")
def _(scene):
    (scene.feed / "a.json").symlink_to("/nowhere")
    scene.refused.write_bytes(b"x")


@state("refused is a pipe")
def _(scene):
    (scene.feed / "a.json").symlink_to("/nowhere")
    os.mkfifo(scene.refused)


@state("refused is a socket")
def _(scene):
    (scene.feed / "a.json").symlink_to("/nowhere")
    make_socket(scene.feed, "refused")


@state("the page in refused is a link outside")
def _(scene):
    (scene.feed / "a.json").symlink_to("/nowhere")
    scene.refused.mkdir()
    (scene.refused / "a.json.reason.txt").symlink_to(scene.outside / "secret.csv")
    (scene.refused / "a-2.json.reason.txt").symlink_to(scene.outside / "new")


@state("the name in refused is a link outside")
def _(scene):
    (scene.feed / "a.json").symlink_to("/nowhere")
    scene.refused.mkdir()
    (scene.refused / "a.json").symlink_to(scene.outside / "secret.csv")


@state("the name in refused is a folder")
def _(scene):
    (scene.feed / "a.json").symlink_to("/nowhere")
    (scene.refused / "a.json").mkdir(parents=True)


# -------------------------------------------------------------------------------------------------------- feeds and tenants


def replace(folder, put):
    shutil.rmtree(folder)
    put(folder)


for place in ("feed", "tenant"):
    for name, put in {
        "a link outside": lambda scene: lambda folder: folder.symlink_to(scene.outside),
        "a relative link outside": lambda _: (
            lambda folder: folder.symlink_to(f"{'../' * (2 if folder.name == FEED else 1)}../outside")
        ),
        "a link to the other tenant's": lambda scene: (
            lambda folder: folder.symlink_to(scene.good_file.parent if folder.name == FEED else scene.good_file.parents[1])
        ),
        "a broken link": lambda _: lambda folder: folder.symlink_to("/nowhere"),
        "a file": lambda _: lambda folder: folder.write_bytes(b"x"),
        "a pipe": lambda _: os.mkfifo,
        "missing": lambda _: lambda folder: None,
    }.items():

        def _replaced(scene, place=place, put=put):
            replace(scene.feed if place == "feed" else scene.evil, put(scene))

        STATES[f"the {place} folder is {name}"] = _replaced


@state("an unknown feed that is a link outside")
def _(scene):
    (scene.evil / "weather").symlink_to(scene.outside)


@state("files and folders that belong to no feed")
def _(scene):
    (scene.evil / "weather").mkdir()
    (scene.evil / "weather" / "a.json").write_bytes(b"x")
    (scene.evil / "a.json").write_bytes(b"x")


# ----------------------------------------------------------------------------------------- what an earlier version called its own


@state("old claims are a link outside")
def _(scene):
    (scene.evil / ".claimed").symlink_to(scene.outside)


@state("old claims are a link to the other tenant's folder")
def _(scene):
    (scene.evil / ".claimed").symlink_to(scene.good_file.parents[1])


@state("old claims of a feed are a link outside")
def _(scene):
    (scene.evil / ".claimed").mkdir()
    (scene.evil / ".claimed" / FEED).symlink_to(scene.outside / "claimed")


@state("a folder of old claims is a link outside")
def _(scene):
    (scene.evil / ".claimed" / FEED).mkdir(parents=True)
    (scene.evil / ".claimed" / FEED / "0123").symlink_to(scene.outside / "claimed" / "0123")


@state("old claims are a file")
def _(scene):
    (scene.evil / ".claimed").write_bytes(b"x")


@state("pipes, links and folders among the old claims")
def _(scene):
    place = scene.evil / ".claimed" / FEED
    (place / "0123" / "folder").mkdir(parents=True)
    os.mkfifo(place / "pipe")
    os.mkfifo(place / "0123" / "pipe")
    (place / "0123" / "link").symlink_to(scene.outside / "secret.csv")
    (place / "link").symlink_to(scene.outside / "secret.csv")
    os.link(scene.outside / "secret.csv", place / "0123" / "hard.csv")


@state("old claims that are whole")
def _(scene):
    (scene.evil / ".claimed" / FEED / "0123").mkdir(parents=True)
    (scene.evil / ".claimed" / FEED / "0123" / "a.json").write_bytes(b"x")


# ------------------------------------------------------------------------------------------------------------------- names

NAMES = {
    "of 255 bytes": "x" * 255,
    "of 127 accented letters": "é" * 127,
    "with a new line": "a\nWhy: nothing.json",
    "that is no text": "caf\udce9\udcff.json",
    "that drives a terminal": "\x1b[2J\x1b]0;x\x07.json",
    "that turns its direction": "x\u202enosj.a",
    "that looks like an option": "--help",
    "of blanks": "   ",
    "of another system's path": "C:\\..\\..\\a.json",
    "of a format": "%s%n{0}${HOME}`id`.json",
    "like one that we took": ".taken-0123abcd-..",
    "like ours of a hidden one": ".taken-0123abcd-.hidden",
    "like a program of ours": "land_file_drops.py",
    "of a quote": "'; DROP TABLE landing.document; --.json",
    "of the folder of refused files": "refused",
}
for name, written in NAMES.items():
    STATES[f"a name {name}"] = lambda scene, written=written: (scene.feed / written).write_bytes(b"x")


# ------------------------------------------------------------------------------------------- changes between look and take


def drop(scene: Scene, body: bytes = b"x") -> None:
    (scene.feed / "a.json").write_bytes(body)
    (scene.feed / "a.json").chmod(0o666)


def swapped(put: Callable[[Scene], None]) -> State:
    def make(scene: Scene) -> None:
        drop(scene)

        def swap() -> None:
            (scene.feed / "a.json").unlink()
            put(scene)

        scene.at_last_moment = swap

    return make


CHANGES |= {
    "the file becomes a link outside": swapped(lambda scene: (scene.feed / "a.json").symlink_to(scene.outside / "secret.csv")),
    "the file becomes a relative link outside": swapped(
        lambda scene: (scene.feed / "a.json").symlink_to(up(scene, "secret.csv"))
    ),
    "the file becomes a link to a folder": swapped(lambda scene: (scene.feed / "a.json").symlink_to(scene.outside)),
    "the file becomes a hard link to a file outside": swapped(
        lambda scene: os.link(scene.outside / "secret.csv", scene.feed / "a.json")
    ),
    "the file becomes a pipe": swapped(lambda scene: os.mkfifo(scene.feed / "a.json")),
    "the file becomes a socket": swapped(lambda scene: make_socket(scene.feed, "a.json")),
    "the file becomes a folder": swapped(lambda scene: (scene.feed / "a.json").mkdir()),
    "the file is replaced by another": swapped(lambda scene: (scene.feed / "a.json").write_bytes(b"y")),
    "the file vanishes": swapped(lambda scene: None),
}


@change("the file grows")
def _(scene):
    drop(scene)
    scene.at_last_moment = lambda: (scene.feed / "a.json").write_bytes(b"xx")


@change("the file is cut")
def _(scene):
    drop(scene, b"xxxx")
    scene.at_last_moment = lambda: os.truncate(scene.feed / "a.json", 1)


@change("the file gets a second name")
def _(scene):
    drop(scene)
    scene.at_last_moment = lambda: os.link(scene.feed / "a.json", scene.feed / ".b")


@change("a link becomes a good file")
def _(scene):
    (scene.feed / "a.json").symlink_to(scene.outside / "secret.csv")

    def swap() -> None:
        (scene.feed / "a.json").unlink()
        (scene.feed / "a.json").write_bytes(b"good after all")

    scene.at_last_moment = swap


@change("a link becomes a hard link to a file outside")
def _(scene):
    (scene.feed / "a.json").symlink_to(scene.outside / "secret.csv")

    def swap() -> None:
        (scene.feed / "a.json").unlink()
        os.link(scene.outside / "secret.csv", scene.feed / "a.json")

    scene.at_last_moment = swap


for place in ("feed", "tenant"):

    def _moved(scene, place=place):
        folder = scene.feed if place == "feed" else scene.evil
        drop(scene)
        (scene.outside / FEED / "a.json").write_bytes(TOKEN)

        def swap() -> None:
            folder.rename(folder.with_name(".away"))
            folder.symlink_to(scene.outside / FEED if place == "feed" else scene.outside)

        scene.at_last_moment = swap

    CHANGES[f"the {place} folder becomes a link outside"] = _moved


@change("the folder of refused files becomes a link outside")
def _(scene):
    (scene.feed / "dag.py").symlink_to("/nowhere")
    scene.refused.mkdir()

    def swap() -> None:
        scene.refused.rename(scene.feed / ".away")
        scene.refused.symlink_to(scene.outside / "dags")

    scene.at_last_moment = swap
