"""Questions with the place of their answer, made by script from documents of others and our own.

``faq``: Debian's list of frequently asked questions, which Debian packages in many languages. A
question is a heading of it; the heading is taken out of the document, and the answer's first
paragraph is what has to be found. ``reports``: generated yearly reports in four languages that
differ in their figures only, as real ones do; the answer is one sentence in one of them, or one
in each of two.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path

FAQ_LANGUAGES = ("en", "de", "fr", "it", "ru", "ja", "zh-cn")
REPORT_LANGUAGES = ("en", "de", "es", "ru")


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    golds: tuple[str, ...]
    """Stretches of text that all have to be in the prompt."""


@dataclass(frozen=True, slots=True)
class QuestionSet:
    name: str
    kind: str
    """What the documents are written as: a file's extension."""
    documents: tuple[tuple[str, str], ...]
    """Names, and texts with a form feed between two pages and an empty line between paragraphs."""
    questions: tuple[Question, ...]


def faq(folder: Path, language: str) -> QuestionSet | None:
    """Download Debian's FAQ in a language into ``folder``; ``None`` where that cannot be done."""
    package = "debian-faq" if language == "en" else f"debian-faq-{language}"
    target = folder / package
    apt, dpkg = shutil.which("apt-get"), shutil.which("dpkg-deb")
    if apt is None or dpkg is None:
        return None
    try:
        for command in ([apt, "download", "-q", package],):
            subprocess.run(command, cwd=folder, check=True, capture_output=True)  # noqa: S603
        archive = next(folder.glob(f"{package}_*.deb"))
        subprocess.run([dpkg, "-x", str(archive), str(target)], check=True)  # noqa: S603
    except (subprocess.CalledProcessError, StopIteration):
        return None
    pages = sorted(target.rglob(f"*.{language}.html"))
    return _faq_of(language, [page.read_text("utf-8", "replace") for page in pages])


def _faq_of(language: str, pages: Sequence[str]) -> QuestionSet:
    chapters: list[str] = []
    questions: list[Question] = []
    for page in pages:
        body = re.sub(r"(?s)^.*?<body[^>]*>|<div class=\"nav(?:header|footer)\".*?</div>", "", page)
        if "Part" in body[:300]:
            body = re.sub(r"(?s)<div class=\"toc\">.*?</div>", "", body)
        paragraphs: list[str] = []
        asked = ""
        blocks = re.findall(r"(?s)<(h[1-6]|p|pre|li)\b[^>]*>(.*?)</\1>", body)
        for tag, inner in blocks:
            text = " ".join(unescape(re.sub(r"<[^>]+>", "", inner)).split())
            if not text:
                continue
            if tag[0] == "h" and re.search("[?\uff1f]$", text):
                asked = re.sub(r"^[\w.]+\.\s+", "", text)
                continue
            if asked and tag == "p" and len(text) > 60:
                questions.append(Question(asked, (text,)))
            if tag != "p" or len(text) > 60:
                asked = ""
            paragraphs.append(text)
        chapters.append("\n\n".join(paragraphs))
    text = "\n\n".join(chapters)
    return QuestionSet(f"faq {language}", "txt", (("faq.txt", text),), tuple(questions))


_WORDS = Path(__file__).with_name("report_words.json")
_SYLLABLES_LIST = "bar den fol gan hir jul kes lom mar nev ort pal quen ros sil tur ul ver wex zan "
_SYLLABLES = _SYLLABLES_LIST.split()


def reports(language: str, kind: str, *, pages: int, seed: int) -> QuestionSet:
    """Three reports of ``pages`` pages each, and thirty questions."""
    dice = random.Random(f"{language} {kind} {pages} {seed}")  # noqa: S311 - the same each time
    words = json.loads(_WORDS.read_text(encoding="utf-8"))[language]

    def name(syllables: int) -> str:
        return "".join(dice.choice(_SYLLABLES) for _ in range(syllables)).capitalize()

    projects = list(dict.fromkeys(name(3) for _ in range(6 * pages)))
    people = [f"{name(2)} {name(3)}" for _ in range(max(5, pages))]
    cities = [name(2) for _ in range(max(5, pages // 2))]
    years = (2019, 2021, 2023)
    documents: list[tuple[str, str]] = []
    facts: dict[tuple[str, int], tuple[str, ...]] = {}
    for year in years:
        sections: list[str] = []
        for number, project in enumerate(projects):
            began = year - dice.randrange(1, 9)
            values = {
                "p": project,
                "y": year,
                "n": dice.choice(people),
                "c": dice.choice(cities),
                "m": f"{dice.randrange(20, 900)},{dice.randrange(1000):03d}",
                "d": f"{dice.randrange(1, 29)}.{dice.randrange(1, 13)}.{began}",
                "k": dice.randrange(3, 90),
            }
            told = tuple(fact.format(**values) for fact in words["facts"])
            facts[project, year] = told
            filler = dice.sample(words["filler"], 3)
            block = [told[0], filler[0], told[1], filler[1], told[2], filler[2]]
            sections.append(" ".join(block) if kind != "xlsx" else "\t".join(block))
            if number % 6 == 5:
                sections.append("\f")
        head = str(words["head"]).format(y=year)
        body = "\n\n".join(sections).replace("\n\n\f\n\n", "\f").strip("\n\f")
        documents.append((f"report-{year}.{kind}", f"{head}\n\n{body}"))
    questions: list[Question] = []
    for number, project in enumerate(dice.sample(projects, min(30, len(projects)))):
        year, other = dice.sample(years, 2)
        if number % 5 == 4:
            asked = str(words["both"]).format(p=project, y=year, z=other)
            questions.append(Question(asked, (facts[project, year][1], facts[project, other][1])))
        else:
            which = number % 3
            asked = words["questions"][which].format(p=project, y=year)
            gold = facts[project, year][which]
            questions.append(Question(asked, (gold,)))
    return QuestionSet(f"reports {language}", kind, tuple(documents), tuple(questions))
