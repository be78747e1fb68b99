"""`train` and `evaluate` as a user runs them: what a run keeps, how it resumes, what is refused."""

import json

import numpy as np
import pytest
from cli import call, googlenet
from narrow import narrow_module
from runs import ARGUMENTS, DATA, TESTED, losses, metrics, train

from common.errors import DataError
from common.files import safetensors_file
from common.jobs.frameworks import FRAMEWORKS
from common.training.checkpoints import list_states, read_newest, write_state
from common.training.comparison import weights_apart
from common.training.evaluation import score
from common.training.metrics import training_top1
from common.training.recipe_file import to_recipe
from common.training.schedules import learning_rate

assert narrow_module  # a fixture

pytestmark = pytest.mark.xdist_group("run")  # most tests read one run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of four steps."""
    folder = tmp_path_factory.mktemp("run") / "run"
    train(folder, "--steps", 4)
    return folder


def test_a_run_keeps_what_is_promised(run):
    steps, [epoch] = metrics(run)[:4], metrics(run)[4:]
    assert [line["step"] for line in steps] == [1, 2, 3, 4]
    assert all(line.keys() == {"step", "epoch", "loss", "lr", "top1"} for line in steps)
    assert training_top1(steps) == {1: pytest.approx(np.mean([line["top1"] for line in steps]))}
    assert training_top1([*steps, {"step": 5, "epoch": 1}]) == {}  # of an earlier version
    assert epoch.keys() >= {"epoch", "split", "top1", "loss", "images_per_second"}
    assert json.loads((run / "environment.json").read_text())["framework"] == "pytorch"
    kept = {path.name for path in (run / "checkpoints").iterdir()}
    assert kept >= {"last.safetensors", "best.safetensors", "state-00000004.safetensors"}
    assert json.loads((run / "classes.json").read_text()) == list("0123456789")
    assert "<svg" in (run / "curves.svg").read_text()
    assert 'preprocess = "squeeze"' in (run / "recipe.toml").read_text()


def test_a_run_that_is_done_stays_as_it_is(run):
    before = (run / "checkpoints" / "last.safetensors").read_bytes(), metrics(run)
    train(run, "--steps", 4, "--resume")
    assert ((run / "checkpoints" / "last.safetensors").read_bytes(), metrics(run)) == before


def test_a_run_resumes_with_its_own_options(run):
    before = metrics(run)
    googlenet("train", "googlenet", "-f", "pytorch", "--resume", "--out", run)
    assert metrics(run) == before
    recipe = googlenet(
        "train", "googlenet", "-f", "pytorch", "--resume", "--out", run, "--print-recipe"
    )
    assert recipe == (run / "recipe.toml").read_text()


def test_a_run_is_made_longer(tmp_path):
    """With a constant rate, the result is that of a run which had this length from its start."""
    short, long = tmp_path / "short", tmp_path / "long"
    train(short, "--steps", 2, "--schedule", "constant")
    train(long, "--steps", 5, "--schedule", "constant")
    longer = ("train", "googlenet", "-f", "pytorch", "--resume", "--out", short, "--steps", 5)
    code, _, error = call(*longer)
    assert code == 0
    assert "extended to 5 steps; the constant schedule now spans all of them" in error
    for name in ("recipe.toml", "checkpoints/last.safetensors"):
        assert (short / name).read_bytes() == (long / name).read_bytes()
    before = (short / "recipe.toml").read_bytes()
    assert "divided equally" in train(short, "--steps", 9, "--processes", 3, "--resume", code=2)
    assert (short / "recipe.toml").read_bytes() == before
    recipe = train(short, "--epochs", 30, "--resume", "--print-recipe")
    assert "epochs = 30\nsteps = 0" in recipe
    assert "epochs = 15" in train(short, "--epochs", 1, "--resume", code=2)


