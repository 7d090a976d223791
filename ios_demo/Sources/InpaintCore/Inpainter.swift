/// A network: the ``Compositor``'s Fill. Not for two threads at once.
public protocol Inpainter: AnyObject {
    /// Side of the square that the network sees.
    var sizePx: Int { get }

    /// What runs it, for example `Core ML, iOS 18.1`.
    var runtime: String { get }

    /// `cpu`, `gpu`, `ane` or `all`.
    var accelerator: String { get }

    /// What the network puts into the hole.
    ///
    /// - Parameters:
    ///   - image: [3 * N * N] planes R, G, B in [0, 1]; 0 in the hole.
    ///   - mask: [N * N], 1 = hole, 0 = keep.
    /// - Returns: [3 * N * N] planes. Only its values in the hole are used.
    /// - Throws: ``EngineError``: the network cannot run.
    func fill(image: [Float], mask: [Float]) throws -> [Float]
}
