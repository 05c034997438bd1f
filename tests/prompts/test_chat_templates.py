"""A model's own chat template, in the styles that models carry."""

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import ModelError
from bot.prompts import Control, Part
from bot.prompts.template import Exchange, ModelTemplate, VicunaTemplate, template_for
from tests.prompts.hostile import CONTROL_SPELLINGS, hostile_text
from tests.support.tokenizers import CONTROL_TOKENS, llama_tokenizer

CONTROLS = frozenset(CONTROL_TOKENS)
ASK = "{% if add_generation_prompt %}"
HISTORY = [Exchange("q1", "a1", speaker="Ada")]


@dataclass(frozen=True)
class Style:
    source: str
    expected: tuple[Part, ...]
    bos: str = "<s>"
    eos: str = "</s>"


def parts(*written: str) -> tuple[Part, ...]:
    return tuple(
        Control(piece) if piece in CONTROLS | {"<s>", "</s>"} else piece for piece in written
    )


STYLES = {
    "SmolLM2": Style(
        "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
        "{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging "
        "Face<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + "
        "message['content'] + '<|im_end|>' + '\n'}}{% endfor %}" + ASK + "{{ '<|im_start|>assistant"
        "\n' }}{% endif %}",
        parts(
            *("<|im_start|>", "system\nBe kind.", "<|im_end|>", "\n"),
            *("<|im_start|>", "user\nAda: q1", "<|im_end|>", "\n"),
            *("<|im_start|>", "assistant\na1", "<|im_end|>", "\n"),
            *("<|im_start|>", "user\nq2", "<|im_end|>", "\n", "<|im_start|>", "assistant\n"),
        ),
    ),
    "Llama 2": Style(
        """{% if messages[0]['role'] == 'system' %}
    {% set loop_messages = messages[1:] %}
    {% set system_message = messages[0]['content'] %}
{% else %}
    {% set loop_messages = messages %}
    {% set system_message = false %}
{% endif %}
{% for message in loop_messages %}
    {% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
        {{ raise_exception('Conversation roles must alternate') }}
    {% endif %}
    {% if loop.index0 == 0 and system_message != false %}
        {% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}
    {% else %}
        {% set content = message['content'] %}
    {% endif %}
    {% if message['role'] == 'user' %}
        {{- bos_token + '[INST] ' + content.strip() + ' [/INST]' -}}
    {% elif message['role'] == 'assistant' %}
        {{- ' ' + content.strip() + ' ' + eos_token -}}
    {% endif %}
{% endfor %}""",
        parts(
            *("<s>", "[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nAda: q1 [/INST] a1 ", "</s>"),
            *("<s>", "[INST] q2 [/INST]"),
        ),
    ),
    "Llama 3": Style(
        """{{- bos_token }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' }}
    {{- message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}""",
        parts(
            *("<|begin_of_text|>", "<|start_header_id|>", "system", "<|end_header_id|>"),
            *("\n\nBe kind.", "<|eot_id|>", "<|start_header_id|>", "user", "<|end_header_id|>"),
            *("\n\nAda: q1", "<|eot_id|>", "<|start_header_id|>", "assistant"),
            *("<|end_header_id|>", "\n\na1", "<|eot_id|>", "<|start_header_id|>", "user"),
            *("<|end_header_id|>", "\n\nq2", "<|eot_id|>", "<|start_header_id|>", "assistant"),
            *("<|end_header_id|>", "\n\n"),
        ),
        bos="<|begin_of_text|>",
        eos="<|eot_id|>",
    ),
    "Gemma": Style(
        """{{ bos_token }}
{%- if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}
{%- endif %}
{%- for message in messages %}
    {%- set role = 'model' if message['role'] == 'assistant' else message['role'] %}
    {{- '<start_of_turn>' + role + '\\n' + message['content'] | trim + '<end_of_turn>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}""",
        parts(
            *("<bos>", "<start_of_turn>", "user\nBe kind.\n\nAda: q1", "<end_of_turn>", "\n"),
            *("<start_of_turn>", "model\na1", "<end_of_turn>", "\n", "<start_of_turn>"),
            *("user\nq2", "<end_of_turn>", "\n", "<start_of_turn>", "model\n"),
        ),
        bos="<bos>",
        eos="<end_of_turn>",
    ),
    "Zephyr": Style(
        """{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>\\n' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>\\n' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>\\n'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}""",
        parts(
            *("<|system|>\nBe kind.", "</s>", "\n<|user|>\nAda: q1", "</s>"),
            *("\n<|assistant|>\na1", "</s>", "\n<|user|>\nq2", "</s>", "\n<|assistant|>\n"),
        ),
    ),
    "Mistral, the system prompt in the last question": Style(
        """{{- bos_token }}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] %}{% set talk = messages[1:] %}
{%- else %}{% set talk = messages %}{% endif %}
{%- for message in talk %}
    {%- if message['role'] == 'user' %}
        {{- '[INST] ' }}
        {%- if loop.last and system_message is defined %}{{ system_message + '\\n\\n' }}{% endif %}
        {{- message['content'] + '[/INST]' }}
    {%- else %}{{ ' ' + message['content'] + eos_token }}{% endif %}
{%- endfor %}""",
        parts(
            *("<s>", "[INST] Ada: q1[/INST] a1", "</s>", "[INST] Be kind.\n\nq2[/INST]"),
        ),
    ),
    "one that drops the system prompt": Style(
        "{% for m in messages if m.role != 'system' %}"
        "{% generation %}{{ m.role[0] }}={{ m.content }}{% endgeneration %};{% endfor %}",
        ("u=Be kind.\n\nAda: q1;a=a1;u=q2;",),
    ),
}


