"""Many submissions: grades by a rubric, folders, and running again only what changed."""

import csv
import io
import json
from types import SimpleNamespace

import pytest
from cli import call

from common.command.check_many import listed_in
from common.errors import DataError, UsageError
from common.tools.check import submissions
from common.tools.check.check_jobs import Check
from common.tools.check.decisions import decisions
from common.tools.check.describe import Difference
from common.tools.check.grading import csv_text, html_text, points, read_rubric

GOOD = {"source": "a.py", "verdict": "equal", "nearest": "googlenet", "differences": []}
BAD = {"source": "b.py", "verdict": "failed", "error": "b.py, line 1: <no>"}
DIFFERENCES = [
    {"layer": "conv2.relu", "what": "ReLU missing", "yours": "none", "table": "ReLU",
     "kind": "mistake", "places": ["conv2.relu"], "lines": [7]},
    {"layer": "maxpool1", "what": "max pool: padding", "yours": "1", "table": "CEIL",
     "kind": "convention", "places": ["maxpool1", "maxpool2"], "lines": []},
]  # fmt: skip
OTHER = {"source": "c.py", "verdict": "differs", "nearest": "googlenet", "differences": DIFFERENCES}


def test_points_are_taken_off_by_kind(tmp_path):
    rubric = read_rubric(None)
    assert [points(each, rubric) for each in (GOOD, BAD, OTHER)] == [100, 0, 88]
    file = tmp_path / "rubric.toml"
    file.write_text("total = 20\n[points]\nmistake = 30")
    assert points(OTHER, read_rubric(file)) == 0
    rows = list(csv.DictReader(io.StringIO(csv_text([GOOD, BAD, OTHER], rubric))))
    assert [row["points"] for row in rows] == ["100", "0", "88"]
    assert (rows[2]["mistake"], rows[2]["convention"], rows[1]["error"]) == (
        "1", "1", BAD["error"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "error"),
    {
        "[points]\nmistakes = 1": "unknown kind 'mistakes'; choose from: mistake, ",
        "total = ": "not a rubric",
        "[points]\nmistake = 'a'": "must be numbers",
    }.items(),
)
def test_a_broken_rubric_is_refused(tmp_path, text, error):
    file = tmp_path / "rubric.toml"
    file.write_text(text)
    with pytest.raises((DataError, UsageError), match=error):
        read_rubric(file)


def test_feedback_has_a_sheet_for_each_submission():
    text = html_text([GOOD, BAD, OTHER], read_rubric(None), "en")
    assert text.count("<section>") == 3
    assert "b.py, line 1: &lt;no&gt;" in text
    assert "where: conv2.relu; line 7" in text
    assert "c.py: 88 / 100" in text
    assert "错误" in html_text([OTHER], read_rubric(None), "zh")


def test_a_folder_is_its_files_and_notebooks(tmp_path):
    for name in ("b.py", "a.ipynb", "c.txt", ".hidden.py", "inner/d.py", "__pycache__/e.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert listed_in(str(tmp_path)) == [
        str(tmp_path / name) for name in ("a.ipynb", "b.py", "inner/d.py")
    ]
    code, _, error = call("check", str(tmp_path / "__pycache__"))
    assert (code, "no .py or .ipynb file" in error) == (4, False) or code == 4


def test_only_what_changed_runs_again(tmp_path, monkeypatch):
    files = [tmp_path / name for name in ("a.py", "b.py")]
    ran = []

    def checked(self, source, job):
        ran.append(source)
        return [{"source": source, "verdict": "equal", "digest": self.digest(job)}]

    monkeypatch.setattr(submissions.Batch, "check", checked)
    for file in files:
        file.write_text("x = 1")
    jobs = [(str(file), Check(framework="pytorch", source=str(file))) for file in files]
    batch = submissions.Batch(jobs, 9, workers=2)
    known = submissions.check_all(batch, [], lambda _: None)
    files[1].write_text("x = 2")
    report = tmp_path / "all.json"
    report.write_text(json.dumps(known))
    again = submissions.check_all(batch, [*submissions.known_documents(report)], lambda _: None)
    assert sorted(ran) == sorted([*map(str, files), str(files[1])])
    assert [each["source"] for each in again] == list(map(str, files))


def test_workers_share_the_cores(monkeypatch):
    shares = []

    def call(_job, _limit, environments):
        shares.extend(each["OMP_NUM_THREADS"] for each in environments)
        return SimpleNamespace(arrays={"documents": "[]"})

    monkeypatch.setattr(submissions, "threads", lambda: 6)
    monkeypatch.setattr(submissions, "call", call)
    for workers in (1, 2, 4, 7):
        submissions.Batch([], 9, workers).check("a.py", Check(framework="pytorch", source="a.py"))
    assert shares == ["6", "3", "1", "1"]


def test_a_report_that_cannot_be_written_is_refused_before_the_work(tmp_path):
    (tmp_path / "a.py").write_text("while True: pass")
    code, _, error = call("check", str(tmp_path), "--csv", str(tmp_path / "no" / "grades.csv"))
    assert code == 4
    assert "cannot be written" in error


def difference(layer, what="ReLU replaced", yours="ReLU6", table="ReLU", **more):
    return Difference(layer=layer, what=what, yours=yours, table=table, **more)


def test_differences_of_one_decision_are_one():
    relus = [difference(f"inception{n}.branch1.relu", lines=(7,)) for n in ("3a", "3b")]
    widths = [
        difference(f"inception{n}.branch3.1.conv", "convolution: channels", w, "32")
        for n, w in (("3a", "16"), ("4b", "24"))
    ]
    turned = [
        difference("a.1.conv", "convolution: kernel", "(7, 1)", "(1, 7)"),
        difference("a.2.conv", "convolution: kernel", "(1, 7)", "(7, 1)"),
    ]
    pool = difference("maxpool1", "max pool: padding", "1", "CEIL", also_in=("googlenet.d2l",))
    drop = difference("dropout", "dropout: rate", "0.5", "0.4", kind="choice")
    found = decisions([*relus, *widths, *turned, pool, drop], is_small=False)
    assert [(each.what, each.kind, len(each.places)) for each in found] == [
        ("ReLU replaced", "mistake", 2),
        ("convolution: channels", "mistake", 2),
        ("1xn and nx1 swapped", "convention", 2),
        ("max pool: padding", "convention", 1),
        ("dropout: rate", "choice", 1),
    ]
    assert found[0].lines == (7,)
    assert found[1].yours == "16, 24"
