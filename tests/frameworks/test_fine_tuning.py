"""Frozen layers and class weights: a training step is that of the NumPy reference."""

from dataclasses import replace

import numpy as np
import pytest
from test_training import close, recipe_of, small_plan, start_of, step_of, trainer_of

from common.reference.network import differentiate
from common.training.freeze import frozen_layers, trained_parameters
from common.training.recipe import AdamW, Nesterov, RMSProp
from common.training.state import split_slots
from common.training.update_rules import apply_step, averaged, slot_names

RULES = {"nesterov": Nesterov(), "rmsprop": RMSProp(), "adamw": AdamW(eps=1e-3)}


def weights_after(recipe, step, slots, gradients):
    """The trained weights after a step, by the rules in NumPy."""
    weights = {name: slots["weights"][name] for name in gradients}
    own = {
        name: {
            slot: slots.get(slot, {}).get(name, np.zeros_like(weight))
            for slot in slot_names(recipe.optimizer)
        }
        for name, weight in weights.items()
    }
    return apply_step(recipe, step.number - 1, step.rate, weights, gradients, own)[0]


@pytest.mark.parametrize("freeze", ["", "first", "backbone", "*.bn,mixed.branch2"])
@pytest.mark.parametrize("rule", RULES)
def test_a_step_is_that_of_the_reference(impl, rule, freeze):
    recipe = recipe_of(RULES[rule], freeze=freeze)
    plan = small_plan(dropout=False)
    frozen, trained = frozen_layers(plan, freeze), trained_parameters(plan, freeze)
    slots = start_of(plan)
    slots["average"] = {name: slots["weights"][name] for name in trained}
    trainer = trainer_of(impl, plan, recipe, slots, 0)
    weights = np.array([0.5, 2.0, 0.0, 1.5])
    for number in (1, 2):
        step = replace(step_of(plan, number, 0.01), image_weights=weights)
        slots = split_slots(trainer.get_state())
        expected = differentiate(
            plan,
            slots["weights"],
            step.x,
            step.labels,
            recipe.label_smoothing,
            image_weights=weights,
            frozen=frozen,
        )
        assert trainer.take_step(step)[0] == pytest.approx(expected.loss, rel=1e-12)
        found = split_slots(trainer.get_state())
        before = slots["weights"]
        after = weights_after(recipe, step, slots, {n: expected.gradients[n] for n in trained})
        after |= expected.buffers
        for name, array in found["weights"].items():
            if name in after:
                close(array, after[name], name)
            else:
                np.testing.assert_array_equal(array, before[name])
        assert sorted(found["average"]) == sorted(trained)
        for name in trained:
            mean = averaged(slots["average"][name], after[name], recipe.average)
            close(found["average"][name], mean, name)
    unchanged = {name for name in plan.array_shapes() if name not in after}
    assert unchanged == {name for name in plan.array_shapes() if name.rpartition(".")[0] in frozen}


def test_predictions_use_averages_beside_frozen_weights(impl):
    plan, recipe = small_plan(dropout=False), recipe_of(Nesterov(), freeze="first")
    slots = start_of(plan)
    names = trained_parameters(plan, "first")
    slots["average"] = {name: 2 * slots["weights"][name] for name in names}
    trainer = trainer_of(impl, plan, recipe, slots, 0)
    x = step_of(plan, 1, 0.01).x
    net = impl.runner.load_network(plan, slots["weights"] | slots["average"], "float64")
    expected = impl.runner.forward_pass(net, x, [])["logits"]
    close(trainer.predict(x), expected, "logits")
