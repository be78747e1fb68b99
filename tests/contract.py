"""Each framework's modules keep the contract of `common/jobs/contract.py`, as mypy sees it."""

import common.judge
import common.onnx.run
import paddle_impl.check
import paddle_impl.peers
import paddle_impl.processes
import paddle_impl.run
import paddle_impl.source
import paddle_impl.train
import pytorch_impl.check
import pytorch_impl.files
import pytorch_impl.peers
import pytorch_impl.processes
import pytorch_impl.run
import pytorch_impl.source
import pytorch_impl.train
import tensorflow_impl.check
import tensorflow_impl.files
import tensorflow_impl.peers
import tensorflow_impl.processes
import tensorflow_impl.run
import tensorflow_impl.source
import tensorflow_impl.train
from common.jobs.contract import (
    Checker,
    CheckpointReader,
    FastRunner,
    Peer,
    Printer,
    Processes,
    Runner,
    Training,
    TrainingPeer,
    Writer,
)
from common.onnx.peers import OnnxRuntime, OpenVino

RUNNERS: tuple[Runner, ...] = (
    common.judge,
    common.onnx.run,
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
STARTERS: tuple[Processes, ...] = (
    pytorch_impl.processes,
    tensorflow_impl.processes,
    paddle_impl.processes,
)
PEERS: tuple[type[Peer], ...] = (OnnxRuntime, OpenVino)
TRAINING_PEERS: tuple[type[TrainingPeer], ...] = (
    pytorch_impl.peers.Tutorial,
    tensorflow_impl.peers.Tutorial,
    tensorflow_impl.peers.Applications,
    paddle_impl.peers.Tutorial,
    paddle_impl.peers.Vision,
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
