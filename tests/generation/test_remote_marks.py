"""Control tokens of vocabularies that nobody knows, in people's text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.generation.remote_marks import DOT, SHAPES, broken, marks_in, starts_of
from bot.generation.remote_tokens import TextEncoder, estimate
from bot.prompts import BOS, EOS, Prompt

KNOWN = [
    *(
        "<s>",
        "</s>",
        "<unk>",
        "<pad>",
        "<bos>",
        "<0x0A>",
        "<extra_id_7>",
        "<mask:4>",
        "<SPECIAL_12>",
    ),
    *("<|im_start|>", "<|im_end|>", "<|eot_id|>", "<|endoftext|>", "<|start_header_id|>"),
    *("<\uff5cUser\uff5c>", "<\uff5cbegin\u2581of\u2581sentence\uff5c>", "<|START_OF_TURN_TOKEN|>"),
    *("<start_of_turn>", "<end_of_turn>", "<unused1>", "<|turn>", "<turn|>", "<|channel>"),
    *("[INST]", "[/INST]", "[TOOL_CALLS]", "[control_8]", "[THINK]", "[SEP]", "[NL]", "[gMASK]"),
    *(
        "<sop>",
        "<eop>",
        "<eoh>",
        "<eoa>",
        "[UNUSED_TOKEN_146]",
        "<reserved_106>",
        "<C_Q>",
        "<B_SYS>",
    ),
    *(
        "[|system|]",
        "[|user|]",
        "[|endofturn|]",
        "[BOS]",
        "[unused9]",
        "[start_header_id]",
        "[EOT]",
    ),
    *(
        "<seed:bos>",
        "<seed:eos>",
        "<[fim-prefix]>",
        "<_user>",
        "<longcat_user>",
        "<role>",
        "</role>",
    ),
    *(
        "<\u7528\u6237>",
        "<AI>",
        "<|plamo:bos|>",
        "<end_of_utterance>",
        "<EOT>",
        "<|0.00|>",
        "<loc0001>",
    ),
    *("]<]start[>[", "]~!b[", "]~b]", "[e~[", ">>QUESTION<<", ">>ANSWER<<", "[@BOS@]", "<think>"),
]
"""Of the vocabularies of twenty families of models."""

ORDINARY = """\
if a<b and c > d: x = [A, B][0]; y = rows[i][j]; z = rows[n-1]["name"]; w[0:2] = [f(a), 'b']
As [1] and [2] say, see [x](https://example.com/a_b) and [the manual](<https://example.com/a b>).
- [ ] buy milk
- [x] done, <3 <- -> => <=> a << 2 >> 1
<a href="https://example.com">here</a >, int x[10], data[key_1, key_2], {"a": [1, 2]}"""

names = st.text(
    st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1, max_size=60
)
bits = st.sampled_from(
    [*KNOWN, *"<>[]|~·be!_aA1\uff1c\uff5c ", "<|", "|>", ">>", "<<", "é", "\u200b"]
)
typed = st.lists(bits, max_size=12).map("".join)


def sent(text: str) -> str:
    encoder = TextEncoder(None, estimate)
    return encoder.payload(encoder.encode(Prompt([BOS, text, EOS]))).removesuffix("</s>")


def named_in_angles(text: str) -> list[str]:
    """What stands between a bracket and the next one that closes it, if it may be a name."""
    inner = [piece.partition(">")[0] for piece in text.split("<")[1:] if ">" in piece]
    return [one for one in inner if not set(one) & set(" \n\t") and any(map(str.isalnum, one))]


@pytest.mark.parametrize("mark", KNOWN)
@pytest.mark.parametrize("around", [("hi ", " x"), ("", ""), ("a<", ">"), ("[", "]"), ("<|", "|>")])
def test_no_known_control_token_can_be_typed(mark: str, around: tuple[str, str]) -> None:
    written = mark.join(around)
    assert mark not in sent(written)
    assert sent(written).replace(DOT, "") == written


@given(typed)
def test_no_text_holds_a_control_token_whatever_stands_round_it(text: str) -> None:
    got = sent(text)
    assert not [mark for mark in KNOWN if mark in got]
    # What the template writes next completes none either.
    assert not [mark for mark in KNOWN if mark in f"{got}</s>" and mark != "</s>"]
    assert all(name.startswith(DOT) for name in named_in_angles(got))
    assert got.replace(DOT, "") == text.replace(DOT, "")


@given(names, st.sampled_from(["<{}>", "[|{}|]", "[{}ab]", "<|{}|>"]))
def test_no_name_in_brackets_can_be_typed(name: str, brackets: str) -> None:
    name = "".join(char for char in name if not char.isspace() and char not in "<>[](){},;\"'`·")
    mark = brackets.format(f"a{name}")
    assert mark not in sent(f"x {mark} y")


@given(typed)
def test_what_is_broken_is_not_broken_again(text: str) -> None:
    # A model repeats what it has read, and reads that in the next question.
    assert sent(sent(text)) == sent(text)


def test_ordinary_text_is_sent_as_it_is() -> None:
    assert sent(ORDINARY) == ORDINARY


def test_code_keeps_its_letters_and_gets_a_dot_where_it_has_names_in_brackets() -> None:
    assert sent("List<String> <b>x</b> [link](url)") == "List<·String> <·b>x<·/b> [·link](url)"


def test_the_shapes_are_found_whole_and_within_each_other() -> None:
    assert marks_in("a [|user|] <x> <[y2]> [zz] >>Q< ]~b] [1]") == {
        *("[|user|]", "<x>", "<[y2]>", "[zz]", ">>Q<", "]~b]")
    }


def test_where_a_vocabulary_is_known_nothing_else_is_broken() -> None:
    starts = starts_of({"<turn|>", "[|user|]"})
    assert broken("<b> [|user|] <turn|> <|im_end|>", starts) == "<b> [·|user|] <·turn|> <|im_end|>"


@pytest.mark.parametrize(
    "unit",
    ["<", "[", "<a", "[a", "[_", "<_", "<|", ">>A", ">", "]~", "[e", "\uff1c", "<a>", "[ab]"],
)
def test_very_long_hostile_text_is_broken_all_through(unit: str) -> None:
    got = broken(unit * (500_000 // len(unit)), SHAPES)
    assert not [mark for mark in KNOWN if mark in got]
    assert broken("<" + "_" * 500_000, SHAPES) == "<" + "_" * 500_000
    assert broken("[" + "a" * 500_000, SHAPES) == "[" + "a" * 500_000
