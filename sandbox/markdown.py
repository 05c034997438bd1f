"""Discord's markdown as HTML that can only show text.

The dialect: https://support.discord.com/hc/en-us/articles/210298617. Fences and quotes are cut out
first, for they are Discord's own; what lies between them is CommonMark with fewer rules. Raw HTML
is always text, and links lead to http and https only.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from html import escape

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Delimiter
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

KEPT = 4000
"""Texts that stay rendered."""

_FENCE = re.compile(r"```(?:([\w+#.-]+)\n)?\n*(.*?)\n*```", re.DOTALL)
_QUOTE = re.compile(
    r"^(?:>>> (?P<rest>.*)|(?P<lines>(?:>(?: [^\n]*)?(?:\n|\Z))+))", re.MULTILINE | re.DOTALL
)
_SPECIAL = re.compile(
    r"<(?:(?P<kind>@[!&]?|#)(?P<id>\d{1,20})"
    r"|/(?P<command>[-\w ]{1,100}):\d{1,20}"
    r"|a?:(?P<emoji>\w{2,32}):\d{1,20}"
    r"|t:(?P<time>-?\d{1,13})(?::(?P<style>[tTdDfFR]))?)>"
)
_EVERYBODY = re.compile(r"@(?:everyone|here)\b")
_KINDS = {"@": "user", "@!": "user", "@&": "role", "#": "channel"}


class Markdown:
    """Renders texts; those rendered last are kept. Safe to call from one thread at a time."""

    def __init__(self) -> None:
        self._rendered: OrderedDict[str, str] = OrderedDict()
        self._parser = _parser()
        self._formatter: HtmlFormatter[str] = HtmlFormatter(nowrap=True, classprefix="hl-")

    def render(self, text: str) -> str:
        """HTML of a text by a person or a model."""
        if text in self._rendered:
            self._rendered.move_to_end(text)
            return self._rendered[text]
        html = "".join(self._blocks(text.replace("\r\n", "\n"), in_quote=False))
        self._rendered[text] = html
        while len(self._rendered) > KEPT:
            self._rendered.popitem(last=False)
        return html

    def _blocks(self, text: str, *, in_quote: bool) -> Iterator[str]:
        place = 0
        while place < len(text):
            fence = next((f for f in _FENCE.finditer(text, place) if f[2].strip()), None)
            quote = None if in_quote else _QUOTE.search(text, place)
            found = min((m for m in (fence, quote) if m), key=lambda m: m.start(), default=None)
            yield self._prose(text[place : found.start() if found else len(text)])
            if found is None:
                return
            place = found.end()
            if found is fence:
                yield self._code(found[2], found[1] or "")
            else:
                inner = found["rest"] or re.sub("(?m)^> ?", "", found["lines"] or "")
                yield f"<blockquote>{''.join(self._blocks(inner, in_quote=True))}</blockquote>"

    def _prose(self, text: str) -> str:
        return self._parser.render(text) if text.strip() else ""

    def _code(self, code: str, language: str) -> str:
        try:
            lexer = get_lexer_by_name(language, stripnl=False)
        except ClassNotFound:
            shown = escape(code)
        else:
            shown = highlight(code, lexer, self._formatter).removesuffix("\n")
        return f'<pre data-language="{escape(language)}"><code>{shown}</code></pre>'


def _parser() -> MarkdownIt:
    parser = MarkdownIt(
        "zero", {"breaks": True, "linkify": True, "maxNesting": 30}, renderer_cls=_Html
    )
    parser.enable(["list", "heading", "backticks", "emphasis", "strikethrough", "link", "escape"])
    parser.enable(["autolink", "newline", "linkify"])
    if parser.linkify is not None:
        parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
    parser.block.ruler.before("paragraph", "subtext", _subtext, {"alt": ["paragraph"]})
    parser.inline.ruler.before("autolink", "special", _special)
    parser.inline.ruler.before("emphasis", "spoiler", _spoiler)
    parser.inline.ruler2.before("emphasis", "spoiler", _pair_spoilers)
    parser.inline.add_terminator_char("|")
    parser.validateLink = _is_web_address  # type: ignore[method-assign]
    return parser


def _is_web_address(url: str) -> bool:
    return re.match(r"https?://[^\s/]", url, re.IGNORECASE) is not None


# -- spoilers, pairs of two bars -------------------------------------------------------------

_BAR = ord("|")


def _spoiler(state: StateInline, silent: bool) -> bool:
    if silent or not state.src.startswith("||", state.pos):
        return False
    token = state.push("text", "", 0)
    token.content = "||"
    at = len(state.tokens) - 1
    state.delimiters.append(Delimiter(_BAR, length=0, token=at, end=-1, open=True, close=True))
    state.pos += 2
    return True


def _pair_spoilers(state: StateInline) -> None:
    inner = [meta["delimiters"] for meta in state.tokens_meta if meta and "delimiters" in meta]
    for delimiters in (state.delimiters, *inner):
        for opening in delimiters:
            if opening.marker == _BAR and opening.end != -1:
                first, last = (
                    state.tokens[opening.token],
                    state.tokens[delimiters[opening.end].token],
                )
                first.type, first.tag, first.nesting, first.content = "spoiler_open", "span", 1, ""
                last.type, last.tag, last.nesting, last.content = "spoiler_close", "span", -1, ""
                first.attrs = {"class": "spoiler"}


# -- mentions, custom emoji, times -----------------------------------------------------------


def _special(state: StateInline, silent: bool) -> bool:
    found = _SPECIAL.match(state.src, state.pos) or _EVERYBODY.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        state.push("special", "", 0).meta = {"html": _special_html(found)}
    state.pos = found.end()
    return True


def _special_html(found: re.Match[str]) -> str:
    part = found.groupdict()
    if part.get("kind"):
        kind, whose = _KINDS[part["kind"]], part["id"]
        return f'<span class="mention" data-kind="{kind}" data-id="{whose}">@unknown</span>'
    if part.get("emoji"):
        return f'<span class="emoji">:{escape(part["emoji"])}:</span>'
    if part.get("time"):
        return _time(int(part["time"]), part["style"] or "f")
    shown = "/" + part["command"] if part.get("command") else found[0]
    return f'<span class="mention">{escape(shown)}</span>'


def _time(seconds: int, style: str) -> str:
    try:
        when = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return "Invalid Date"
    shown = f"{when:%Y-%m-%d %H:%M} UTC"
    return f'<time datetime="{when.isoformat()}" data-style="{style}">{shown}</time>'


# -- small text ------------------------------------------------------------------------------


def _subtext(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    if not line.startswith("-# ") or not line[3:].strip():
        return False
    if not silent:
        state.push("subtext_open", "small", 1)
        inline = state.push("inline", "", 0)
        inline.content, inline.map, inline.children = line[3:].strip(), [start, start + 1], []
        state.push("subtext_close", "small", -1)
        state.line = start + 1
    return True


# -- how it is written -----------------------------------------------------------------------


class _Html(RendererHTML):
    """What differs from CommonMark's HTML."""

    def special(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return str(tokens[idx].meta["html"])

    def strong_open(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        return "<u>" if tokens[idx].markup == "__" else "<strong>"

    def strong_close(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        return "</u>" if tokens[idx].markup == "__" else "</strong>"

    def link_open(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        href = escape(str(tokens[idx].attrs["href"]))
        return f'<a href="{href}" title="{href}" target="_blank" rel="noopener noreferrer">'

    def softbreak(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        return "<br>"

    hardbreak = softbreak
