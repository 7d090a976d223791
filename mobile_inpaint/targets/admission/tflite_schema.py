"""The tables of a TFLite file, as the verifier of flatbuffers takes them.

Source: LiteRT's schema, as ``ai_edge_litert.schema_py_generated`` 2.3.0 has it; a test compares the two.
"""

from __future__ import annotations

from mobile_inpaint.targets.admission.flatbuffer import parse_schema

SCHEMA = parse_schema("""
CustomQuantization: [B]
BlockwiseQuantization: i i i [i]
MultiAxisQuantization: i i i [i]
QuantizationParameters: min=[f] max=[f] scale=[f] zero_point=[q] details_type=B details=<QuantizationDetails>
    quantized_dimension=i
Int32Vector: [i]
Uint16Vector: [H]
Uint8Vector: [B]
DimensionMetadata: b i B <SparseIndexVector> B <SparseIndexVector>
SparsityParameters: traversal_order=[i] block_map=[i] dim_metadata=[DimensionMetadata]
VariantSubType: [i] b ?
Tensor: shape=[i] type=b buffer=I name=s quantization=QuantizationParameters is_variable=? sparsity=SparsityParameters
    shape_signature=[i] has_rank=? variant_tensors=[VariantSubType] external_buffer=I
StablehloGatherOptions: [q] [q] [q] q [q] ?
StablehloTransposeOptions: [q]
StablehloDotGeneralOptions: [q] [q] [q] [q] [I]
StablehloReduceWindowOptions: [q] [q] [q] [q] [q] g
StablehloWhileOptions: g g
StablehloSortOptions: q ? g
StablehloConcatenateOptions: q
StablehloBroadcastInDimOptions: [q]
StablehloCompareOptions: I I
StablehloDynamicSliceOptions: [q]
StablehloPadOptions: [q] [q] [q]
StablehloIotaOptions: q
StablehloCustomCallOptions: s ? s i [g] [B]
StablehloReduceOptions: [q] g
StablehloSliceOptions: [q] [q] [q]
StablehloConvolutionOptions: [q] [q] [q] [q] [?] q q [q] q q [q] q q [q] q q [I]
StablehloScatterOptions: ? [q] [q] [q] q ? g
StablehloCaseOptions: [g]
StablehloRngBitGeneratorOptions: b
Conv2DOptions: b i i b i i b
Conv3DOptions: b i i i b i i i
Pool2DOptions: b i i i i b
DepthwiseConv2DOptions: b i i i b i i
ConcatEmbeddingsOptions: i [i] [i]
LSHProjectionOptions: b
SVDFOptions: i b ?
RNNOptions: b ?
SequenceRNNOptions: ? b ?
BidirectionalSequenceRNNOptions: ? b ? ?
FullyConnectedOptions: b b ? ? b [B]
SoftmaxOptions: f
ConcatenationOptions: i b
AddOptions: b ?
MulOptions: b
L2NormOptions: b
LocalResponseNormalizationOptions: i f f f
LSTMOptions: b f f b ?
UnidirectionalSequenceLSTMOptions: b f f ? ? ?
BidirectionalSequenceLSTMOptions: b f f ? ? ?
ResizeBilinearOptions: - - ? ?
ResizeNearestNeighborOptions: ? ?
CallOptions: g
ReshapeOptions: [i]
SkipGramOptions: i i ?
SpaceToDepthOptions: i
DepthToSpaceOptions: i
SubOptions: b ?
DivOptions: b
EmbeddingLookupSparseOptions: b
GatherOptions: i i
ReducerOptions: ?
SqueezeOptions: [i]
SplitOptions: i
SplitVOptions: i
StridedSliceOptions: i i i i i ?
CastOptions: b b
ArgMaxOptions: b
ArgMinOptions: b
TransposeConvOptions: b i i b b
SparseToDenseOptions: ?
ShapeOptions: b
FakeQuantOptions: f f i ?
PackOptions: i i
OneHotOptions: i
UnpackOptions: i i
LeakyReluOptions: f
MirrorPadOptions: b
UniqueOptions: b
ReverseSequenceOptions: i i
IfOptions: g g
CallOnceOptions: g
WhileOptions: g g
BatchMatMulOptions: ? ? ?
CumsumOptions: ? ?
HashtableOptions: i b b
VarHandleOptions: s s
RandomOptions: q q
BucketizeOptions: [f]
GeluOptions: ?
ReduceWindowOptions: i
OperatorCode: deprecated_builtin_code=b custom_code=s version=i builtin_code=i
StableHLOCompositeOptions: s g [B] b i
Operator: opcode_index=I inputs=[i] outputs=[i] builtin_options_type=B builtin_options=<BuiltinOptions> custom_options=[B]
    custom_options_format=b mutating_variable_inputs=[?] intermediates=[i] large_custom_options_offset=Q
    large_custom_options_size=Q builtin_options2_type=B builtin_options2=<BuiltinOptions2> debug_metadata_index=i
SubGraph: tensors=[Tensor] inputs=[i] outputs=[i] operators=[Operator] name=s debug_metadata_index=i
Buffer: data=[B] offset=Q size=Q
ExternalBufferGroup: s
ExternalBuffer: id=I group=I offset=Q length=Q packing=s
Metadata: name=s buffer=I
TensorMap: name=s tensor_index=I
SignatureDef: inputs=[TensorMap] outputs=[TensorMap] signature_key=s - subgraph_index=I
Model: version=I operator_codes=[OperatorCode] subgraphs=[SubGraph] description=s buffers=[Buffer] metadata_buffer=[i]
    metadata=[Metadata] signature_defs=[SignatureDef] external_buffer_groups=[ExternalBufferGroup]
    external_buffers=[ExternalBuffer]
<BuiltinOptions>: Conv2DOptions DepthwiseConv2DOptions ConcatEmbeddingsOptions LSHProjectionOptions Pool2DOptions
    SVDFOptions RNNOptions FullyConnectedOptions SoftmaxOptions ConcatenationOptions AddOptions L2NormOptions
    LocalResponseNormalizationOptions LSTMOptions ResizeBilinearOptions CallOptions ReshapeOptions SkipGramOptions
    SpaceToDepthOptions EmbeddingLookupSparseOptions MulOptions PadOptions GatherOptions BatchToSpaceNDOptions
    SpaceToBatchNDOptions TransposeOptions ReducerOptions SubOptions DivOptions SqueezeOptions SequenceRNNOptions
    StridedSliceOptions ExpOptions TopKV2Options SplitOptions LogSoftmaxOptions CastOptions DequantizeOptions
    MaximumMinimumOptions ArgMaxOptions LessOptions NegOptions PadV2Options GreaterOptions GreaterEqualOptions
    LessEqualOptions SelectOptions SliceOptions TransposeConvOptions SparseToDenseOptions TileOptions ExpandDimsOptions
    EqualOptions NotEqualOptions ShapeOptions PowOptions ArgMinOptions FakeQuantOptions PackOptions LogicalOrOptions
    OneHotOptions LogicalAndOptions LogicalNotOptions UnpackOptions FloorDivOptions SquareOptions ZerosLikeOptions
    FillOptions BidirectionalSequenceLSTMOptions BidirectionalSequenceRNNOptions UnidirectionalSequenceLSTMOptions
    FloorModOptions RangeOptions ResizeNearestNeighborOptions LeakyReluOptions SquaredDifferenceOptions MirrorPadOptions
    AbsOptions SplitVOptions UniqueOptions ReverseV2Options AddNOptions GatherNdOptions CosOptions WhereOptions RankOptions
    ReverseSequenceOptions MatrixDiagOptions QuantizeOptions MatrixSetDiagOptions HardSwishOptions IfOptions WhileOptions
    DepthToSpaceOptions NonMaxSuppressionV4Options NonMaxSuppressionV5Options ScatterNdOptions SelectV2Options
    DensifyOptions SegmentSumOptions BatchMatMulOptions CumsumOptions CallOnceOptions BroadcastToOptions Rfft2dOptions
    Conv3DOptions HashtableOptions HashtableFindOptions HashtableImportOptions HashtableSizeOptions VarHandleOptions
    ReadVariableOptions AssignVariableOptions RandomOptions BucketizeOptions GeluOptions DynamicUpdateSliceOptions
    UnsortedSegmentProdOptions UnsortedSegmentMaxOptions UnsortedSegmentMinOptions UnsortedSegmentSumOptions ATan2Options
    SignOptions BitcastOptions BitwiseXorOptions RightShiftOptions
<BuiltinOptions2>: StablehloConcatenateOptions StablehloBroadcastInDimOptions StablehloSliceOptions
    StablehloConvolutionOptions StablehloCustomCallOptions StablehloReduceOptions StablehloScatterOptions
    StablehloCompareOptions StablehloDynamicSliceOptions StablehloPadOptions StablehloIotaOptions StablehloDotGeneralOptions
    StablehloReduceWindowOptions StablehloSortOptions StablehloWhileOptions StablehloGatherOptions StablehloTransposeOptions
    DilateOptions StablehloRngBitGeneratorOptions ReduceWindowOptions StableHLOCompositeOptions StablehloShiftLeftOptions
    StablehloCaseOptions
<QuantizationDetails>: CustomQuantization BlockwiseQuantization MultiAxisQuantization
<SparseIndexVector>: Int32Vector Uint16Vector Uint8Vector
""")
"""Tables without fields have no line; see :func:`~mobile_inpaint.targets.admission.flatbuffer.parse_schema`."""
