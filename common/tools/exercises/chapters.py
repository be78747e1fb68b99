"""The exercises of each chapter of the book."""

from common.tools.exercises import (
    batch_norm,
    counting,
    differences,
    factorizing,
    googlenet,
    heads,
    residual,
    separable,
    speed,
    training_exercises,
    weights,
    why,
)

CHAPTERS = {
    "01": counting.EXERCISES,
    "02": why.EXERCISES,
    "03": googlenet.EXERCISES,
    "04": heads.EXERCISES,
    "05": training_exercises.EXERCISES,
    "06": batch_norm.EXERCISES,
    "07": factorizing.EXERCISES,
    "08": residual.EXERCISES,
    "09": separable.EXERCISES,
    "10": differences.EXERCISES,
    "11": weights.EXERCISES,
    "12": speed.EXERCISES,
}
