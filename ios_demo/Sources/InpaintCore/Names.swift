/// Whether `name` names a file inside any folder, on every system: no path, no drive, not `.` or `..`.
///
/// The rule is that of `mobile_inpaint/files.py`; everything that reads a file's name out of JSON asks this before it uses it.
func isPlainName(_ name: String) -> Bool {
    let bytes = Array(name.utf8)
    guard !bytes.isEmpty, bytes.count <= 255, bytes != [dot], bytes != [dot, dot] else { return false }
    guard !bytes.contains(UInt8(ascii: "/")), !bytes.contains(UInt8(ascii: "\\")) else { return false }
    if bytes.count > 1, bytes[1] == UInt8(ascii: ":"), isLetter(bytes[0]) {
        return false
    }
    return name.unicodeScalars.allSatisfy(isPrintable)
}

private let dot = UInt8(ascii: ".")

/// One that may name a drive.
private func isLetter(_ byte: UInt8) -> Bool {
    let upper = UInt8(ascii: "A")...UInt8(ascii: "Z")
    let lower = UInt8(ascii: "a")...UInt8(ascii: "z")
    return upper.contains(byte) || lower.contains(byte)
}
