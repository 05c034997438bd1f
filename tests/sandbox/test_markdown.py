from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sandbox.markdown import KEPT, Markdown

ALLOWED = {
    "p": set(),
    "br": set(),
    "strong": set(),
    "em": set(),
    "u": set(),
    "s": set(),
    "small": set(),
    "code": set(),
    "blockquote": set(),
    "ul": set(),
    "li": set(),
    "h1": set(),
    "h2": set(),
    "h3": set(),
    "h4": set(),
    "h5": set(),
    "h6": set(),
    "ol": {"start"},
    "pre": {"data-language"},
    "span": {"class", "data-kind", "data-id"},
    "time": {"datetime", "data-style"},
    "a": {"href", "title", "target", "rel"},
}


class Shown(HTMLParser):
    """What a browser makes of it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration: {decl}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"a processing instruction: {data}")


def shown(text: str) -> Shown:
    return Shown(Markdown().render(text))


MARKS = [
    "*", "**", "_", "__", "~~", "||", "`", "```", "```py\n", "> ", ">>> ", "# ", "- ", "1. ", "-# ",
    "[", "](", ")", "<", ">", "</", "<script>", "<img src=x onerror=alert(1)>", "<!--", "&lt;",
    "javascript:", "data:text/html,", "http://", "https://a.b/", "HTTPS://", '"', "'", " onclick=",
    "<@1>", "<#2>", "<@&3>", "<:x:44>", "<t:0:R>", "<t:9999999999999>", "@everyone", "\n",
    "\\", "x", "&#106;avascript:", "\x00", "\u202e", "<https://a.b>", "<javascript:alert(1)>",
    "href=",
]  # fmt: skip


@given(st.lists(st.sampled_from(MARKS) | st.text(max_size=8), max_size=30).map("".join))
@example("[x](javascript:alert(1))")
@example("[x](&#106;avascript:alert(1))")
@example('[x](https://a.b/" onmouseover="alert(1))')
@example('```"><script>\ncode\n```')
@example("**a ||b** c||")
@example("```html\n<script>alert(1)</script>\n```")
def test_no_text_becomes_anything_but_the_few_tags_of_markdown(text: str) -> None:
    for tag, attributes in shown(text).tags:
        assert tag in ALLOWED, text
        assert set(attributes) <= ALLOWED[tag], text
        if tag == "a":
            assert (attributes["href"] or "").lower().startswith(("http://", "https://")), text
            assert attributes["rel"] == "noopener noreferrer"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200))
def test_html_that_is_typed_is_read_as_it_was_typed(text: str) -> None:
    typed = f"<b>{text.translate({ord(c): ' ' for c in '*_~|`>#-[]()<@:/.&!+0123456789'})}</b>"
    said = " ".join(shown(typed.replace("\\", " ")).text.split())
    assert said.startswith("<b>")
    assert said.endswith("</b>")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**b** *i* _i_", "<strong>b</strong> <em>i</em> <em>i</em>"),
        ("__u__ ~~s~~", "<u>u</u> <s>s</s>"),
        ("||a **b**||", '<span class="spoiler">a <strong>b</strong></span>'),
        ("`<a>`", "<code>&lt;a&gt;</code>"),
        ("snake_case_name", "snake_case_name"),
        ("one\ntwo", "one<br>two"),
        (r"\*no\*", "*no*"),
        ("<:wave:123> <a:dance:456>", '<span class="emoji">:wave:</span>'),
        ("<@12>", '<span class="mention" data-kind="user" data-id="12">'),
        ("<#12>", '<span class="mention" data-kind="channel" data-id="12">'),
        ("<@&12>", '<span class="mention" data-kind="role" data-id="12">'),
        ("</ask docs:12>", '<span class="mention">/ask docs</span>'),
        ("hi @everyone", '<span class="mention">@everyone</span>'),
        ("<t:0:R>", '<time datetime="1970-01-01T00:00:00+00:00" data-style="R">'),
        ("see https://a.b/c_d_e.", '<a href="https://a.b/c_d_e" '),
        ("[x](http://a.b)", 'target="_blank" rel="noopener noreferrer">x</a>'),
        ("<https://a.b>", '<a href="https://a.b" '),
        ("# Big\n### Small", "<h1>Big</h1>\n<h3>Small</h3>"),
        ("-# aside", "<small>aside</small>"),
        ("3. c\n4. d", '<ol start="3">\n<li>c</li>'),
        ("- a\n  - b", "<ul>\n<li>a\n<ul>\n<li>b</li>"),
        ("> q\n> r\ns", "<blockquote><p>q<br>r</p>\n</blockquote><p>s</p>"),
        (">>> q\n\nr", "<blockquote><p>q</p>\n<p>r</p>\n</blockquote>"),
        ("| a | b |", "<p>| a | b |</p>"),
        ("a < b & c", "a &lt; b &amp; c"),
    ],
)
def test_markdown_looks_as_discord_shows_it(text: str, html: str) -> None:
    assert html in Markdown().render(text)


def test_code_is_highlighted_and_says_its_language() -> None:
    html = Markdown().render("so:\n```py\nx = 1  # <b>\n```\nthat is all")
    assert '<pre data-language="py"><code><span class="hl-n">x</span>' in html
    assert "# &lt;b&gt;</span></code></pre><p>that is all</p>" in html


def test_code_of_a_language_that_nobody_knows_is_plain() -> None:
    assert Markdown().render("```zzz\na < b\n```") == (
        '<pre data-language="zzz"><code>a &lt; b</code></pre>'
    )


def test_a_fence_that_is_not_closed_yet_is_text() -> None:
    assert "<pre" not in Markdown().render("```py\nx = 1")


def test_a_fence_inside_a_quote_stays_inside() -> None:
    html = Markdown().render("> ```\n> x\n> ```\nafter")
    assert html.startswith('<blockquote><pre data-language=""><code>x</code></pre></blockquote>')


@pytest.mark.parametrize("text", ["[x](javascript:alert(1))", "[x](data:text/html,a)", "[x](//a)"])
def test_a_link_that_leads_elsewhere_than_the_web_is_text(text: str) -> None:
    assert "<a " not in Markdown().render(text)


@pytest.mark.parametrize(
    "mark", ["*", "_", "||", "[", "`", "```", "> ", "- ", "<", "~~", "![](", "- \n", "<@", "&"]
)
def test_no_text_of_a_message_s_length_is_beyond_it(mark: str) -> None:
    text = mark * (4000 // len(mark))
    assert shown(text).text.strip() or mark.strip() in (">", "-")


def test_only_so_many_texts_are_kept() -> None:
    markdown = Markdown()
    for number in range(KEPT + 5):
        markdown.render(str(number))
    assert len(markdown._rendered) == KEPT
