"""Benchmarks: contestants are verified, timed in turns, and ranked if their timings allow it."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from cli import googlenet
from conftest import require

from common.errors import CheckFailed, UsageError
from common.files import weights
from common.spec.initial import initial_arrays
from common.tools.bench import limits, memory
from common.tools.bench.benchmark import BenchOptions, make_jobs, plan_races, run_race
from common.tools.bench.contestants import Contestant
from common.tools.bench.results import Results, Timing, place, plain_of, times_faster
from common.tools.bench.rounds import Racer, race
from common.tools.bench.timing_jobs import TakeTurns
from common.tools.bench.workload import Work, labels_of, plan_of

KEYS = "network framework mode task batch precision images_per_second low high peak_mb"
WORK = Work(network="googlenet", task="infer", batch=4, size=64)
HALF = Contestant(framework="paddle", mode="tuned", precision="bfloat16")


def row(mode, *seconds, framework="pytorch", work=WORK):
    """A result row with these seconds."""
    return Timing(
        work=work,
        contestant=Contestant(framework=framework, mode=mode),
        seconds=seconds,
        peak_mb=100,
        start_seconds=1.0,
        difference=1e-7,
    )


def quietly(*_):
    """Reports no progress."""


def test_a_rate_is_the_median_and_its_spread_the_middle_half():
    found = row("plain", 1.0, 5.0, 2.0, 4.0, 8.0)
    assert (found.low, found.images_per_second, found.high) == (4 / 5, 1.0, 2.0)


def test_sides_whose_spreads_overlap_share_a_place():
    fast, level, slow = (row("tuned", *np.array([1, 2, 3]) * k) for k in (1, 1.4, 4))
    rows = [slow, level, fast]
    assert [place(each, rows) for each in rows] == [3, 1, 1]


def test_a_ratio_is_the_median_of_those_of_the_turns():
    plain, tuned = row("plain", 4.0, 8.0, 9.0), row("tuned", 2.0, 2.0, 9.0)
    assert times_faster(tuned, plain) == 2.0
    assert plain_of(tuned, [row("plain", 1.0, framework="paddle"), plain, tuned]) is plain
    assert plain_of(tuned, [tuned]) is None


def limited(task, seconds, framework="pytorch", **fields):
    """A row of a task with four images that takes so many seconds."""
    work = replace(WORK, task=task, **fields)
    return row("tuned", seconds, seconds, framework=framework, work=work)


def test_a_limit_is_that_of_the_fastest_program_and_a_third_of_it_in_training():
    programs = limited("infer", 0.2, "onnx"), limited("infer", 0.1, "onnx")
    infer, train = limited("infer", 0.2), limited("train", 0.4)
    rows = [*programs, infer, train]
    assert [limits.of_limit(each, rows) for each in rows] == pytest.approx([0.5, 1, 0.5, 0.75])
    assert limits.of_limit(infer, [infer, train]) is None
    assert limits.of_limit(limited("infer", 0.2, batch=1), rows) is None
    halved = replace(infer, contestant=replace(HALF, framework="pytorch"))
    assert limits.of_limit(halved, rows) is None


def test_a_share_of_the_matrix_product_counts_three_passes_in_training():
    forward = plan_of("googlenet", "infer", 64).multiply_adds
    rate = 4 * forward / 0.1  # four images in a tenth of a second
    assert limits.of_product(limited("infer", 0.1), rate) == pytest.approx(1)
    assert limits.of_product(limited("train", 0.1), rate) == pytest.approx(3)
    assert limits.product_rate(64) > 0


def test_usually_all_sides_race_and_in_a_sweep_each_framework_alone():
    options = BenchOptions(frameworks=("pytorch", "paddle"), baselines=True)
    usual = list(plan_races(["googlenet"], options, quick=False, sweep=False))
    assert [[(w.task, w.batch) for w in works] for works, _ in usual] == [
        [("infer", 1)], [("infer", 16)], [("train", 16)]
    ]  # fmt: skip
    sweep = list(plan_races(["xception"], options, quick=False, sweep=True))
    assert [those.frameworks for _, those in sweep] == [("pytorch",), ("paddle",)]
    assert {(w.batch, w.size) for w in sweep[0][0]} >= {(1, 299), (32, 299), (8, 150), (8, 598)}
    assert [those.modes for _, those in sweep] == [("tuned",)] * 2


def jobs_of(folder, *modes):
    """Jobs of one workload in these modes; also writes its weights."""
    plan = plan_of(WORK.network, WORK.task, WORK.size)
    weights.write(folder / "w.safetensors", initial_arrays(plan, 0), plan)
    file = str(folder / "w.safetensors")
    return [job_of("pytorch", mode, weights=file, turns=2, **vars(WORK)) for mode in modes]


def job_of(framework, mode, **fields):
    """A contestant's job."""
    return TakeTurns(framework=framework, mode=mode, plain=mode != "tuned", **fields)


