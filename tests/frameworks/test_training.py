"""A framework's training steps follow the NumPy rules and survive an interruption."""

import importlib
from dataclasses import replace
from zlib import crc32

import numpy as np
import pytest

from common.spec import (
    BatchNorm,
    Chain,
    Concat,
    Conv,
    Dropout,
    Flatten,
    GlobalAvgPool,
    Head,
    Init,
    Linear,
    MaxPool,
    NetworkSpec,
    ReLU,
)
from common.spec.initial import initial_arrays
from common.spec.planner import make_plan
from common.spec.rewrite import without_dropout
from common.training.dropout import keeps
from common.training.recipe import SGD, Adam, AdamW, Nesterov, Recipe, RMSProp
from common.training.state import join_slots, split_slots
from common.training.training_run import Step
from common.training.update_rules import apply_step, averaged, rounded, slot_names

# With a tiny eps, Adam divides by tiny roots, which amplifies rounding errors.
RULES = (SGD(), SGD(momentum=0.0), Nesterov(), RMSProp(), Adam(eps=1e-3), AdamW(eps=1e-3))
IDS = ["sgd", "sgd-plain", "nesterov", "rmsprop", "adam", "adamw"]


def small_plan(dropout=True):
    """A plan with branches, batch norm, biases, dropout and a head, which is fast to trace."""
    first = {"conv": Conv(6, 3, 1, 1, bias=False), "bn": BatchNorm(1e-3), "relu": ReLU()}
    mixed = Concat({"branch1": Conv(4, 1), "branch2": Chain({"conv": Conv(5, 3, 1, 1)})})
    ending = {"pool": GlobalAvgPool(), "flatten": Flatten(), "dropout": Dropout(0.4)}
    ending |= {"fc": Linear(10)}
    body = Chain({"first": Chain(first), "mixed": mixed, "maxpool": MaxPool(2, 2), **ending})
    heads = {"aux": Head("mixed", Chain(ending), 0.3)}
    spec = NetworkSpec(
        name="small",
        origin="",
        input=(3, 12, 12),
        classes=10,
        body=body,
        heads=heads,
        classifier="fc",
        init=Init.FAN_IN,
        aux=True,
    )
    return make_plan(spec if dropout else without_dropout(spec))


def recipe_of(rule, **options):
    """A recipe that enables everything that a step can have."""
    numbers = {"weight_decay": 2e-4, "label_smoothing": 0.1, "clip": 2.0, "average": 0.99}
    where = {"network": "googlenet", "data": "digits", "channels": 3, "classes": 10}
    return rounded(Recipe(**where, image_size=12, optimizer=rule, **numbers | options))


def start_of(plan):
    """The state before the first step, in float64."""
    arrays = {name: a.astype(np.float64) for name, a in initial_arrays(plan, 1).items()}
    average = {name: arrays[name] for name in plan.parameter_shapes()}
    return {"weights": arrays, "average": average}


def step_of(plan, number, rate):
    """A step on noise."""
    draw = np.random.default_rng([3, number])
    x, labels = draw.standard_normal((4, *plan.spec.input)), draw.integers(0, 10, 4)
    return Step(
        number=number,
        epoch=1,
        rate=float(np.float32(rate)),
        seed=7,
        x=x,
        labels=labels,
        first=0,
        ends_epoch=False,
    )


def trainer_of(impl, plan, recipe, slots, steps):
    """The framework's trainer with the state `slots`, after that number of steps."""
    train = importlib.import_module(f"{impl.name}_impl.train")
    group = importlib.import_module(f"{impl.name}_impl.distributed").join(1)
    net = impl.runner.load_network(plan, slots["weights"], "float64")
    trainer = train.Trainer(net, recipe, group)
    trainer.set_state(join_slots(slots), steps)
    return trainer


