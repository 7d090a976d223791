import Foundation
import InpaintKit

/// What was measured and chosen for one artifact on this version of the system.
struct UnitMemory {
    private let key: String

    init(sha256: String) {
        key = sha256 + " " + ProcessInfo.processInfo.operatingSystemVersionString
    }

    /// The fastest first; empty before the first measurement.
    var times: [UnitTime] {
        get {
            let data = UserDefaults.standard.data(forKey: "times " + key) ?? Data()
            return (try? JSONDecoder().decode([UnitTime].self, from: data)) ?? []
        }
        nonmutating set {
            UserDefaults.standard.set(try? JSONEncoder().encode(newValue), forKey: "times " + key)
        }
    }

    /// What the user chose instead of the fastest.
    var chosen: ComputeUnit? {
        get { UserDefaults.standard.string(forKey: "unit " + key).flatMap { ComputeUnit(rawValue: $0) } }
        nonmutating set { UserDefaults.standard.set(newValue?.rawValue, forKey: "unit " + key) }
    }
}