def test_evaluate_gives_the_scores_of_the_best_weights(run, tmp_path):
    found = json.loads(googlenet("evaluate", run, "--data", DATA, "--json"))
    confusion = np.array(found["confusion"])
    assert found["images"] == confusion.sum() == TESTED
    assert found["top1"] == pytest.approx(np.trace(confusion) / TESTED) == metrics(run)[-1]["top1"]
    assert found["loss"] == pytest.approx(metrics(run)[-1]["loss"], rel=1e-5)
    table = tmp_path / "m.csv"
    printed = googlenet("evaluate", run, "--data", DATA, "--csv", table)
    assert f"{TESTED} images" in printed
    header, *rows = (line.split(",") for line in table.read_text().splitlines())
    assert header == ["class", *found["classes"]]
    assert [list(map(int, row[1:])) for row in rows] == confusion.tolist()
    assert "true / predicted" in printed
    first = next(line.split() for line in printed.splitlines() if line.split()[:1] == ["0"])
    assert first == ["0", *map(str, confusion[0])]


def test_bfloat16_learns_nearly_the_same(run, tmp_path):
    train(tmp_path / "run", "--steps", 4, "--precision", "bfloat16")
    found, exact = losses(tmp_path / "run"), losses(run)
    assert found == pytest.approx(exact, rel=0.02)
    assert found != exact
    weights = tmp_path / "run" / "checkpoints" / "last.safetensors"
    assert {a.dtype for a in safetensors_file.read(weights).groups[""].values()} == {
        np.dtype(np.float32)
    }
    told = googlenet(
        "evaluate", tmp_path / "run", "--data", DATA, "--precision", "bfloat16", "--json"
    )
    assert json.loads(told)["images"] == TESTED
    line = train(tmp_path / "no", "--precision", "bfloat16", framework="paddle", code=2)
    assert "only its predictor" in line


def test_weights_of_other_classes_start_a_new_classifier(tmp_path):
    weights = tmp_path / "w.safetensors"
    options = ("--classes", 3, "--input", "1x32x32", "--seed", 1)
    googlenet("init", "googlenet", "--out", weights, *options)
    train(tmp_path / "run", "--steps", 1, "--weights", weights)
    assert "weights = " in (tmp_path / "run" / "recipe.toml").read_text()


def test_a_run_starts_from_the_best_weights_of_a_run(run, tmp_path):
    best = run / "checkpoints" / "best.safetensors"
    for folder, weights in {"run": run, "file": best}.items():
        train(tmp_path / folder, "--steps", 1, "--weights", weights)
    one, other = (tmp_path / f"{each}/checkpoints/last.safetensors" for each in ("run", "file"))
    assert one.read_bytes() == other.read_bytes()
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "recipe.toml").write_bytes((run / "recipe.toml").read_bytes())
    line = train(tmp_path / "no", "--steps", 1, "--weights", tmp_path / "empty", code=4)
    assert "empty: no weights yet" in line


def test_weights_for_colour_start_a_run_on_grey_images(tmp_path):
    """With as many classes, where the classifier is kept, as well."""
    colour = tmp_path / "colour.safetensors"
    googlenet("init", "googlenet", "--out", colour, "--classes", 10, "--input", "3x32x32")
    options = (*ARGUMENTS, "--weights", colour, "--steps", 1, "--out", tmp_path / "run")
    code, _, error = call("train", "googlenet", "-f", "pytorch", *options)
    assert code == 0, error
    assert "conv1.conv.weight summed over its 3 channels" in error


def test_a_run_is_neither_overwritten_nor_gone_on_with_otherwise(run, tmp_path):
    assert "a run already exists" in train(run, code=2)
    differing = {"--batch=4": "batch = 8", "--lr=9": "optimizer.lr = 0.01", "--seed=1": "seed = 7"}
    for option, name in differing.items():
        line = train(run, "--steps", 4, option, "--resume", code=2)
        assert name in line
        assert f"--weights {run}/checkpoints/last.safetensors --out OTHER" in line
    assert "not a run" in train(tmp_path, "--resume", code=4)


