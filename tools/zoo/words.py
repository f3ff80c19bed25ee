"""Words of ten languages from Unicode's CLDR: which language is a word of?

python tools/zoo/words.py    writes packages/zoo/data/words: the test split and 1,024 calibration words

CLDR names the same things in every language (emoji and their keywords; languages, scripts, territories), so that the subject of a word
does not tell its language. A word that two of the languages share is left out: it has no one language.
"""

import json
import re
import tarfile
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal

import numpy as np

from data import CALIBRATION, SHIPPED, calibration_indices, encode_idx, ship
from npm import Package

LANGUAGES = ("cs", "de", "fi", "fr", "hu", "it", "lt", "pl", "ro", "tr")
"""CLDR's codes, in the order of the labels. English is none of them: the others borrow so much of it that too little is left."""
ALPHABET = "abcdefghijklmnopqrstuvwxyz" + "ßàáâäåæçèéêëìíîïòóôöùúûüýÿ" + "ăąćčďėęěğįıłńňőœřśşšťūůűųźżžșț"
"""The letters of the ten languages. A letter's code is its place here, counted from 1; 0 fills what is left of the length."""
SHORTEST, LONGEST = 3, 16
TESTED = 1000
"""Words of each language in the test split; as many more as the poorest language has are for training."""
SEED = 20242

ANNOTATIONS = Package(
    "cldr-annotations-full",
    "48.2.0",
    6_537_823,
    "DV7A+rEcgUSNTRsVGNGqBZRmAkGfwhGHO5Q1dRwzBoBnVrHWp804JP7/QJdEc66iHmx3+zLWVIMCFLm0lW7PUQ==",
)
NAMES = Package(
    "cldr-localenames-full",
    "48.2.0",
    1_958_951,
    "4o0paYDz0UXhfhChAVFkmVl2CP0YTSEqE6WrC0fNafaSC5u5DAXphxH3SZ1Ujczarikr8DToKZfiok6EqWLdNQ==",
)
FILES = {
    ANNOTATIONS: ["annotations/{}/annotations.json"],
    NAMES: ["main/{}/languages.json", "main/{}/scripts.json", "main/{}/territories.json"],
}


def load(split: Literal["train", "test"]) -> tuple[np.ndarray, np.ndarray]:
    """Words [n, 1, 16] as letter codes and labels [n], as bytes; every prefix is as balanced over the languages as it can be."""
    chosen = [words[:TESTED] if split == "test" else words[TESTED:] for words in _drawn()]
    codes = np.array([_codes(word) for words in chosen for word in words], np.uint8)
    labels = np.repeat(np.arange(len(LANGUAGES), dtype=np.uint8), [len(words) for words in chosen])
    order = calibration_indices(labels, len(labels))
    return codes[order][:, None], labels[order]


@cache
def _drawn() -> list[list[str]]:
    """By language, as many words as the poorest has, in a seeded order. Alphabetical before the draw: no order of the files counts."""
    known = [_words(language) for language in LANGUAGES]
    languages_of = Counter(word for words in known for word in words)
    own = [sorted(word for word in words if languages_of[word] == 1) for words in known]
    each = min(map(len, own))
    random = np.random.Generator(np.random.PCG64(SEED))
    return [[words[index] for index in random.permutation(len(words))[:each]] for words in own]


def _words(language: str) -> set[str]:
    letters = set(ALPHABET)
    words = (word for text in _texts()[language] for word in re.findall(r"[^\W\d_]+", _lowercase(text, language)))
    return {word for word in words if SHORTEST <= len(word) <= LONGEST and letters.issuperset(word)}


def _lowercase(text: str, language: str) -> str:
    """In NFC. Turkish alone pairs I with ı and İ with i."""
    text = unicodedata.normalize("NFC", text)
    if language == "tr":
        text = text.replace("I", "ı").replace("İ", "i")
    return text.lower()


@cache
def _texts() -> dict[str, list[str]]:
    """By language, all that the packages' files say in it."""
    texts: dict[str, list[str]] = {language: [] for language in LANGUAGES}
    for package, files in FILES.items():
        with tarfile.open(package.archive("words")) as archive:
            for file in files:
                for language in LANGUAGES:
                    texts[language] += _strings(json.load(archive.extractfile(f"package/{file.format(language)}")))
    return texts


def _strings(value: Any) -> Iterator[str]:
    """All text in a JSON document but CLDR's own note of whose it is; keys are codes, not text."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for member in value:
            yield from _strings(member)
    elif isinstance(value, dict):
        for key, member in value.items():
            if key != "identity":
                yield from _strings(member)


def _codes(word: str) -> list[int]:
    return [ALPHABET.index(letter) + 1 for letter in word] + [0] * (LONGEST - len(word))


def main() -> None:
    files = {}
    for name, split, count in [("test", "test", TESTED * len(LANGUAGES)), ("calibration", "train", CALIBRATION)]:
        words, labels = load(split)
        files[f"{name}-images.idx3.gz"] = encode_idx(words[:count])
        files[f"{name}-labels.idx1.gz"] = encode_idx(labels[:count])
    ship(SHIPPED.parent / "words", files)


if __name__ == "__main__":
    main()