def test_a_side_that_computes_something_else_is_not_timed(tmp_path):
    require("pytorch")
    jobs = jobs_of(tmp_path, "plain")
    found = race(jobs, {WORK: np.ones((2, 1000))}, quietly)
    assert not found.rows
    with pytest.raises(CheckFailed, match=r"pytorch, plain: googlenet, infer.* differs by "):
        found.raise_if_failed()


def test_a_side_that_dies_between_its_turns_leaves_the_race_alone(tmp_path):
    require("pytorch")
    [job] = jobs_of(tmp_path, "plain")
    racer = Racer(job, tmp_path / "box")
    try:
        racer.attempt(racer.wait, 1)
        racer.worker.process.kill()
        racer.worker.process.wait()
        racer.attempt(racer.take_turn, 1)
        assert "killed (signal 9)" in str(racer.error)
    finally:
        racer.worker.end()


def test_where_nothing_was_timed_it_is_an_error():
    results = Results()
    results.note(HALF, "train", UsageError("not here"))
    with pytest.raises(CheckFailed, match="nothing was timed: paddle, tuned, bfloat16: train: not"):
        results.raise_if_failed()


def test_labels_are_of_the_networks_classes():
    assert labels_of(np.zeros(5), 3).tolist() == [0, 1, 2, 0, 1]


def test_a_baseline_that_is_not_there_leaves_the_others_in_the_race(tmp_path):
    require("pytorch")
    jobs = jobs_of(tmp_path, "nobody", "plain")
    expected = {WORK: np.full((2, 1000), np.nan)}
    found = race(jobs, expected, quietly)
    assert "nobody" in found.notes[0]
    assert len(found.errors) == 1  # the other contestant was asked for its result


def test_a_program_for_processors_does_not_race_with_a_gpu(tmp_path):
    results, work = Results(), Work(network="xception", task="infer", batch=1, size=75)
    options = BenchOptions(frameworks=("pytorch",), baselines=True, device="cuda")
    jobs = make_jobs(work, options, tmp_path / "w.safetensors", results)
    assert {job.framework for job in jobs} == {"pytorch"}
    notes = [note.rpartition(": ")[2] for note in results.notes]
    assert notes == ["can only be timed on the CPU"] * 2


def verify_race(framework, baseline, **fields):
    """Verifies that a workload's contestants, a baseline among them, compute the same."""
    require(framework)
    work = Work(batch=2, **fields)
    options = BenchOptions(frameworks=(framework,), baselines=True, turns=2, modes=("tuned",))
    found = run_race([work], options, quietly)
    found.raise_if_failed()
    assert found.notes == []
    programs = ["onnxruntime", "openvino"] if work.task == "infer" else []
    assert [row.contestant.mode for row in found.rows] == ["tuned", baseline, *programs]
    assert all(len(row.seconds) == 2 and row.difference < 1e-5 for row in found.rows)


@pytest.mark.long
def test_keras_applications_trains_beside_ours():
    verify_race("tensorflow", "keras.applications", network="xception", task="train", size=75)


