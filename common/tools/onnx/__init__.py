"""ONNX: export of every network, and ONNX Runtime as a fourth implementation to compare with."""