def gradients_of(impl, plan, slots, step, recipe):
    """The framework's loss in that step and its gradients, for a network without dropout."""
    smoothed = replace(plan, spec=replace(plan.spec, label_smoothing=recipe.label_smoothing))
    net = impl.runner.load_network(smoothed, slots["weights"], "float64")
    found = impl.runner.grad(net, step.x, step.labels)
    return found.pop("loss"), found


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_each_step_is_what_the_rules_say(impl, rule):
    """With heads, smoothing, clipping, decay and averages; the rate drops in the third step."""
    recipe = recipe_of(rule)
    plan = small_plan(dropout=False)
    slots = start_of(plan)
    trainer = trainer_of(impl, plan, recipe, slots, 0)
    for number in (1, 2, 3):
        step = step_of(plan, number, 0.01 if number < 3 else 0.001)
        slots = split_slots(trainer.get_state())
        loss, gradients = gradients_of(impl, plan, slots, step, recipe)
        weights = {name: slots["weights"][name] for name in plan.parameter_shapes()}
        own = {
            name: {
                slot: slots.get(slot, {}).get(name, np.zeros_like(w)) for slot in slot_names(rule)
            }
            for name, w in weights.items()
        }
        expected, remembered = apply_step(recipe, number - 1, step.rate, weights, gradients, own)
        assert trainer.take_step(step)[0] == pytest.approx(loss, rel=1e-12)
        found = split_slots(trainer.get_state())
        for name, weight in expected.items():
            close(found["weights"][name], weight, name)
            mean = averaged(slots["average"][name], weight, recipe.average)
            close(found["average"][name], mean, name)
            for slot, value in remembered[name].items():
                if getattr(rule, "momentum", 1):
                    close(found[slot][name], value, f"{slot} {name}")


def close(found, expected, name):
    """Asserts that the arrays are equal within 1e-12 of the largest value."""
    largest = np.abs(expected).max() or 1
    assert np.abs(found - expected).max() <= 1e-12 * largest, name


def test_of_all_labels_one_is_right(impl):
    """With learning rate 0, the shares of correct images over all labels add up to 1."""
    plan = small_plan(dropout=False)
    trainer = trainer_of(impl, plan, recipe_of(SGD()), start_of(plan), 0)
    shares = []
    for label in range(10):
        step = step_of(plan, 1, 0.0)
        shares.append(trainer.take_step(replace(step, labels=np.full(4, label)))[1])
    assert sum(shares) == pytest.approx(1, abs=1e-12)
    assert {4 * share % 1 for share in shares} == {0}


@pytest.mark.parametrize(
    "rule", [Nesterov(), RMSProp(), AdamW()], ids=["nesterov", "rmsprop", "adamw"]
)
def test_a_state_goes_on_bit_for_bit(impl, rule):
    """With dropout; the state is taken from one network and put into a new one."""
    plan, recipe = small_plan(), recipe_of(rule)
    steps = [step_of(plan, number, 0.01) for number in (1, 2, 3, 4)]
    straight = trainer_of(impl, plan, recipe, start_of(plan), 0)
    losses = [straight.take_step(step) for step in steps]
    first = trainer_of(impl, plan, recipe, start_of(plan), 0)
    again = [first.take_step(step) for step in steps[:2]]
    second = trainer_of(impl, plan, recipe, split_slots(first.get_state()), 2)
    again += [second.take_step(step) for step in steps[2:]]
    # Retraced in the same process, Keras' step may differ in the last bit; the step of a resumed
    # run is traced in a fresh process and does not differ (tests/kills.py).
    exact = 1e-12 if impl.name == "tensorflow" else 0
    assert again == pytest.approx(losses, rel=exact, abs=0)
    one, other = straight.get_state(), second.get_state()
    assert one.keys() == other.keys()
    for name, array in one.items():
        limit = 1e-10 * np.abs(array).max() if exact else 0
        assert np.abs(other[name] - array).max() <= limit, name


def test_dropout_keeps_what_the_hash_says(impl):
    own = importlib.import_module(f"{impl.name}_impl.custom_layers")
    layer = own.Dropout(0.4)
    layer.key, layer.first = crc32(b"7/1/dropout"), 3
    x = np.ones((5, 6))
    net = impl.package.googlenet(input=(3, 96, 96), classes=10)
    given = impl.runner.tensor(net, x[:, :, None, None])
    out = layer(given, training=True) if impl.name == "tensorflow" else layer(given)
    expected = keeps(layer.key, 3, (5, 6), 0.4) / 0.6
    np.testing.assert_allclose(np.asarray(out).reshape(5, 6), expected, rtol=1e-6)
