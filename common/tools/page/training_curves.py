"""Training runs of one network for the page: curves, scores and confusion matrices."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from common.errors import DataError, UserError
from common.jobs.call import call
from common.spec import shape_text
from common.tools.page.phrases import LANGUAGES, texts
from common.tools.page.plots import curve_plot
from common.tools.train.scoring_jobs import Evaluate
from common.training.metrics import read_metrics, training_top1
from common.training.recipe import Recipe
from common.training.record import read_classes, read_json, read_recipe

MAX_CLASSES = 40  # classes for which a matrix is still readable


@dataclass(frozen=True, kw_only=True)
class ShownRun:
    """One run: its curves as points (step, loss) and (epoch, top-1), and its final scores.

    `training` has the mean top-1 of the batches of each epoch, if the run has recorded it.
    `confusion` counts images by true and predicted class; `note` says why it is missing. `recipe`
    has the settings of the run as texts.
    """

    name: str
    framework: str
    losses: list[tuple[float, float]]
    accuracies: list[tuple[float, float]]
    classes: tuple[str, ...]
    confusion: list[list[int]]
    note: str = ""
    recipe: dict[str, str] = field(default_factory=dict)
    training: list[tuple[float, float]] = field(default_factory=list)

    @property
    def final(self) -> float:
        """The accuracy after the last epoch."""
        return self.accuracies[-1][1]

    def trained(self) -> tuple[str, ...]:
        """The network and the data of a run, in each language; for a run with a recipe."""
        own, epochs = self.recipe, round(self.accuracies[-1][0])
        size = own["image_size"]
        return texts(
            "trained",
            network=own["network"],
            data=own["data"],
            image=shape_text((int(own["channels"]), int(size), int(size))),
            classes=own["classes"],
            heads=texts("trained_with_heads" if own["aux"] == "True" else "trained_without_heads"),
            epochs=texts("trained_epoch" if epochs == 1 else "trained_epochs", count=epochs),
        )

    def class_texts(self) -> list[tuple[str, ...]]:
        """The name of each class, in each language; a bare number is called a digit or a class."""
        key = "a_digit" if self.recipe.get("data") == "digits" else "a_class"
        return [
            texts(key, name=name) if name.isdecimal() else (name,) * len(LANGUAGES)
            for name in self.classes
        ]


def read_run(folder: Path, network: str, report_progress: Callable[[str, str], None]) -> ShownRun:
    """Reads a run and scores it again.

    Raises DataError for a run of a different network, or one without a finished epoch.
    """
    recipe, metrics = read_recipe(folder), read_metrics(folder / "metrics.jsonl")
    if recipe.network != network:
        raise DataError(f"{folder}: a run of {recipe.network}, not {network}")
    try:
        steps = [(line["step"], float(line["loss"])) for line in metrics if "step" in line]
        epochs = [(line["epoch"], float(line["top1"])) for line in metrics if "split" in line]
        framework = str(read_json(folder / "environment.json", {})["framework"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{folder}: its records are not those of a run ({error})") from None
    if not steps or not epochs:
        raise DataError(f"{folder}: no epoch has finished yet")
    classes = read_classes(folder)
    report_progress(framework, f"scoring {folder}")
    confusion, note = count_confusion(folder, recipe, framework, len(classes))
    return ShownRun(
        name=folder.name,
        framework=framework,
        losses=steps,
        accuracies=epochs,
        classes=classes,
        confusion=confusion,
        note=note,
        recipe=dict(settings_of(vars(recipe))),
        training=[(float(epoch), share) for epoch, share in training_top1(metrics).items()],
    )


def count_confusion(
    folder: Path, recipe: Recipe, framework: str, classes: int
) -> tuple[list[list[int]], str]:
    """Scores the last weights of a run: the confusion matrix, or why the page has none."""
    job = Evaluate(
        framework=framework,
        network=recipe.network,
        weights=str(folder / "checkpoints" / "last.safetensors"),
        data=recipe.data,
        preprocess=recipe.preprocess,
        skip=recipe.on_error == "skip",
        run=str(folder),
    )
    try:
        # The weights may have more classes than the data.
        scores = call(job).arrays["confusion"][:classes, :classes].tolist()
    except UserError as error:
        return [], str(error)
    return scores, "" if classes <= MAX_CLASSES else f"{classes} classes, more than {MAX_CLASSES}"


def settings_of(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yields the settings of a recipe as texts; those of an optimizer are called `optimizer.lr`."""
    for name, value in values.items():
        if is_dataclass(value):
            own = vars(value)
            if "kind" in own:
                yield name, own["kind"]
            inside = {f"{name}.{each}": own[each] for each in own if each != "kind"}
            yield from settings_of(inside)
        elif isinstance(value, tuple):
            yield name, ", ".join(map(str, value))
        elif value is not None:
            yield name, str(value)


def curve_plots(runs: Sequence[ShownRun]) -> dict[str, list[Markup]]:
    """The plots of the losses and of the accuracies of all runs, each in each language."""
    losses = {run.name: (run.framework, run.losses) for run in runs}
    found: dict[str, list[Markup]] = {"loss": [], "accuracy": []}
    for index, language in enumerate(LANGUAGES):
        shares = accuracy_lines(runs, texts("curves_training")[index])
        for kind, lines in (("loss", losses), ("accuracy", shares)):
            axes = texts("axis_step" if kind == "loss" else "axis_epoch"), texts(f"axis_{kind}")
            drawn = curve_plot(
                lines,
                name=f"curves-{kind}-{language}",
                axes_names=[each[index] for each in axes],
                percent=kind == "accuracy",
            )
            found[kind].append(Markup(drawn))
    return found


def accuracy_lines(
    runs: Sequence[ShownRun], training: str
) -> dict[str, tuple[str, list[tuple[float, float]]]]:
    """The accuracies of all runs in percent, then those on training batches, named `training`."""
    named = [(run.name, run.framework, run.accuracies) for run in runs]
    named += [(f"{run.name}, {training}", run.framework, run.training) for run in runs]
    return {
        name: (framework, [(epoch, 100 * share) for epoch, share in points])
        for name, framework, points in named
        if points
    }


def recipe_rows(runs: Sequence[ShownRun]) -> list[tuple[str, list[str], bool]]:
    """Each setting of the recipes, its value in each run, and whether the runs differ in it.

    Settings that no run has are left out.
    """
    names = dict.fromkeys(name for run in runs for name in run.recipe)
    rows = [(name, [run.recipe.get(name, "") for run in runs]) for name in names]
    return [(name, values, len(set(values)) > 1) for name, values in rows if any(values)]
