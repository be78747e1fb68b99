"""The finding at the head of each part of the page is what its numbers give."""

import re
from dataclasses import replace

import pytest
from pages import NOBODY, Reader, full, steps

from common.jobs.job import Report
from common.networks import NETWORKS
from common.tools.analysis.compare import Comparison, FrameworkResult, make_rows
from common.tools.analysis.diff import plan_differences
from common.tools.page.network_pair import network_pair, whole
from common.tools.page.plots import FRAMEWORK_COLOURS, colour_of, curve_plot, rate_plot
from common.tools.page.render import Page, render
from common.tools.page.training_curves import ShownRun, curve_plots, recipe_rows, settings_of
from common.training.recipe import Recipe


def test_the_step_with_most_arithmetic_is_named_with_its_shares():
    plan, found = full("googlenet"), steps("googlenet")
    text, body = render(Page(plan, reason=NOBODY)), plan.body
    conv3 = found["conv3"]
    assert max(found.values(), key=lambda step: step.multiply_adds) == conv3
    work = f"{conv3.multiply_adds / body.multiply_adds:.0%}"
    share = f"{conv3.parameters / body.parameter_count:.0%}"
    assert f"conv3 is {work} of the arithmetic and {share} of the parameters" in text
    assert (work, share) == ("22%", "2%")
    heads = f"{plan.parameter_count - body.parameter_count:,}"
    assert "The auxiliary heads aux1, aux2 are not counted here" in text
    assert f"they have {heads} parameters" in text
    assert f"辅助分类器 aux1、aux2，但此处不计在内：它们有 {heads} 个参数" in text
    assert "not counted here" not in render(Page(full("xception"), reason=NOBODY))


def test_the_top_says_what_a_module_is_before_the_totals():
    expected = {
        "googlenet": (
            "four branches process the same feature map in parallel",
            "4 个分支并行读取同一张特征图",
        ),
        "inception_v3": (
            "3 to 4 branches process the same feature map in parallel",
            "3 至 4 个分支并行读取同一张特征图",
        ),
    }
    for name, sentences in expected.items():
        top = render(Page(full(name), reason=NOBODY)).partition("parameters, ")[0]
        for sentence in sentences:
            assert sentence in top
    assert "concatenated along the channels" in top
    for name in ("xception", "inception_resnet_v2"):  # which add their branches to the input
        assert "process the same feature map" not in render(Page(full(name), reason=NOBODY))


@pytest.mark.parametrize(("name", "count"), [("googlenet", 9), ("inception_resnet_v2", 43)])
def test_the_places_with_branches_have_their_shares(name, count):
    """Inception-ResNet v2: mixed_5b, 10 + 20 + 10 residual blocks, and two reductions."""
    plan, found = full(name), steps(name)
    blocks = [step for step in found.values() if step.picture and not step.after]
    weights = sum(step.parameters for step in blocks) / plan.body.parameter_count
    work = sum(step.multiply_adds for step in blocks) / plan.body.multiply_adds
    text = render(Page(plan, reason=NOBODY))
    assert f"in {count} places, which have {weights:.0%} of the parameters and {work:.0%} " in text
    assert f"共 {count} 处，占参数量的 {weights:.0%}、运算量的 {work:.0%}" in text


def test_two_networks_are_compared_in_a_sentence():
    one, other = full("googlenet"), full("xception")
    found = network_pair(one, other)
    parameters = f"{other.parameter_count / one.parameter_count:.2f}"
    multiply_adds = f"{other.multiply_adds / one.multiply_adds:.2f}"
    places = {path for each in plan_differences(one, other) for path in each.paths}
    expected = {"places": str(len(places)), "parameters": parameters}
    expected |= {"one": "googlenet", "other": "xception", "multiply_adds": multiply_adds}
    assert found.finding() == expected
    assert network_pair(one, one).finding()["places"] == "0"
    text = re.sub("<span data-value[^>]*>", "", render(Page(one, reason=NOBODY, other=found)))
    text = text.replace("</span>", "")
    assert f"is {len(places)}. xception has {parameters} times the parameters of googl" in text


def test_the_network_is_placed_in_its_family():
    plan = full("xception")
    text = render(Page(plan, reason=NOBODY))
    others = [whole(name).body for name in NETWORKS]
    fewer = sum(body.parameter_count < plan.body.parameter_count for body in others)
    less = sum(body.multiply_adds < plan.body.multiply_adds for body in others)
    sentence = f"of the {len(NETWORKS)} networks here, {fewer} have fewer parameters and {less}"
    assert sentence in text


def test_the_largest_difference_is_named_with_its_framework_and_step():
    plan = full("googlenet.d2l")
    rows, report = (
        make_rows(plan),
        Report(arrays={}, version="2.4", parameters=7, import_seconds=0.1, seconds=0.1),
    )
    names = [name for row in rows for name in row.outputs]
    shapes = {name: shape for row in rows for name, shape in row.outputs.items()}
    close = FrameworkResult(report, None, shapes, dict.fromkeys(names, 1e-7))
    far = FrameworkResult(report, None, shapes, dict.fromkeys(names, 2e-7) | {"conv2": 3.4e-6})
    comparison = Comparison(
        plan=plan,
        dtype="float32",
        images=("x",),
        rows=rows,
        reference=report,
        results={"a": close, "b": far},
    )
    assert "at any step is 3.4e-06, in b at conv2" in render(Page(plan, comparison))