def test_a_loss_that_is_no_number_stops_the_run(tmp_path):
    message = train(tmp_path / "run", "--steps", 30, "--lr", 1e30, code=1)
    assert "start a new run with a lower --lr or --clip 1" in message
    assert read_newest(tmp_path / "run" / "checkpoints")[1]["step"] == 0


def recipe(**options):
    """A recipe of ten epochs with a learning rate of 0.5."""
    where = {"network": "googlenet", "data": "digits", "channels": 1, "image_size": 64}
    rule = {"kind": "sgd", "lr": 0.5}
    return to_recipe("", where | {"classes": 10, "epochs": 10, "optimizer": rule} | options)


@pytest.mark.parametrize(
    ("options", "rates"),
    [
        ({"schedule": {"kind": "constant"}}, {0: 0.5, 99: 0.5}),
        ({"schedule": {"kind": "cosine"}}, {0: 0.5, 50: 0.25, 75: 0.0732233}),
        (
            {"schedule": {"kind": "steps", "factor": 0.5, "epochs": 2.0}},
            {19: 0.5, 20: 0.25, 40: 0.125},
        ),
        ({"schedule": {"kind": "constant"}, "warmup": 1.0}, {0: 0.05, 4: 0.25, 9: 0.5, 10: 0.5}),
    ],
    ids=["constant", "cosine", "steps", "warm-up"],
)
def test_rates_by_hand(options, rates):
    for step, rate in rates.items():
        assert learning_rate(recipe(**options), step, 10) == pytest.approx(rate, rel=1e-5)


def test_scores_by_hand():
    logits = np.array([[2.0, 1, 0, 0, 0, 0], [0, 1, 2, 3, 4, 5], [3, 0, 0, 0, 0, 0]])
    found = score(logits, np.array([0, 0, 1]))
    assert (found.top1, found.top5, found.images) == (pytest.approx(1 / 3), pytest.approx(2 / 3), 3)
    assert found.confusion[0, 5] == found.confusion[1, 0] == found.confusion[0, 0] == 1
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert found.loss == pytest.approx(-np.log(probabilities[[0, 1, 2], [0, 0, 1]]).mean())


def test_the_newest_whole_state_is_taken_and_two_are_kept(tmp_path):
    for step in (1, 2, 3):
        write_state(tmp_path, step, {"weights/a": np.full(2, float(step))}, {"best": 0.5})
    assert len(list_states(tmp_path)) == 2
    arrays, about, passed_over = read_newest(tmp_path)
    assert (arrays["weights/a"][0], about["step"], passed_over) == (3, 3, [])
    newest = list_states(tmp_path)[0]
    newest.write_bytes(newest.read_bytes()[:-3])
    assert read_newest(tmp_path)[1]["step"] == 2
    assert str(newest) in read_newest(tmp_path)[2][0]
    list_states(tmp_path)[1].write_bytes(safetensors_file.pack({}, {}))
    with pytest.raises(DataError, match="no complete checkpoint"):
        read_newest(tmp_path)


def test_a_parameter_that_no_loss_depends_on_is_not_compared():
    ones = np.ones(3)
    first = {"weights/a": ones, "weights/b": ones, "velocity/a": ones, "velocity/b": 1e-16 * ones}
    assert weights_apart(first | {"weights/b": -ones}, first) == 0
    assert weights_apart(first | {"weights/a": -ones}, first) == 2
    learned = first | {"velocity/b": 1e-6 * ones}
    assert weights_apart(learned | {"weights/b": -ones}, learned) == 2


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_batch_norm_of_one_value_is_refused_before_training(tmp_path, framework):
    options = ("--data", DATA, "--image-size", 32, "--batch", 1, "--out", tmp_path / "run")
    line = googlenet("train", "inception_v2", "-f", framework, *options, code=2)
    assert "would get one value per channel" in line
    assert list(tmp_path.iterdir()) == []
