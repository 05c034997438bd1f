"""Question packs that the admins of a server upload: YAML or JSON, by the schema of docs/packs.md,
or a trivia list in the format of Red-DiscordBot (a mapping of each question to its answers).

A pack is read whole or not at all. Whatever is wrong with it is one sentence that names the line.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from bot.errors import AirocordError
from bot.games.questions import AI_PREFIX, Difficulty, Origin, Question
from bot.language import Sentence, figure, phrase, plural

LARGEST = 512 * 1024
"""Bytes of a pack."""
MOST_QUESTIONS = 2_000
LONGEST_QUESTION = 500
LONGEST_ANSWER = 100
LONGEST_NOTE = 300
"""Characters of a description, of an explanation, and of any other text beside those above."""
LONGEST_TITLE = 80
MOST_ANSWERS = 50
"""Answers and aliases, or wrong answers, of one question."""
DEEPEST = 6
"""Levels of lists and mappings in each other."""
_TOO_DEEP = phrase("lists and mappings go deeper here than in any pack")

_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The same in C where PyYAML was built with it."""

_HALVES = re.compile(r"\\\\|\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE)
_JOINER = "\u200d"
"""Makes one emoji of several."""

_PACK_KEYS = ("title", "description", "author", "licence", "license", "questions")
_QUESTION_KEYS = (
    "question",
    "answer",
    "aliases",
    "wrong",
    "category",
    "difficulty",
    "explanation",
)
_DIFFICULTIES = {difficulty.value: difficulty for difficulty in Difficulty}


class PackError(AirocordError):
    """A pack cannot be used; the text says where and why."""


@dataclass(frozen=True, slots=True)
class Pack:
    title: str
    description: str
    credit: str
    """Author and licence, to be shown wherever it is played; may be empty."""
    questions: tuple[Question, ...]


def read(data: bytes, name: str) -> Pack:
    """Read an uploaded file. Some tenths of a second for the largest: not on the event loop.

    Args:
        name: the file's name, the title of a pack that has none.

    Raises:
        PackError: it cannot be used as it is.
    """
    if len(data) > LARGEST:
        raise too_large()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PackError(phrase("The pack is not UTF-8 text. Save it as UTF-8.")) from error
    root = _parse(text)
    if not isinstance(root, MappingNode) or not root.value:
        raise _wrong_in(1, phrase("a pack begins with its title or its questions; see the example"))
    reader = _Reader(name)
    ours = any(isinstance(key, ScalarNode) and key.value == "questions" for key, _ in root.value)
    return reader.pack(root) if ours else reader.trivia_list(root)


def too_large() -> PackError:
    """The file has more than :data:`LARGEST` bytes."""
    return PackError(
        phrase("A pack can have {size} kB. Split it into several.", size=LARGEST // 1024)
    )


def _parse(text: str) -> Node | None:
    """The tree of nodes, which keep their lines. What could make it large is refused while it is
    read, before any tree is built."""
    if text.lstrip().startswith("{"):
        # JSON may be indented with tabs, and writes emoji as two halves; YAML has neither.
        text = _HALVES.sub(_joined, text.replace("\t", " "))
    try:
        _check_shape(text)
        return yaml.compose(text, _LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        if "nesting depth" in (error.problem or ""):
            # libyaml looks ahead, and since 0.2.6 it gives up there before _check_shape sees it.
            raise _wrong_in(line, _TOO_DEEP) from error
        raise PackError(
            phrase(
                "Line {line}: {problem}. A text with a colon or # in it needs quotes.",
                line=line,
                problem=_said(error.problem),
            )
        ) from error
    except yaml.YAMLError as error:
        raise PackError(
            phrase("The pack has characters in it that YAML does not allow.")
        ) from error


def _joined(match: re.Match[str]) -> str:
    if match[1] is None:
        return match[0]
    halves = bytes.fromhex(match[1] + match[2])
    return halves.decode("utf-16-be")


def _check_shape(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, _LOADER):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            raise _wrong_in(line, phrase("anchors (&) and aliases (*) cannot be used in a pack"))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise _wrong_in(line, _TOO_DEEP)


def _said(problem: str | None) -> str:
    """What the parser says, on one line and not too long."""
    if not problem:
        return phrase("this is not YAML")
    return " ".join(problem.split())[:150].rstrip(".")


class _Reader:
    """Reads one file; knows what of it was there before."""

    def __init__(self, name: str) -> None:
        self._title = _cut(name.rpartition("/")[2].rsplit(".", 1)[0]) or "Pack"
        self._seen: dict[str, int] = {}

    def pack(self, root: MappingNode) -> Pack:
        fields = _fields(root, _PACK_KEYS)
        title = _text(fields, "title", LONGEST_TITLE) or self._title
        credit = [_text(fields, key, LONGEST_NOTE) for key in ("author", "licence", "license")]
        rows = fields.get("questions")
        if not isinstance(rows, SequenceNode) or not rows.value:
            raise _wrong(rows or root, phrase("questions is a list with at least one question"))
        self._count(rows, len(rows.value))
        return Pack(
            title=title,
            description=_text(fields, "description", LONGEST_NOTE),
            credit=", ".join(filter(None, credit)),
            questions=tuple(self._question(row, title) for row in rows.value),
        )

    def trivia_list(self, root: MappingNode) -> Pack:
        """Red's format: ``question: [answer, other answer]``, ``AUTHOR``, and ``CONFIG``, whose
        rules for the game are not ours to follow."""
        author = ""
        questions: list[Question] = []
        for key, value in root.value:
            asked = _scalar(key, phrase("a question"), LONGEST_QUESTION)
            if asked == "AUTHOR":
                author = "" if _is_null(value) else _scalar(value, "AUTHOR", LONGEST_NOTE)
            elif asked != "CONFIG":
                quoted = _quoted(asked)
                what = phrase("the answers to {question}", question=quoted)
                answers = _strings(value, what)
                if not answers:
                    raise _wrong(key, phrase("{question} has no answer", question=quoted))
                questions.append(self._made(key, asked, answers, category=self._title, wrong=()))
                self._count(key, len(questions))
        if not questions:
            raise _wrong(root, phrase("there is no question here"))
        return Pack(self._title, "", author, tuple(questions))

    def _question(self, node: Node, category: str) -> Question:
        if not isinstance(node, MappingNode):
            raise _wrong(node, phrase("each question has the keys question and answer"))
        fields = _fields(node, _QUESTION_KEYS)
        for key in ("question", "answer"):
            if key not in fields:
                raise _wrong(node, phrase("this question has no {key}", key=key))
        text = _text(fields, "question", LONGEST_QUESTION)
        answer = _text(fields, "answer", LONGEST_ANSWER)
        aliases, wrong = (
            _strings(fields[key], key) if key in fields else () for key in ("aliases", "wrong")
        )
        level = _text(fields, "difficulty", LONGEST_TITLE).lower() or Difficulty.MEDIUM
        if level not in _DIFFICULTIES:
            known = ", ".join(_DIFFICULTIES)
            raise _wrong(fields["difficulty"], phrase("difficulty is one of {known}", known=known))
        return self._made(
            node,
            text,
            (answer, *aliases),
            wrong=wrong,
            category=_text(fields, "category", LONGEST_TITLE) or category,
            difficulty=_DIFFICULTIES[level],
            explanation=_text(fields, "explanation", LONGEST_NOTE),
        )

    def _made(
        self,
        node: Node,
        text: str,
        answers: Sequence[str],
        *,
        wrong: Sequence[str],
        category: str,
        difficulty: Difficulty = Difficulty.MEDIUM,
        explanation: str = "",
    ) -> Question:
        if not text or not answers[0]:
            raise _wrong(node, phrase("question and answer cannot be empty"))
        if category.startswith(AI_PREFIX):
            reason = phrase(
                "the category {category} begins as those of questions that the model wrote do",
                category=_quoted(category),
            )
            raise _wrong(node, reason)
        right, options = ({one.casefold() for one in texts} for texts in (answers, wrong))
        for option in wrong:
            if option.casefold() in right:
                reason = phrase(
                    "the wrong answer {answer} is also a right one", answer=_quoted(option)
                )
                raise _wrong(node, reason)
        if len(options) < len(wrong):
            raise _wrong(
                node, phrase("{question} has the same wrong answer twice", question=_quoted(text))
            )
        identity = hashlib.sha256(f"{text.casefold()}\n{answers[0].casefold()}".encode())
        key = identity.hexdigest()[:16]
        if key in self._seen:
            raise _wrong(
                node,
                phrase(
                    "{question} stands in line {line} already",
                    question=_quoted(text),
                    line=self._seen[key],
                ),
            )
        self._seen[key] = _line(node)
        return Question(
            id=f"pack:{key}",
            category=category,
            difficulty=difficulty,
            text=text,
            answer=answers[0],
            origin=Origin.PACK,
            aliases=tuple(dict.fromkeys(answers[1:])),
            distractors=tuple(wrong),
            explanation=explanation,
        )

    def _count(self, node: Node, count: int) -> None:
        if count > MOST_QUESTIONS:
            raise _wrong(
                node,
                phrase("a pack can have {most} questions; split it", most=figure(MOST_QUESTIONS)),
            )


def _fields(node: MappingNode, known: Sequence[str]) -> Mapping[str, Node]:
    """What stands at each key; a key with null, or nothing, is left out."""
    found: dict[str, Node] = {}
    for key, value in node.value:
        name = _scalar(key, phrase("a key"), LONGEST_TITLE)
        if name not in known:
            keys = ", ".join(known)
            raise _wrong(key, phrase("{key} is not one of {keys}", key=_quoted(name), keys=keys))
        if name in found:
            raise _wrong(key, phrase("{key} stands here twice", key=name))
        found[name] = value
    return {name: value for name, value in found.items() if not _is_null(value)}


def _text(fields: Mapping[str, Node], key: str, longest: int) -> str:
    return _scalar(fields[key], key, longest) if key in fields else ""


def _strings(node: Node, what: str) -> tuple[str, ...]:
    """A list of texts, without empty ones and null; a single text is a list of one."""
    nodes = node.value if isinstance(node, SequenceNode) else [node]
    if len(nodes) > MOST_ANSWERS:
        raise _wrong(node, phrase("{what} can be {most} at most", what=what, most=MOST_ANSWERS))
    texts = (_scalar(one, what, LONGEST_ANSWER) for one in nodes if not _is_null(one))
    return tuple(filter(None, texts))


def _is_null(node: Node) -> bool:
    """Null of JSON and YAML, without quotes."""
    return bool(node.tag == "tag:yaml.org,2002:null")


def _scalar(node: Node, what: str, longest: int) -> str:
    """The text as it is written, on one line: ``yes``, ``1945`` and ``012`` are texts too."""
    if not isinstance(node, ScalarNode):
        raise _wrong(node, phrase("{what} is a text, not a list or mapping", what=what))
    line = " ".join(str(node.value).split())
    text = "".join(sign for sign in line if sign.isprintable() or sign == _JOINER)
    if len(text) > longest:
        raise _wrong(
            node,
            plural(
                "{what} has {count} character; at most {longest} are shown",
                "{what} has {count} characters; at most {longest} are shown",
                len(text),
                what=what,
                longest=longest,
            ),
        )
    return text


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _wrong(node: Node, reason: Sentence) -> PackError:
    return _wrong_in(_line(node), reason)


def _wrong_in(line: int, reason: Sentence) -> PackError:
    return PackError(phrase("Line {line}: {reason}.", line=line, reason=reason))


def _quoted(text: str) -> str:
    return f"\u201c{_cut(text)}\u201d"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_TITLE else f"{line[: LONGEST_TITLE - 1]}\u2026"