def built(style: str) -> ModelTemplate:
    chosen = STYLES[style]
    return ModelTemplate(chosen.source, CONTROLS, chosen.bos, chosen.eos)


@pytest.mark.parametrize("style", STYLES)
def test_a_conversation_reads_as_the_model_was_trained(style: str) -> None:
    prompt = built(style).render(" Be kind. ", HISTORY, "q2\n")
    assert prompt.parts == STYLES[style].expected


def test_without_a_system_prompt_the_template_speaks_for_itself() -> None:
    prompt = built("SmolLM2").render("", [], "hi")
    assert prompt.parts[1] == (
        "system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face"
    )


@pytest.mark.parametrize(
    ("style", "end"),
    [
        ("SmolLM2", (Control("<|im_start|>"), "assistant\none two ")),
        ("Llama 2", (Control("<s>"), "[INST] q [/INST] one two ")),
        (
            "Mistral, the system prompt in the last question",
            (Control("</s>"), "[INST] Be kind.\n\nq[/INST] one two "),
        ),
        ("Gemma", (Control("<start_of_turn>"), "model\none two ")),
        ("Zephyr", (Control("</s>"), "\n<|assistant|>\none two ")),
    ],
)
def test_a_continued_reply_stands_open_at_the_end(style: str, end: tuple[Part, ...]) -> None:
    template = built(style)
    system = "Be kind." if style.startswith("Mistral") else ""
    prompt = template.render(system, [Exchange("q", "a")], "q", reply_so_far="one two ")
    assert prompt.parts[-len(end) :] == end
    # What was computed for the question serves its continuation too.
    asked = template.render(system, [Exchange("q", "a")], "q")
    assert prompt.parts[: len(asked.parts) - 1] == asked.parts[:-1]


