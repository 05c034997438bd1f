"""A reader of GBNF, llama.cpp's grammar format, that knows as much of it as the bot writes.

It turns a grammar into a regular expression of Python's, so that two languages can be compared
by their strings. Rules that use each other in a circle are unfolded a few times only.

The format: https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r'"(?P<literal>(?:[^"\\\n]|\\.)*)"|\[(?P<set>\^?(?:[^\]\\\n]|\\.)+)\]|(?P<rule>[a-z]+)'
    r"|(?P<count>\{\d+,\d*\})|(?P<sign>[()|*+?.])|(?P<space>[ ]+)"
)
_ESCAPE = re.compile(
    r'\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|["\\/])|([\w ^/:,{}\[\].+"-])', re.ASCII
)
_CHARACTER = r"(?:\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\U[0-9a-f]{8}|\\[^xuU]|[^\\\]])"
_MEMBER = re.compile(f"({_CHARACTER})(?:-({_CHARACTER}))?")
_NOTHING = "(?!)"


def regex_of(grammar: str, *, unfold: int = 3) -> str:
    """A regular expression, anchored at neither end, for what ``root`` derives.

    Raises:
        ValueError: the grammar has something that does not stand in the format, or that the bot
            has no reason to write.
    """
    rules: dict[str, str] = {}
    for line in filter(None, grammar.split("\n")):
        name, sign, right = line.partition(" ::= ")
        if not sign or name in rules:
            raise ValueError(f"not a rule: {line!r}")
        rules[name] = right
    return _rule("root", rules, dict.fromkeys(rules, unfold))


def _rule(name: str, rules: dict[str, str], left: dict[str, int]) -> str:
    if left[name] == 0:
        return _NOTHING
    left = {**left, name: left[name] - 1}
    right, at, regex = rules[name], 0, ""
    while at < len(right):
        token = _TOKEN.match(right, at)
        if token is None:
            raise ValueError(f"not in the format: {right[at : at + 20]!r}")
        at = token.end()
        if (text := token["literal"]) is not None:
            regex += f"(?:{re.escape(_characters(text))})"
        elif (text := token["set"]) is not None:
            regex += _set(text)
        elif (text := token["rule"]) is not None:
            regex += f"(?:{_rule(text, rules, left)})"
        elif token["sign"] == ".":
            regex += r"[\s\S]"
        elif token["sign"] == "(":
            regex += "(?:"
        else:
            regex += token["sign"] or token["count"] or ""
    return regex


def _characters(text: str) -> str:
    found = ""
    at = 0
    while at < len(text):
        character = _ESCAPE.match(text, at)
        if character is None:
            raise ValueError(f"should have been escaped: {text[at : at + 10]!r}")
        at = character.end()
        code, plain = character.groups()
        found += plain or (code if len(code) == 1 else chr(int(code[1:], 16)))
    return found


def _set(text: str) -> str:
    opposite, text = text.startswith("^"), text.removeprefix("^")
    members, at = "", 0
    while at < len(text):
        member = _MEMBER.match(text, at)
        if member is None:
            raise ValueError(f"not in the format: {text[at : at + 10]!r}")
        at = member.end()
        low, high = (_characters(end) if end else "" for end in member.groups())
        members += f"\\U{ord(low):08x}-\\U{ord(high or low):08x}"
    return f"[{'^' * opposite}{members}]"
