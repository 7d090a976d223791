import Foundation

/// Every error this package throws on purpose. A message is one line: what is wrong, then what to do.
public protocol MobileInpaintError: LocalizedError, CustomStringConvertible, Sendable {
    init(_ message: String)
    var message: String { get }
}

extension MobileInpaintError {
    public var description: String { message }
    public var errorDescription: String? { message }
}

/// A manifest that is unreadable, does not belong to its artifact, or is newer than this package.
public struct ManifestError: MobileInpaintError, Equatable {
    public let message: String

    public init(_ message: String) {
        self.message = message
    }
}

/// A mask that does not fit its photo, or leaves nothing to do.
public struct MaskError: MobileInpaintError, Equatable {
    public let message: String

    public init(_ message: String) {
        self.message = message
    }
}

/// A photo that cannot be read or written, or that we refuse to read.
public struct PhotoError: MobileInpaintError, Equatable {
    public let message: String

    public init(_ message: String) {
        self.message = message
    }
}

/// A network that cannot be loaded or run on this device.
public struct EngineError: MobileInpaintError, Equatable {
    public let message: String

    public init(_ message: String) {
        self.message = message
    }
}

/// A latency report that is none, or a measurement that cannot be made.
public struct BenchError: MobileInpaintError, Equatable {
    public let message: String

    public init(_ message: String) {
        self.message = message
    }
}
