"""ONNX: every network as a file that other programs compute, and a fourth opinion from one."""
