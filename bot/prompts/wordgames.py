"""The house model's formats for word games and multiple choice, and strict readers of the replies.

Whatever people and files bring in is one line by the time it stands in a prompt, so that nobody can
add an option or a field; a reader takes a reply that keeps to the format, and else nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

LETTERS = "ABCD"

LONGEST_OPTION = 100
"""Characters."""

_CHOICE = re.compile(r"\[?\s*([A-D])\s*[,:.)]\s*(.+?)\s*\]?\s*", re.DOTALL)
_NUMBERED = re.compile(r"\s*\d{1,3}[.)]\s*(.+?)\s*")
_FIELDS = ("Question", "Answer", "Wrong")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s")


def one_line(text: str) -> str:
    """A text without line breaks and what else could begin a field of its own."""
    return " ".join(text.split())


# -- multiple choice -----------------------------------------------------------------------


def multiple_choice(question: str, options: Sequence[str]) -> str:
    """A question with an option a line, as the model was trained to be asked."""
    lines = [one_line(question)]
    lines += [
        f"{letter}) {one_line(option)}" for letter, option in zip(LETTERS, options, strict=False)
    ]
    return "\n".join(lines)


def choices(options: Sequence[str]) -> tuple[str, ...]:
    """Every reply that keeps to the format."""
    return tuple(
        f"[{letter}, {one_line(option)}]" for letter, option in zip(LETTERS, options, strict=False)
    )


def read_choice(reply: str, options: Sequence[str]) -> int | None:
    """The place of the option that a reply names; ``None`` where letter and text do not agree."""
    found = _CHOICE.fullmatch(reply.strip())
    if found is None:
        return None
    place = LETTERS.index(found[1])
    if place >= len(options):
        return None
    return place if found[2].casefold() == one_line(options[place]).casefold() else None


def rotations(options: Sequence[str]) -> list[list[str]]:
    """The options in every rotation: a model that likes a letter better shows in the answers."""
    return [[*options[shift:], *options[:shift]] for shift in range(len(options))]


# -- lists, blanks, anagrams ---------------------------------------------------------------


def word_list(count: int, conditions: str, theme: str = "", without: Sequence[str] = ()) -> str:
    """Ask for words; ``conditions`` such as "that start with EN"."""
    about = f" about {one_line(theme)}" if theme else ""
    text = f"Give me a list of {count} words{about} {conditions}".rstrip()
    return f"{text}, other than {', '.join(without)}" if without else text


def read_list(reply: str) -> list[str]:
    """The entries of a numbered list, in their order; what stands beside them is left out."""
    found = (_NUMBERED.fullmatch(line) for line in reply.splitlines())
    return [entry[1] for entry in found if entry is not None]


def blank(sentence: str) -> str:
    """Ask for what is missing in a sentence with ``___`` in it."""
    return (
        "Fill in the blank with the one word or short phrase that fits best. Answer with it alone."
        f"\n{one_line(sentence)}"
    )


def clue_wanted(word: str, letters: str) -> str:
    """Ask for a clue to an anagram."""
    return (
        f'Write the second half of this sentence, without using the word "{word}": '
        f'This anagram of "{letters}" is'
    )


def clue(letters: str, half: str) -> str:
    """The card's sentence for an anagram; ``half`` is what a clue says of the word."""
    return f'This anagram of "{letters}" is {half}'


def read_clue(reply: str) -> str | None:
    """The half of the sentence that a reply gives, as ``what you do when ….``"""
    line = one_line(reply.strip().splitlines()[0]) if reply.strip() else ""
    line = re.sub(r'^This anagram of "?[\w ]+"? is\s+', "", line, flags=re.IGNORECASE).strip(' "')
    if not line or len(line) > 150:
        return None
    first = _SENTENCE_END.split(line)[0]
    return first if first[-1] in ".!?" else f"{first}."


# -- questions -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Draft:
    """A question as a model wrote it, unchecked."""

    question: str
    answer: str
    wrong: tuple[str, str, str]


def question_wanted(category: str, difficulty: str, without: Sequence[str] = ()) -> str:
    """Ask for a trivia question in a strict format."""
    wanted = (
        f"Write one {difficulty} trivia question about {one_line(category)} with a short answer "
        "that will still be right in ten years, and three wrong answers of the same kind. "
        "Use exactly this format:"
    )
    lines = [
        wanted,
        "Question: the question",
        "Answer: the right answer",
        "Wrong: a wrong answer; another; a third",
    ]
    if without:
        lines.append("Do not ask about: " + "; ".join(map(one_line, without)))
    return "\n".join(lines)


QUESTION_PATTERN = (
    r"Question: [A-Z][^\n?]{10,200}\?\nAnswer: [^\n;]{1,60}\n"
    r"Wrong: [^\n;]{1,60}; [^\n;]{1,60}; [^\n;]{1,60}"
)
"""What a reply to :func:`question_wanted` may look like."""


def read_question(reply: str) -> Draft | None:
    """A draft that keeps to the format: four different answers, none of them in the question."""
    lines = [line.strip() for line in reply.strip().splitlines() if line.strip()]
    if len(lines) != len(_FIELDS):
        return None
    values: list[str] = []
    for line, name in zip(lines, _FIELDS, strict=True):
        if not line.startswith(f"{name}:"):
            return None
        values.append(one_line(line.removeprefix(f"{name}:")))
    question, answer, listed = values
    wrong = [one_line(part).rstrip(".") for part in listed.split(";")]
    answer = answer.rstrip(".")
    answers = [answer, *wrong]
    if len(wrong) != 3 or not question.endswith("?") or not all(answers):
        return None
    if len({one.casefold() for one in answers}) != 4 or max(map(len, answers)) > LONGEST_OPTION:
        return None
    if any(one.casefold() in question.casefold() for one in answers):
        return None
    return Draft(question, answer, (wrong[0], wrong[1], wrong[2]))
