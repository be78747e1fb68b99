"""The subcommands that write a page, and the files that a page can show."""

import json
import re
from dataclasses import replace

import pytest
from cli import googlenet
from conftest import require
from pages import NOBODY, Reader, full
from runs import TESTED, metrics, train

from common.errors import DataError
from common.tools.page.render import Page, render
from common.tools.page.speed import read_speed
from common.tools.page.training_curves import read_run

pytestmark = pytest.mark.xdist_group("page")  # all tests read one page

FIGURES = {
    "network": "googlenet", "framework": "<b>", "mode": "tuned", "task": "infer", "batch": 1,
    "size": 224, "precision": "float32", "images_per_second": 45.25, "low": 40.0, "high": 50.0,
    "peak_mb": 1234, "unknown": 7,
}  # fmt: skip


def bench_file(folder, *rows):
    """A benchmark file as `bench --json` prints it."""
    path = folder / "bench.json"
    machine = {"processor": "<i>A</i>", "cores": 2}
    path.write_text(json.dumps({"machine": machine, "rows": rows}))
    return path


def test_a_benchmark_is_shown_as_it_was_measured(tmp_path):
    speed = read_speed(bench_file(tmp_path, FIGURES), "googlenet")
    text = render(Page(full("googlenet"), reason=NOBODY, speed=speed, part="speed"))
    [rows] = [t for t in Reader(text).tables if "spread" in t[0][2]]
    assert rows[1] == ["<b>, tuned", "45.2", "40.0 - 50.0", "1,234"]
    assert "&lt;i&gt;A&lt;/i&gt;" in text
    assert 'data-part="speed"' in text


def test_a_benchmark_with_programs_shows_how_near_each_is_to_the_limit(tmp_path):
    rows = FIGURES | {"of_limit": 0.75}, FIGURES | {"framework": "onnx", "of_limit": 1.0}
    for own, shown in ((rows, True), ([FIGURES], False)):
        speed = read_speed(bench_file(tmp_path, *own), "googlenet")
        text = render(Page(full("googlenet"), reason=NOBODY, speed=speed, part="speed"))
        assert ("<td>0.75</td>" in text) == shown
        assert ("of limit" in text.partition('id="speed"')[2]) == shown


def test_a_benchmark_of_something_else_is_refused(tmp_path):
    with pytest.raises(DataError, match="a benchmark of googlenet, not xception"):
        read_speed(bench_file(tmp_path, FIGURES), "xception")
    for rows in ([], [FIGURES | {"low": "x"}], [FIGURES | {"high": -1}]):
        with pytest.raises(DataError, match=r"bench\.json: "):
            read_speed(bench_file(tmp_path, *rows), "googlenet")
    (tmp_path / "bench.json").write_text("[]")
    with pytest.raises(DataError, match="not an output of `googlenet bench --json`"):
        read_speed(tmp_path / "bench.json", "googlenet")


def test_the_command_shows_what_compare_says(page_file):
    told = json.loads(googlenet("compare", "googlenet", "--aux", "-f", "onnx", "--json"))
    tables = Reader(page_file.read_text()).tables
    [rows] = [t for t in tables if t[0][-1] == "onnx"]
    assert len(rows) - 1 == len(told["layers"])
    for (name, output, _, difference), layer in zip(rows[1:], told["layers"], strict=True):
        assert name == layer["name"]
        assert output == "x".join(map(str, layer["output"]))
        assert difference == f"{layer['frameworks']['onnx']['difference']:.1e}"
    maps = [t for t in tables if "reference" in " ".join(t[0])]
    assert len(maps) == 17  # every step that makes a map
    largest = [float(row[-1].split()[-1]) for table in maps for row in table[1:]]
    assert all(0 <= each < 1e-5 for each in largest)
    assert page_file.stat().st_size < 3e6


def test_runs_are_drawn_over_one_another_and_scored(tmp_path):
    folder = tmp_path / "<b>one"
    train(folder, "--steps", 2)
    run = read_run(folder, "googlenet", lambda *_: None)
    share = metrics(folder)[-1]["top1"]
    second = replace(run, name="two", accuracies=[(1, 0.25)], confusion=run.confusion[::-1])
    text = render(Page(full("googlenet"), reason=NOBODY, runs=[run, second]))
    tables = Reader(text).tables
    [scores] = [t for t in tables if "accuracy" in t[0][-1]]
    assert [(row[0], row[-1]) for row in scores[1:]] == [
        ("<b>one", f"{share:.2%}"),
        ("two", "25.00%"),
    ]
    found = [t for t in tables if len(t[0]) == 11]
    one, two = ([[int(count) for count in row[1:]] for row in table[1:]] for table in found)
    assert two == one[::-1]
    assert sum(map(sum, one)) == TESTED
    assert sum(one[i][i] for i in range(10)) / TESTED == pytest.approx(share)
    assert text.count('class="plot"') == 2 * 2
    assert "two ends with the highest accuracy" in text or "one ends with" in text
    assert len(re.findall('<td class="right"', text)) == 2 * 10
    with pytest.raises(DataError, match="a run of googlenet, not xception"):
        read_run(folder, "xception", lambda *_: None)


def test_other_verbs_write_it_opened_at_their_part(tmp_path):
    require("onnx")
    googlenet("compare", "googlenet.slim", "-f", "onnx", "--html", tmp_path / "a.html")
    googlenet("diff", "googlenet", "xception", "--html", tmp_path / "b.html")
    for name, part in {"a": "comparison", "b": "against"}.items():
        text = (tmp_path / f"{name}.html").read_text()
        assert f'data-part="{part}"' in text
        assert part in Reader(text).ids
    line = googlenet("diff", "googlenet", "xception", "--html", tmp_path / "no" / "c.html", code=4)
    assert "does not exist" in line


def test_mistakes_are_one_line(tmp_path):
    nowhere = tmp_path / "no" / "page.html"
    assert "does not exist" in googlenet("page", "--out", nowhere, code=4)
    assert "does not exist" in googlenet("compare", "--html", nowhere, code=4)
    assert "unknown network" in googlenet("page", "lenet", code=2)
    (tmp_path / "x.png").write_text("no image")
    out = "--out", tmp_path / "page.html"
    assert "x.png" in googlenet("page", "--image", tmp_path / "x.png", *out, code=4)
    assert not (tmp_path / "page.html").exists()
