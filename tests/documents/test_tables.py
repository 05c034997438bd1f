"""Rows of cells, as lines that say what each cell is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.documents import lines_of


def lines(*rows: str) -> list[str]:
    return lines_of("a.csv", "\n".join(rows).encode())


@pytest.mark.parametrize(
    "header",
    [
        "Country,2019,2020,2021",
        ",2019,2020,2021",
        "Country,2021,2020,2019",
        "Land,2019/20,2020/21,x",
    ],
)
def test_years_are_names_of_columns(header: str) -> None:
    first, *years = header.split(",")
    named = "; ".join([f"{first}: Peru" if first else "Peru", f"{years[0]}: 12", f"{years[2]}: 14"])
    assert lines(header, "Peru,12,,14", "Chile,1,2,3")[0] == named


def test_years_of_people_are_no_names_of_columns() -> None:
    assert lines("Ada,1815,1852", "Grace,1906,1992") == ["Ada | 1815 | 1852", "Grace | 1906 | 1992"]
    assert lines("Ada,1815,1852", "Ann,1950,") == ["Ada | 1815 | 1852", "Ann | 1950"]
    assert lines("Ada,1815,12", "Bob,1950,13") == ["Ada | 1815 | 12", "Bob | 1950 | 13"]
    assert lines("Ada,1815,1815", "Bob,7,7") == ["Ada | 1815 | 1815", "Bob | 7 | 7"]


def test_an_empty_cell_keeps_the_others_in_their_places() -> None:
    assert lines("Peru,12,13,14", "Chile,12,,14", ",,1,2", "Cuba,,1" + "," * 40) == [
        "Peru | 12 | 13 | 14",
        "Chile | 12 | | 14",
        "| | 1 | 2",
        "Cuba | | 1",
    ]
    # Two cells far apart in a wide sheet are not worth as many bars.
    assert lines("1,2" + "," * 40, "a" + "," * 30 + "b" + "," * 11)[1] == "a | b"


def test_a_header_is_read_though_every_row_below_has_one_cell_only() -> None:
    assert lines("Name,Age", "none yet,") == ["Name | Age", "none yet"]


CELLS = st.lists(st.sampled_from(["", "x", "2019", "2020", "7"]), min_size=2, max_size=6)


@given(st.lists(CELLS, min_size=1, max_size=6))
def test_no_value_of_a_table_is_lost(rows: list[list[str]]) -> None:
    numbered = [
        [f"{cell}y{place}x{number}" if cell == "x" else cell for place, cell in enumerate(row)]
        for number, row in enumerate(rows)
    ]
    seen = " ".join(lines("1,2", *(",".join(row) for row in numbered), "3,4")).split()
    wanted = [cell for row in numbered for cell in row if cell]
    assert sorted(seen) == sorted([*wanted, *"1234", *("|" for cell in seen if cell == "|")])
