"""A run meets data that are not its own: other images, other classes, broken ones."""

import json
import shutil

import numpy as np
import pytest
from cli import call, googlenet
from narrow import narrow_module
from runs import ARGUMENTS, train
from test_runs import OPTIONS, write_colours

from common.errors import DataError
from common.files import weights
from common.training.record import open_for_scoring, open_for_training, read_recipe

assert narrow_module  # a fixture

pytestmark = pytest.mark.xdist_group("other data")  # several tests read one run

NAMES = ("blue", "green", "red")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of a few steps on three colours, in a folder for each split."""
    folder = tmp_path_factory.mktemp("run")
    for split, count in (("train", 12), ("test", 4)):
        write_colours(folder / "data" / split, NAMES, count)
    train(folder / "run", "--data", f"folder:{folder / 'data'}", *OPTIONS)
    return folder / "run"


def test_all_images_of_an_undivided_folder_are_scored(run, tmp_path):
    write_colours(tmp_path / "others", NAMES, 7)
    source = f"folder:{tmp_path / 'others'}"
    data, lines = open_for_scoring(source, run, NAMES)
    assert len(data.test) == 21
    assert lines == [f"{source}: not divided into splits: 21 images are scored"]
    found = json.loads(googlenet("evaluate", run, "--data", source, "-f", "numpy", "--json"))
    assert found["images"] == 21


def test_images_with_the_names_of_training_images_are_not_scored(run, tmp_path):
    data = run.parent / "data"
    shutil.copytree(data / "train", tmp_path / "copy" / "train")
    (tmp_path / "list.txt").write_text(
        "".join(f"{p} {p.parent.name}\n" for p in sorted((data / "train").rglob("*.png")))
    )
    source = f"list:{tmp_path / 'list.txt'}"
    own = tmp_path / "run"
    shutil.copytree(run, own)
    record = json.loads((own / "split.json").read_text())
    record["train"] = [str(p) for p in sorted((data / "train").rglob("*.png"))][:30]
    (own / "split.json").write_text(json.dumps(record))
    data, [line] = open_for_scoring(source, own, NAMES)
    assert len(data.test) == 6
    assert line.endswith("6 images are scored; 30 with the names of training images are left out")
    record["train"] += [str(p) for p in sorted((run.parent / "data" / "train").rglob("*.png"))][30:]
    (own / "split.json").write_text(json.dumps(record))
    with pytest.raises(DataError, match="was trained on all of these images"):
        open_for_scoring(source, own, NAMES)


def test_weights_are_taken_with_their_classifier_only_for_the_same_classes(run, tmp_path):
    last = run / "checkpoints" / "last.safetensors"
    before = weights.read(last)[0]["fc.weight"]
    for names, same in ((NAMES, True), (("azure", "green", "red"), False)):
        write_colours(tmp_path / names[0], names, 8)
        out = tmp_path / f"run {names[0]}"
        source = ("--data", f"folder:{tmp_path / names[0]}", "--weights", last)
        _, _, error = call("train", "googlenet", "-f", "pytorch", *source, *OPTIONS, "--out", out)
        assert ("a new classifier for 3 classes" in error) != same
        after = weights.read(out / "checkpoints" / "last.safetensors")[0]["fc.weight"]
        assert (np.corrcoef(before.ravel(), after.ravel())[0, 1] > 0.9) == same


def test_a_list_whose_classes_change_does_not_resume(tmp_path):
    write_colours(tmp_path, NAMES, 8)
    path = tmp_path / "all.txt"
    lines = [f"{p.relative_to(tmp_path)} {p.parent.name}" for p in sorted(tmp_path.rglob("*.png"))]
    path.write_text("\n".join(lines))
    train(tmp_path / "run", "--data", f"list:{path}", *OPTIONS)
    recipe = read_recipe(tmp_path / "run")
    open_for_training(tmp_path / "run", recipe)
    swapped = {"blue": "red", "red": "blue", "green": "green"}
    path.write_text("\n".join(f"{x.split()[0]} {swapped[x.split()[1]]}" for x in lines))
    with pytest.raises(DataError, match="the classes of its training images differ"):
        open_for_training(tmp_path / "run", recipe)


def test_a_broken_image_before_the_first_step_leaves_no_run(tmp_path):
    write_colours(tmp_path / "data", NAMES, 8)
    for number in range(8):
        (tmp_path / "data" / "red" / f"{number}.png").write_bytes(b"no image")
    words = ("--data", f"folder:{tmp_path / 'data'}", "--steps", 1, "--batch", 16)
    line = train(tmp_path / "run", *words, code=4)
    assert "unsupported image format" in line
    assert not (tmp_path / "run" / "recipe.toml").exists()


def test_layers_frozen_at_random_are_pointed_out(tmp_path):
    words = (*ARGUMENTS, "--steps", 1, "--freeze", "backbone", "--out", tmp_path / "run")
    _, _, error = call("train", "googlenet", "-f", "pytorch", *words)
    assert "no --weights: the frozen layers keep their random initial values" in error