def test_settings_that_differ_between_runs_are_marked():
    def run(name, **recipe):
        return ShownRun(
            name=name,
            framework="pytorch",
            losses=[(1, 2.0)],
            accuracies=[(1, 0.5)],
            classes=(),
            confusion=[],
            note="none",
            recipe=recipe,
        )

    plain = [run("one", lr="0.1", steps="4"), run("two", lr="0.2", steps="4")]
    assert recipe_rows(plain) == [("lr", ["0.1", "0.2"], True), ("steps", ["4", "4"], False)]
    runs = [digits_run(name, lr=rate) for name, rate in (("one", "0.1"), ("two", "0.2"))]
    text = render(Page(full("googlenet"), reason=NOBODY, runs=runs))
    assert re.findall(r'<tr class="differs">\s*<th>(\w+) ≠', text) == ["lr"]


def digits_run(name, *, classes=("0", "1"), data="digits", **recipe):
    """A run of one epoch with half the answers right."""
    own = dict(settings_of(vars(Recipe("googlenet", data, 1, 32, len(classes))))) | recipe
    losses, accuracies = [(1, 2.0)], [(1, 0.5)]
    return ShownRun(
        name=name,
        framework="pytorch",
        losses=losses,
        accuracies=accuracies,
        classes=classes,
        confusion=[[1, 0], [1, 0]],
        recipe=own,
    )


def test_a_run_says_what_was_trained_on_what():
    one = digits_run("one")
    assert one.trained() == (
        "googlenet on digits: images 1x32x32, 2 classes, without auxiliary heads, 1 epoch.",
        "googlenet，数据 digits：图像 1x32x32，2 个类别，不含辅助分类器，1 轮（epoch）。",
    )
    more = replace(digits_run("more", aux="True"), accuracies=[(1, 0.5), (2, 0.6)])
    assert more.trained()[0].endswith("with auxiliary heads, 2 epochs.")
    text = render(Page(full("googlenet"), reason=NOBODY, runs=[one, more]))
    for run in (one, more):
        assert f"<strong>{run.name}</strong>" in text
        assert all(each in text for each in run.trained())


def test_a_single_run_is_not_the_best_and_nothing_in_its_recipe_is_marked():
    one = render(Page(full("googlenet"), reason=NOBODY, runs=[digits_run("one")]))
    two = [digits_run("one"), replace(digits_run("two"), accuracies=[(1, 0.75)])]
    both = render(Page(full("googlenet"), reason=NOBODY, runs=two))
    assert "one ends with an accuracy of 50.00%." in one
    assert "two ends with the highest accuracy, 75.00%." in both
    for word in ("highest accuracy", "are marked", "准确率最高", "已标出"):
        assert word not in one
        assert word in both


def test_the_accuracy_on_training_batches_has_a_line_of_its_own():
    old, new = digits_run("old"), replace(digits_run("new"), training=[(1, 0.75)])
    for language, drawn in zip(("training batches", "训练批次"), curves(old, new), strict=True):
        assert f"new, {language}" in drawn
        assert f"old, {language}" not in drawn


def curves(*runs):
    """The plot of the accuracies of some runs, in each language."""
    return curve_plots(runs)["accuracy"]


def test_a_confusion_matrix_says_what_its_rows_columns_and_numbers_are():
    people = digits_run("people", classes=("Ada", "7"), data="faces")
    text = render(Page(full("googlenet"), reason=NOBODY, runs=[digits_run("one"), people]))
    digits, faces = (t for t in Reader(text).tables if t[0][0].startswith("rows: true class"))
    assert digits[0][0] == "rows: true class; columns: predicted行：真实类别；列：预测类别"
    assert digits[0][1:] == [row[0] for row in digits[1:]] == ["digit 0数字 0", "digit 1数字 1"]
    assert faces[0][1:] == ["AdaAda", "class 7类别 7"]


def test_the_settings_of_an_optimizer_have_rows_of_their_own():
    recipe = Recipe("googlenet", "digits", 1, 64, 10, class_weights=(1.0, 2.5))
    found = dict(settings_of(vars(recipe)))
    assert (found["optimizer"], found["optimizer.momentum"]) == ("nesterov", "0.9")
    assert (found["augment.flip"], found["class_weights"]) == ("False", "1.0, 2.5")
    assert not any("(" in each for each in found.values())
    run = ShownRun(
        name="one",
        framework="pytorch",
        losses=[(1, 2.0)],
        accuracies=[(1, 0.5)],
        classes=(),
        confusion=[],
        note="none",
        recipe=found,
    )
    assert "freeze" not in [name for name, *_ in recipe_rows([run])]  # no run has any


def test_a_single_epoch_has_a_whole_number_on_its_axis():
    lines = {"one": ("pytorch", [(1, 50.0)]), "two": ("paddle", [(1, 40.0)])}
    drawn = curve_plot(lines, name="c", axes_names=("epoch", "accuracy, %"), percent=True)
    texts = {each.strip() for each in re.findall(r"<text[^>]*>([^<]*)</text>", drawn)}
    assert texts == {"0", "1", "2", "20", "40", "60", "80", "100", "epoch", "accuracy, %", *lines}


def test_plots_have_plain_axes_names_and_one_colour_per_framework():
    lines = {"one": ("pytorch", [(1, 50.0), (2, 75.0)]), "two": ("paddle", [(1, 40.0), (2, 60.0)])}
    drawn = curve_plot(lines, name="c", axes_names=("epoch", "accuracy, %"), percent=True)
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", drawn)
    for text in ("0", "100", "epoch", "accuracy, %", "one", "two"):
        assert text in [each.strip() for each in texts]
    assert "1.0" not in texts  # whole epochs
    assert colour_of("pytorch") in drawn
    assert colour_of("paddle") in drawn
    assert len(set(FRAMEWORK_COLOURS.values())) == len(FRAMEWORK_COLOURS)
    bars = rate_plot([("paddle", "paddle, tuned", 45.25, 40.0, 50.0)], "r")
    assert "45.2" in bars
    assert "paddle, tuned" in bars
