"""The compositor and a network in one file: ONNX for photos of any size, TFLite and Core ML for photos of the network's."""