@pytest.mark.parametrize("style", STYLES)
@settings(max_examples=15, deadline=None)
@given(hostile_text(), hostile_text(), st.one_of(st.none(), hostile_text()), hostile_text())
def test_nobody_can_add_a_control_token(
    style: str, system: str, text: str, speaker: str | None, reply_so_far: str
) -> None:
    tokenizer = llama_tokenizer()
    template = built(style)

    def controls(system: str, text: str, speaker: str | None, reply_so_far: str) -> list[int]:
        prompt = template.render(
            system and f"x{system}",
            [Exchange(text, text, speaker)],
            text,
            reply_so_far=reply_so_far and f"x{reply_so_far}",
        )
        return [token for token in tokenizer.encode(prompt) if token in tokenizer.control_ids]

    harmless = controls(system and "x", "x", None, reply_so_far and "x")
    assert controls(system, text, speaker, reply_so_far) == harmless


@pytest.mark.parametrize("text", ["{{ 7 * 7 }}", "{% raw %}", "{# gone #}", "{{ messages }}"])
def test_jinja_that_people_type_is_text(text: str) -> None:
    prompt = built("SmolLM2").render(text, [], text, reply_so_far=text)
    assert sum(isinstance(part, str) and text in part for part in prompt) == 3


def test_spellings_that_people_type_are_never_control_tokens() -> None:
    typed = " ".join(CONTROL_SPELLINGS)
    plain = built("SmolLM2").render("x", [Exchange("x", "x")], "x")
    prompt = built("SmolLM2").render(typed, [Exchange(typed, typed, typed)], typed)
    assert [part for part in prompt if isinstance(part, Control)] == [
        part for part in plain if isinstance(part, Control)
    ]


@pytest.mark.parametrize(
    "content",
    [
        "m.content | upper",
        "m.content | lower",
        "m.content | capitalize",
        "m.content | reverse",
        "m.content[:20]",
        "m.content[:12] + m.content",
        "m.content + m.content",
        "m.content | upper + m.content",
        "'nothing'",
        "raise_exception('Not today.')",
        "m.content + 1",
        "m.content + 1 / 0",
    ],
)
def test_a_template_that_changes_what_is_said_is_refused(content: str) -> None:
    with pytest.raises(ModelError, match="PROMPT_TEMPLATE=vicuna"):
        ModelTemplate(
            f"{{% for m in messages %}}{{{{ {content} }}}}{{% endfor %}}", CONTROLS, "", ""
        )


@pytest.mark.parametrize(
    "source",
    [
        "{% for m in messages %}",
        "{% for m in messages | reverse %}{{ m.content }}{% endfor %}",
        "{{ messages[1].content }}{{ messages[0].content }}{{ messages[2].content }}",
        "{% for i in range(999999999) %}{% endfor %}",
        "{% include 'other' %}",
        "{{ messages.append(1) }}",
        "{{ " + "(" * 5_000 + ")" * 5_000 + " }}",
    ],
)
def test_a_broken_or_hostile_template_is_refused(source: str) -> None:
    with pytest.raises(ModelError, match="PROMPT_TEMPLATE=vicuna"):
        ModelTemplate(source, CONTROLS, "", "")


def test_a_template_that_writes_too_much_is_stopped() -> None:
    long = "{% for i in range(99999) %}{{ 'x' * 99 }}{% endfor %}"
    with pytest.raises(ModelError, match="writes more than 1000000 characters"):
        ModelTemplate(long, CONTROLS, "", "")