@pytest.mark.long
def test_paddle_vision_infers_beside_ours():
    network = "inception_v3.paddle_vision"
    verify_race("paddle", "paddle.vision", network=network, task="infer", size=107)


def test_tutorial_code_trains_beside_ours():
    verify_race("pytorch", "tutorial", network="googlenet", task="train", size=224)


def test_the_command_gives_rows_and_files(tmp_path):
    require("pytorch")
    kinds = "csv", "svg", "html"
    files = [each for kind in kinds for each in (f"--{kind}", tmp_path / f"rows.{kind}")]
    options = "-f", "pytorch", "--quick", "--json", *files
    found = json.loads(googlenet("bench", "googlenet.d2l", *options))
    assert [row["mode"] for row in found["rows"]] == ["plain", "tuned"]
    for each in found["rows"]:
        assert each.keys() >= set(KEYS.split())
        assert 0 < each["low"] <= each["images_per_second"] <= each["high"]
        assert each["peak_mb"] > 100
        assert each["difference"] < 1e-5
    assert all(each["of_limit"] is None and 0 < each["of_product"] < 2 for each in found["rows"])
    assert found["machine"]["cores"] >= 1
    assert found["machine"]["product_multiply_adds_per_second"] > 1e9
    lines = list(csv.DictReader((tmp_path / "rows.csv").read_text().splitlines()))
    assert [line["model"] for line in lines] == ["googlenet.d2l"] * 2
    assert float(lines[0]["infer_samples_per_sec"]) > 0
    assert "</svg>" in (tmp_path / "rows.svg").read_text()
    rate = found["rows"][1]["images_per_second"]
    assert f"<td>{rate:.1f}</td>" in (tmp_path / "rows.html").read_text()


def test_sides_that_memory_cannot_hold_together_race_by_framework(monkeypatch):
    names = ("pytorch", "pytorch", "pytorch", "paddle", "paddle")
    work = {"network": "xception", "task": "train", "batch": 16, "size": 299}
    jobs = [job_of(name, "plain", weights="", turns=5, **work) for name in names]
    monkeypatch.setattr(memory, "machine_mb", lambda: 2.5 * memory.needed_mb(jobs[0]) / 0.85)
    assert [[job.framework for job in group] for group in memory.groups(jobs)] == [
        ["paddle", "paddle"], ["pytorch", "pytorch"], ["pytorch"]
    ]  # fmt: skip
    mixed = [jobs[0], jobs[3], jobs[1]]  # in a benchmark the baselines come last
    assert memory.groups(mixed) == [[jobs[3]], [jobs[0], jobs[1]]]
    monkeypatch.setattr(memory, "machine_mb", lambda: 1e6)
    assert memory.groups(jobs) == [jobs]


def test_mistakes_are_one_line(tmp_path):
    assert "unknown network 'lenet'" in googlenet("bench", "lenet", code=2)
    assert "unknown framework 'jax'" in googlenet("bench", "-f", "jax", code=2)
    assert "--turns" in googlenet("bench", "--turns", 2, code=2)
    assert "--layers cannot be combined" in googlenet("bench", "--layers", "--sweep", code=2)
    assert "--sweep cannot be combined" in googlenet("bench", "--sweep", "--peers", code=2)
    nowhere = "--csv", tmp_path / "no" / "rows.csv"
    assert "does not exist" in googlenet("bench", *nowhere, code=4)


def test_results_are_joined():
    total = Results()
    total.add(Results([row("plain", 1.0, 2.0)], [], ["a baseline is missing"]))
    total.note(Contestant(framework="pytorch", mode="tutorial"), "infer", CheckFailed("x"))
    total.note(HALF, "train", UsageError("not here"))
    total.raise_if_failed()
    assert len(total.rows) == 1
    assert len(total.notes) == 3
    total.note(HALF, "infer", CheckFailed("differs"))
    with pytest.raises(CheckFailed, match="paddle, tuned, bfloat16: infer: differs"):
        total.raise_if_failed()
