"""Readers and writers of weights files that need no framework.

TensorFlow's checkpoints, and writing PyTorch's files, need theirs: see `common/tools/zoo`.
"""