@pytest.mark.parametrize(
    "source",
    [
        (
            "{% for a in range(99999) %}{% for b in range(99999) %}{% set x = 1 %}{% endfor %}"
            "{% endfor %}"
        ),
        (
            "{% set digits = 'x' * 1000000 %}{% for a in digits %}{% for b in digits if b == 'y' %}"
            "{% endfor %}{% endfor %}"
        ),
        (
            "{% macro twice(n) %}{% if n %}{{ twice(n - 1) }}{{ twice(n - 1) }}{% endif %}"
            "{% endmacro %}{{ twice(60) }}"
        ),
        (
            "{% set ns = namespace(n=60) %}{% block twice scoped %}{% if ns.n %}"
            "{% set ns.n = ns.n - 1 %}{{ self.twice() }}{{ self.twice() }}{% set ns.n = ns.n + 1 %}"
            "{% endif %}{% endblock %}"
        ),
        (
            "{% for n in [60] recursive %}{% if n %}{{ loop([n - 1]) }}{{ loop([n - 1]) }}"
            "{% endif %}{% endfor %}"
        ),
    ],
    ids=["loops", "loops that skip all", "a macro", "a block", "a recursive loop"],
)
def test_a_template_that_computes_without_end_is_stopped(
    source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.prompts.jinja.MAX_S", 0.05)
    talk = "{% for m in messages %}{{ m.content }}\n{% endfor %}"
    with pytest.raises(ModelError, match=r"computes for more than 0\.05 seconds"):
        ModelTemplate(source + talk, CONTROLS, "", "")


@pytest.mark.parametrize(
    "product",
    [
        "'x' * 500000000",
        "500000000 * 'x'",
        "[0] * 500000000",
        "'x' * 9999 * 9999",
        "9 ** 999999999",
        "(1, 2) * messages | length * 999999999",
    ],
)
def test_a_template_cannot_make_something_huge_of_little(product: str) -> None:
    source = f"{{{{ ({product}) | string | length }}}}"
    with pytest.raises(ModelError, match=r"multiplies to more than .* PROMPT_TEMPLATE=vicuna"):
        ModelTemplate(source, CONTROLS, "", "")


def test_a_template_may_multiply_as_others_do() -> None:
    template = ModelTemplate(
        "{{ '=' * 3 }}{{ 2 * 3.5 }}{{ 2 ** 10 }}{{ 2 ** 0.5 > 1 }}{{ 7 * 191 }}{{ true * 2 }}"
        "{% for m in messages %}{{ m.content }}\n{% endfor %}",
        CONTROLS,
        "",
        "",
    )
    assert template.render("", [], "q").parts == ("===7.01024True13372q\n",)


def test_a_template_cannot_reach_into_python() -> None:
    reaching = "{% for m in messages %}{% set x = m.content.__class__.__mro__ %}{{ m.content }}\n"
    with pytest.raises(ModelError, match="__class__"):
        ModelTemplate(reaching + "{% endfor %}", CONTROLS, "", "")


def test_a_template_that_fails_later_is_refused_then() -> None:
    template = ModelTemplate(
        "{% for m in messages %}{% if loop.index > 5 %}{{ raise_exception('Too long') }}"
        "{% endif %}{{ m.content }}\n{% endfor %}",
        CONTROLS,
        "",
        "",
    )
    with pytest.raises(ModelError, match="Too long"):
        template.render("", [Exchange("q", "a")] * 3, "q")


def test_templates_find_what_hugging_face_offers_them() -> None:
    template = ModelTemplate(
        "{% set ns = namespace(seen=0) %}{{ strftime_now('%Y') | length }}"
        "{{ {'\u00e9': '<'} | tojson }}{% if tools is none %}-{% endif %}"
        "{% for m in messages %}{% if loop.index > 9 %}{% break %}{% endif %}"
        "{{ m.content }}\n{% set ns.seen = ns.seen + 1 %}{% endfor %}{{ ns.seen }}",
        CONTROLS,
        "",
        "",
    )
    assert template.render("", [], "q").parts == ('4{"\u00e9": "<"}-q\n1',)


def test_the_setting_chooses_the_template() -> None:
    assert isinstance(template_for("vicuna", chat_template="{{ 1 }}"), VicunaTemplate)
    source = STYLES["SmolLM2"].source
    chosen = template_for("model", chat_template=source, control_tokens=CONTROLS)
    assert chosen.stop == ()
    assert chosen.render("", [], "q").parts[0] == Control("<|im_start|>")


def test_a_model_without_a_chat_template_is_told_what_to_set() -> None:
    with pytest.raises(ModelError, match="Set PROMPT_TEMPLATE=vicuna"):
        template_for("model")
