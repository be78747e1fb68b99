"""Lets mypy check each framework's modules against the protocols of `common`."""

import common.reference.network
import common.tools.onnx.run_onnx
import paddle_impl.baselines
import paddle_impl.check
import paddle_impl.distributed
import paddle_impl.run
import paddle_impl.source
import paddle_impl.train
import pytorch_impl.baselines
import pytorch_impl.check
import pytorch_impl.distributed
import pytorch_impl.files
import pytorch_impl.run
import pytorch_impl.source
import pytorch_impl.train
import tensorflow_impl.baselines
import tensorflow_impl.check
import tensorflow_impl.distributed
import tensorflow_impl.files
import tensorflow_impl.run
import tensorflow_impl.source
import tensorflow_impl.train
from common.jobs.contract import FastRunner, Runner
from common.tools.bench.baseline import Baseline, TrainingBaseline
from common.tools.check.checker import Checker
from common.tools.onnx.baselines import OnnxRuntime, OpenVino
from common.tools.source.printer import Printer
from common.tools.train.trainer import Distributed, Training
from common.tools.zoo.file_work import CheckpointReader, Writer

RUNNERS: tuple[Runner, ...] = (
    common.reference.network,
    common.tools.onnx.run_onnx,
)
FAST_RUNNERS: tuple[FastRunner, ...] = (
    pytorch_impl.run,
    tensorflow_impl.run,
    paddle_impl.run,
)
LOOPS: tuple[Training, ...] = (
    pytorch_impl.train,
    tensorflow_impl.train,
    paddle_impl.train,
)
STARTERS: tuple[Distributed, ...] = (
    pytorch_impl.distributed,
    tensorflow_impl.distributed,
    paddle_impl.distributed,
)
BASELINES: tuple[type[Baseline], ...] = (OnnxRuntime, OpenVino)
TRAINING_BASELINES: tuple[type[TrainingBaseline], ...] = (
    pytorch_impl.baselines.Tutorial,
    tensorflow_impl.baselines.Tutorial,
    tensorflow_impl.baselines.Applications,
    paddle_impl.baselines.Tutorial,
    paddle_impl.baselines.Vision,
)
WRITERS: tuple[Writer, ...] = (pytorch_impl.files, tensorflow_impl.files)
READER: CheckpointReader = tensorflow_impl.files
CHECKERS: tuple[Checker, ...] = (
    pytorch_impl.check,
    tensorflow_impl.check,
    paddle_impl.check,
)
PRINTERS: tuple[Printer, ...] = (
    pytorch_impl.source,
    tensorflow_impl.source,
    paddle_impl.source,
)
