"""Questions of the Open Trivia Database, out of a dump of it or an answer of its API.

Both are JSON with a list ``results``; see https://opentdb.com/api_config.php. The texts come with
HTML entities (the API's default encoding). Its questions are CC BY-SA 4.0: wherever they are
played, :data:`CREDIT` is shown.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.errors import AirocordError
from bot.games.questions import Difficulty, Origin, Question
from bot.language import phrase

CREDIT = phrase("Questions of the Open Trivia Database (https://opentdb.com), CC BY-SA 4.0.")
LARGEST = 20 * 1024 * 1024
"""Bytes of a dump; the whole database has 1.3 MB."""
_LONGEST_TEXT, _LONGEST_OPTION, _LONGEST_CATEGORY = 500, 100, 60
_DIFFICULTIES = {difficulty.value: difficulty for difficulty in Difficulty}


class Reason(StrEnum):
    """Why a question was left out."""

    MALFORMED = "not a question in this format"
    TOO_LONG = "too long to be shown"
    DUPLICATE = "asked twice"
    TIME_BOUND = "its answer changes with time"
    UNSAFE = "not for everybody"
    AMBIGUOUS = "a wrong answer is the same as the right one"


class OpenTdbError(AirocordError):
    """A file is not a dump of the Open Trivia Database; the text says why not."""


@dataclass(frozen=True, slots=True)
class Dump:
    questions: tuple[Question, ...]
    left_out: Mapping[Reason, int]
    """How many questions were left out for each reason."""


_TIME_BOUND = re.compile(
    r"\b(?:as of (?:now|today|\w+ \d{4}|\d{4}|this|\w+ \d{1,2})|currently(?! known)|right now|"
    r"nowadays|at the moment|to date|so far|this (?:year|month|season)|last year|upcoming|"
    r"is the (?:current|latest|newest|most recent)|(?:current|incumbent|reigning) "
    r"(?:president|prime minister|king|queen|monarch|champion|ceo|leader|mayor|pope|holder))\b",
    re.IGNORECASE,
)
_UNSAFE = re.compile(
    r"\b(?:sex(?:y|es|ual\w*|ist|ism)?|porn\w*|hentai|nud(?:e|es|ity|ist)|masturbat\w*|orgasm\w*|penis\w*|"
    r"vagina\w*|genital\w*|testic\w*|erect(?:ion|ile)|condoms?|prostitut\w*|brothels?|strippers?|"
    r"rape[ds]?|rapists?|incest\w*|p[ae]?edophil\w*|molest\w*|fetish\w*|bdsm|dildos?|"
    r"fuck\w*|shit\w*|bitch\w*|cunts?|whores?|sluts?|nigg(?:a|er)\w*|fag|fags|faggots?|retard(?:s|ed)?|"
    r"suicid\w*|self-harm|holocaust|genocid\w*|auschwitz|beheaded|decapitat\w*|necrophil\w*|"
    r"heroin|cocaine|methamphetamine|crystal meth|school shooting|columbine)\b",
    re.IGNORECASE,
)


def read(data: bytes) -> Dump:
    """A dump or an answer of the API as questions, without those that cannot be asked.

    Raises:
        OpenTdbError: it is too large, not JSON, or has no list of results.
    """
    if len(data) > LARGEST:
        raise OpenTdbError(f"The file is larger than {LARGEST // 1024 // 1024} MB.")
    try:
        whole: object = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise OpenTdbError(
            "The file is not JSON. Give a dump of the Open Trivia Database."
        ) from error
    results = whole.get("results") if isinstance(whole, dict) else whole
    if not isinstance(results, list):
        raise OpenTdbError(
            "The file has no list of results. Give a dump of the Open Trivia Database."
        )
    return sift(results)


def sift(results: Iterable[object]) -> Dump:
    """Already parsed results, as :func:`read` does it."""
    found: dict[str, Question] = {}
    left_out: Counter[Reason] = Counter()
    for result in results:
        made = _question(result)
        if isinstance(made, Question) and made.id in found:
            made = Reason.DUPLICATE
        if isinstance(made, Question):
            found[made.id] = made
        else:
            left_out[made] += 1
    return Dump(tuple(found.values()), left_out)


def _question(result: object) -> Question | Reason:
    if not isinstance(result, dict):
        return Reason.MALFORMED
    text = _text(result.get("question"))
    answer = _text(result.get("correct_answer"))
    category = _category(_text(result.get("category")))
    wrong = result.get("incorrect_answers")
    distractors = tuple(map(_text, wrong)) if isinstance(wrong, list) else ()
    difficulty = _DIFFICULTIES.get(_text(result.get("difficulty")))
    if not (text and answer and category and distractors and all(distractors) and difficulty):
        return Reason.MALFORMED
    if result.get("type") == "boolean":
        text = f"True or false? {text}"
    question = Question(
        id=f"opentdb:{_hash(text, answer)}",
        category=category,
        difficulty=difficulty,
        text=text,
        answer=answer,
        origin=Origin.OPENTDB,
        distractors=distractors,
    )
    return fault_of(question) or question


def fault_of(question: Question) -> Reason | None:
    """Why a question cannot be asked, by its wording and options; ``None``: it can."""
    options = [question.answer, *question.distractors]
    if len(question.text) > _LONGEST_TEXT or len(question.category) > _LONGEST_CATEGORY:
        return Reason.TOO_LONG
    if any(len(option) > _LONGEST_OPTION for option in options):
        return Reason.TOO_LONG
    if len({option.casefold() for option in options}) < len(options):
        return Reason.AMBIGUOUS
    if _TIME_BOUND.search(question.text):
        return Reason.TIME_BOUND
    return Reason.UNSAFE if _UNSAFE.search("\n".join([question.text, *options])) else None


def _text(value: object) -> str:
    """A text on one line, its entities undone. Some were escaped twice."""
    if not isinstance(value, str):
        return ""
    return " ".join(html.unescape(html.unescape(value)).split())


def _category(name: str) -> str:
    """``Entertainment: Video Games`` is shown as ``Video Games``."""
    return name.rpartition(": ")[2]


def _hash(text: str, answer: str) -> str:
    """The same for a question that differs only in capitals, spaces and punctuation."""
    bare = "\n".join(re.sub(r"[\W_]+", "", part).casefold() for part in (text, answer))
    return hashlib.sha256(bare.encode()).hexdigest()[:16]
