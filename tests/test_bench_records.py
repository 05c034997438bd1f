"""Runs of benchmarks, kept and made into a page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.__main__ import PAGE, main
from bench.records import Machine, Record, as_json, load, page, record_of, save
from bench.table import Report, Table, at_least, at_most, percentile, spread

MACHINE = Machine("a processor", 2, 8.0, "Debian", "3.11.2", {"discord.py": "2.7.1"})


def record(name: str = "speed", *, machine: Machine = MACHINE, commit: str | None = None) -> Record:
    table = Table("speed: how fast", ("way", "tokens/s"), note="tokens/s: the more the better.")
    table.add("ours", "12.5")
    targets = [at_least("beside the other", 0.97, 0.981), at_most("lag", 20, 31.4, "ms")]
    return Record(
        name,
        f"python -m bench {name}",
        "2026-11-23",
        commit,
        machine,
        Report([table], "Measured twice.\n\nIn turns.", targets),
    )


def test_a_recorded_run_is_read_back_as_it_was_measured(tmp_path: Path) -> None:
    save(record(commit="abc1234"), tmp_path)
    assert as_json(load(["missing", "speed"], tmp_path)) == as_json([record(commit="abc1234")])


def test_a_new_run_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    save(record(commit="abc1234"), tmp_path)
    save(record(commit="def5678"), tmp_path)
    assert [one.commit for one in load(["speed"], tmp_path)] == ["def5678"]


def test_the_page_shows_figures_notes_command_date_commit_and_machine() -> None:
    text = page([record(commit="abc1234")])
    for part in (
        "| ours | 12.5     |",
        "tokens/s: the more the better.",
        "Measured twice.\n\nIn turns.",
        "`python -m bench speed`, 2026-11-23, machine 1, commit abc1234.",
        "1. 2 cores of a processor, 8 GB of memory, Debian, Python 3.11.2, discord.py 2.7.1",
    ):
        assert part in text


def test_the_page_begins_with_every_target_and_says_which_was_missed() -> None:
    rows = re.findall(r"^\| speed .*$", page([record()]), re.MULTILINE)
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert cells == [
        ["speed", "beside the other", "≥ 0.97", "0.981", "yes"],
        ["speed", "lag", "≤ 20 ms", "31.4 ms", "no"],
    ]


def test_runs_on_the_same_machine_name_it_once() -> None:
    other = Machine("another", 8, None, "macOS", "3.12.0", {})
    text = page([record("a"), record("b"), record("c", machine=other)])
    assert re.findall(r"machine \d", text) == ["machine 1", "machine 1", "machine 2"]
    assert text.endswith("2. 8 cores of another, macOS, Python 3.12.0\n")


def test_a_run_says_on_what_it_was_taken() -> None:
    taken = record_of("speed", "python -m bench speed", record().report)
    assert taken.machine.cores >= 1
    assert taken.machine.processor
    assert taken.machine.versions["discord.py"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", taken.date)


def test_json_has_all_that_was_measured() -> None:
    (said,) = json.loads(as_json([record()]))
    assert said["report"]["tables"][0]["rows"] == [["ours", "12.5"]]
    assert said["machine"]["versions"] == {"discord.py": "2.7.1"}
    assert [target["met"] for target in said["report"]["targets"]] == [True, False]


def test_the_page_in_the_project_is_the_one_that_its_records_make() -> None:
    root = Path(__file__).parents[1]
    assert (root / "BENCHMARKS.md").read_text("utf-8") == page(load(PAGE))


def test_every_recorded_run_is_of_a_benchmark_that_there_is() -> None:
    folder = Path(__file__).parents[1] / "bench" / "recorded"
    recorded = {path.stem for path in folder.glob("*.json")}
    assert recorded
    assert recorded <= set(PAGE)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["speed"], "there is no benchmark speed: take of "),
        (["grading", "--smoke", "--record"], "what --smoke measures says nothing"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_refused_with_a_sentence(
    arguments: list[str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["python -m bench", *arguments])
    with pytest.raises(SystemExit):
        main()
    assert told in capsys.readouterr().err


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_median_and_spread_stand_in_order(values: list[float]) -> None:
    middle, low, high = (float(figure) for figure in re.findall(r"[\d.]+", spread(values, ".6f")))
    assert low <= middle <= high
    assert low == pytest.approx(min(values), abs=1e-5)
    assert high == pytest.approx(max(values), abs=1e-5)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 1))
def test_a_percentile_is_one_of_the_values_with_that_share_below(
    values: list[float], share: float
) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value < found for value in values) <= share * len(values)
