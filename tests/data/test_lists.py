"""Lists of images, in one file or in one for each split."""

import json

import pytest
from test_data import write_images

from common.command.data import data as check_data
from common.data.sources import open_data
from common.errors import DataError
from common.training.defaults import default_table
from common.training.recipe_file import to_recipe, to_toml
from common.training.record import open_for_training, record_text


def write_list(path, lines):
    """Writes a list, and returns the source that names it."""
    path.write_text("\n".join(lines) + "\n")
    return f"list:{path}"


@pytest.mark.parametrize(
    ("name", "line", "first"),
    [
        ("all.txt", "{image} {kind}", ""),
        ("all.tsv", "{image}\t{kind}", "path\tlabel"),
        ("all.csv", '"{image}",{kind}', "image,label"),
    ],
)
def test_a_list_of_images(tmp_path, name, line, first):
    write_images(tmp_path / "a b", {"x": 6, "y": 6})
    lines = [
        line.format(image=path.relative_to(tmp_path), kind=10 if path.parent.name == "x" else 9)
        for path in sorted((tmp_path / "a b").rglob("*.png"))
    ]
    data = open_data(write_list(tmp_path / name, [first, *lines] if first else lines))
    assert data.classes == ("9", "10")  # in the order of the numbers
    assert len(data.train) + len(data.test) == 12
    split = data.train
    kinds = {"x": "10", "y": "9"}
    for number in range(len(split)):
        folder = split.name(number).split("/")[-2]
        assert data.classes[split.labels[number]] == kinds[folder]
    split.read(0)


def test_a_list_for_each_split(tmp_path):
    write_images(tmp_path, {"x": 3, "y": 3})
    for name in ("train_list.txt", "val_list.txt", "test.txt"):
        number = {"train_list.txt": 0, "val_list.txt": 1, "test.txt": 2}[name]
        lines = [f"{sorted((tmp_path / kind).iterdir())[number]} {kind}" for kind in "xy"]
        write_list(tmp_path / name, lines)
    data = open_data(f"list:{tmp_path}")
    assert {split: len(each) for split, each in data.splits.items()} == dict.fromkeys(
        ("train", "val", "test"), 2
    )
    assert data.classes == ("x", "y")


def test_a_run_keeps_its_images_when_a_list_grows(tmp_path):
    write_images(tmp_path, {"x": 9, "y": 9})
    lines = [f"{path.relative_to(tmp_path)} {path.parent.name}" for path in tmp_path.rglob("*.png")]
    source = write_list(tmp_path / "all.txt", lines[:-2])
    data = open_data(source)
    recipe = to_recipe("test", default_table("googlenet", data, aux=False))
    run = tmp_path / "run"
    run.mkdir()
    (run / "recipe.toml").write_text(to_toml(recipe))
    (run / "split.json").write_text(record_text(data, source))
    write_list(tmp_path / "all.txt", lines)
    again, messages = open_for_training(run, recipe)
    assert again.train.contents == data.train.contents
    assert "added since the run began" in messages[0]


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (["a.png x", "b.png"], "line 2: expected the path of an image and its class"),
        (["a.png x", "a.png y"], "line 2: a.png is listed twice"),
        (["a.png x", "b.png x"], "1 classes"),
        ([], "0 classes"),
    ],
)
def test_broken_lists_are_named(tmp_path, lines, fault):
    with pytest.raises(DataError, match=rf"^{tmp_path}/all.txt: .*{fault}"):
        open_data(write_list(tmp_path / "all.txt", lines))


def test_data_counts_a_list_and_names_missing_images(tmp_path, capsys):
    write_images(tmp_path, {"x": 3, "y": 3})
    lines = [f"{path.relative_to(tmp_path)} {path.parent.name}" for path in tmp_path.rglob("*.png")]
    source = write_list(tmp_path / "all.txt", [*lines, "gone.png x"])
    with pytest.raises(DataError, match=r"1 images cannot be read, .*gone.png: no such file"):
        check_data(source, json=True)
    document = json.loads(capsys.readouterr().out)
    assert sum(document["images"]["x"].values()) == 4


def test_an_image_in_two_splits_is_refused(tmp_path):
    for name in ("train.txt", "test.txt"):
        write_list(tmp_path / name, ["a.png x", f"{name}.png y"])
    with pytest.raises(DataError, match=r"a\.png is in test and in train|is in train and in test"):
        open_data(f"list:{tmp_path}")


@pytest.mark.parametrize("first", ["filename,species", "image_id,breed"])
def test_titles_of_columns_are_no_class(tmp_path, first):
    write_images(tmp_path, {"x": 3, "y": 3})
    lines = [f"{path.relative_to(tmp_path)},{path.parent.name}" for path in tmp_path.rglob("*.png")]
    assert open_data(write_list(tmp_path / "all.csv", [first, *lines])).classes == ("x", "y")
