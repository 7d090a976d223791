"""ONNX, run by ONNX Runtime."""
