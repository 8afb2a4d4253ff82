"""Names are made of the glossary's words, so that a stranger who has read it understands them."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
GLOSSARY = (REPOSITORY / "docs" / "glossary.md").read_text()
TERMS = re.findall(r"^\| (?!term |-)([^|]+?) \|", GLOSSARY, re.MULTILINE)

SOFTWARE = """
    access adapter api app array attempt body box cache clock code column context count csv database directory endpoint error
    field file head http json label limit list listing mail middleware object page paging path pdf pen query row scale security
    setting single smtp store table text value
"""
"""Words of software and print that mean here what they mean everywhere."""
ENGLISH = """
    admitted alive bad broken contested current day down ended exhausted expect failed few gathered gathering group heard
    kept known like locked look loose measured month not of only outcome permitted prepared read readable ready refuse
    rejected sealed setback slow small start stored too unanswerable unknown unreadable wait waiting wish whole with within work
    written
"""
"""Plain English, and participles of what was done to a thing."""
NAMES = "deye growatt heliograph huawei solaredge sungrow"
PLAIN = set(f"{SOFTWARE} {ENGLISH} {NAMES}".split())
PARTICIPLES = {
    "checked": "check",
    "contradicted": "contradiction",
    "counted": "count",
    "landed": "land",
    "limited": "limit",
    "planned": "plan",
    "pulled": "pull",
    "quarantined": "quarantine",
    "rolled": "roll",
}


def stem(word: str) -> str:
    """A word without its plural or participle."""
    word = PARTICIPLES.get(word, word)
    if word.endswith("ies") and word != "series":
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "series")) else word


WORDS = {tuple(stem(word) for word in re.split(r"[ -]", term)) for term in TERMS}


def unexplained(words: list[str]) -> list[str]:
    """The words of a name that are neither plain, nor a term, nor part of a term that the name holds as a whole."""
    stems, left = [stem(word) for word in words], []
    while stems:
        length = next((n for n in range(len(stems), 0, -1) if tuple(stems[:n]) in WORDS), 0)
        if not length and stems[0] not in {stem(word) for word in PLAIN}:
            left.append(stems[0])
        stems = stems[max(length, 1) :]
    return left


def public_classes() -> list[tuple[str, str]]:
    """File and name of every public class of the work and the API."""
    return [
        (path.relative_to(REPOSITORY).as_posix(), node.name)
        for room in ("include", "api")
        for path in sorted((REPOSITORY / room).rglob("*.py"))
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]


def test_every_public_class_is_named_in_words_of_the_glossary():
    strange = {
        f"{name} ({path})": left
        for path, name in public_classes()
        if (left := unexplained([part.lower() for part in re.findall(r"[A-Z][a-z]*", name)]))
    }

    assert strange == {}, "rename the class, or explain its word in docs/glossary.md"


def test_no_two_classes_of_the_work_share_a_name():
    names = Counter(name for path, name in public_classes() if path.startswith("include/"))

    # An answer of a vendor as it comes over the network and as it is loaded; the refusal of a file and that of a vendor.
    assert {name for name, count in names.items() if count > 1} <= {"Answer", "Refusal"}


def test_every_dag_is_named_in_words_of_the_glossary():
    names = re.findall(r"^## (\w+)$", (REPOSITORY / "docs" / "dags.md").read_text(), re.MULTILINE)

    assert len(names) > 5
    assert {name: left for name in names if (left := unexplained(name.split("_")))} == {}


def test_a_term_is_explained_once():
    assert sorted(TERMS) == sorted(set(TERMS))
    assert len(TERMS) > 100


def test_no_term_is_explained_that_nothing_uses():
    texts = [
        path.read_text().lower()
        for pattern in ("include/**/*.py", "api/**/*.py", "dags/*.py", "include/**/*.sql", "docs/**/*.md", "README.md")
        for path in REPOSITORY.glob(pattern)
        if path.name != "glossary.md"
    ]
    words = re.sub(r"[^a-z]", "", " ".join(texts))

    assert [term for term in TERMS if re.sub("[^a-z]", "", term) not in words] == []


@pytest.mark.parametrize(
    ("name", "left"),
    [
        (["claim", "check"], []),
        (["dirty", "days"], []),
        (["quarantined", "row"], []),
        (["parcel"], ["parcel"]),
        (["house", "of", "readings"], ["house"]),
    ],
)
def test_the_search_for_strange_words_finds_them(name, left):
    assert unexplained(name) == left
